"""Reports narrowed to a language or a segment: the same as a plain recount, in the address, in REST and by mail."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.shop_year import DAY, Year
from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.members import members_of
from commerce.models import Shop
from commerce.segments import standings_of
from metrics import figures, overview, satisfaction
from metrics.at_risk import at_risk
from metrics.facts import Scope
from metrics.mailing.actions import save_mailing
from metrics.mailing.sending import plan_due, send_due
from metrics.models import SurveyAnswer
from metrics.segments import read_segment
from metrics.topics import FEWEST, topics
from people.models import Customer, Identity
from tests.api.client import Api
from tests.metrics.shop import fill_year
from tests.people import House, make_house, signed_in
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
SEGMENTS = ("bought", "repeat", "best", "never_bought")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def year(house: House) -> Year:
    """With a few who never bought, who are only said to own an address, and who were joined."""
    year = fill_year(house, 300)
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    Identity.objects.filter(customer__in=ids[:30]).update(trust="claimed")
    Identity.objects.filter(customer__in=ids[30:40]).update(suspect=True)
    Customer.objects.filter(pk=ids[50]).update(merged_into=ids[51])
    return year


def plain(segment: str) -> set[int]:
    """Who is in it, one customer after the other, and those who were joined to them."""
    said = standings_of(list(Customer.objects.filter(merged_into=None).values_list("pk", flat=True)))
    roots = {id for id, one in said.items() if segment in (one.segments or {"never_bought"})}
    return {pk for pk, root in Customer.objects.values_list("pk", "merged_into") if (root or pk) in roots}


@pytest.mark.parametrize("segment", SEGMENTS)
def test_who_is_in_a_segment_is_the_same_asked_at_once_and_one_by_one(house: House, year: Year, segment: str) -> None:
    found = read_segment(segment, datetime.now(UTC))
    assert found is not None
    everybody = set(Customer.objects.values_list("pk", flat=True))
    members = everybody - set(found.customers) if found.outside else set(found.customers)
    assert members == plain(segment) and 0 < len(members) < len(everybody)
    assert read_segment("gold", datetime.now(UTC)) is None and read_segment("", datetime.now(UTC)) is None


_RECOUNT = {
    "kept": """SELECT count(*) FROM metrics_clock c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE c.target = 'first'
        AND c.state = 'fulfilled' AND c.breached_at IS NULL AND c.stopped_at BETWEEN %(start)s AND %(end)s""",
    "answers": """SELECT count(*) FROM metrics_clock c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE
        c.target = 'first' AND c.state = 'fulfilled' AND c.stopped_at BETWEEN %(start)s AND %(end)s""",
    "median": """SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY wall_seconds) FROM metrics_clock c
        JOIN tickets_ticket t ON t.id = c.ticket_id WHERE c.target = 'first' AND c.state = 'fulfilled'
        AND c.stopped_at BETWEEN %(start)s AND %(end)s""",
    "satisfied": """SELECT count(*) FROM metrics_surveyanswer c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE
        kind = 'csat' AND score >= 4 AND c.answered_at BETWEEN %(start)s AND %(end)s""",
    "opened": "SELECT count(*) FROM tickets_ticket t WHERE opened_at BETWEEN %(start)s AND %(end)s AND status <> 'spam'",
}


def recount(scope: Scope, narrowed: str, **values: Any) -> dict[str, Any]:
    """By SQL that shares nothing with the reports."""
    asked = {"start": scope.start, "end": scope.end} | values
    found = {}
    for name, sql in _RECOUNT.items():
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} AND {narrowed}", asked)
            found[name] = cursor.fetchone()[0]
    return found


def counted(scope: Scope) -> dict[str, Any]:
    n, median = overview.waited(scope)
    return {
        "kept": overview.attained(scope).kept, "answers": n, "median": median.seconds,
        "satisfied": satisfaction.scores(scope)["csat"].in_band("high"), "opened": sum(overview.arrivals(scope).values()),
    }  # fmt: skip


def test_every_figure_of_a_segment_is_a_plain_recount(house: House, year: Year) -> None:
    scope = Scope(house.adam, year.end - 365 * DAY, year.end + DAY)
    for segment in SEGMENTS:
        narrowed = replace(scope, segment=read_segment(segment, year.end))
        expected = recount(scope, "t.customer_id = ANY(%(ids)s)", ids=list(plain(segment)))
        assert counted(narrowed) == expected and expected["answers"], segment
    assert figures.by_channel(replace(scope, segment=read_segment("bought", year.end)))


def test_filters_stand_in_the_address_in_rest_and_in_mails(house: House, year: Year) -> None:
    client = signed_in(house.adam)
    today = datetime.now(UTC)
    scope = Scope(house.adam, today - 365 * DAY, today, segment=read_segment("repeat", today))
    n = satisfaction.scores(scope)["csat"].n
    page = client.get(reverse("satisfaction"), {"period": "365", "segment": "repeat"}).content.decode()
    assert f"{n} answers" in page and '<option value="repeat" selected>' in page and "segment=repeat" in page
    assert "counted row by row" in page and "1 filter" in page
    api = Api.of(house.adam)
    assert api.get("reports/satisfaction/", days="365", segment="repeat").body["csat"]["n"] == n
    assert api.get("reports/satisfaction/", segment="platinum").wrong_fields == {"segment"}
    path = f"{reverse('mailing_new')}?report=satisfaction&segment=repeat&language=uk&period=90"
    assert "Has bought twice or more" in client.get(path).content.decode()
    row = save_mailing(None, by=house.adam, report="satisfaction", query="segment=repeat", rhythm="monthly", hour=8,
                       time_zone="UTC", readers=[house.adam.pk], at=today - 40 * DAY)  # fmt: skip
    plan_due(today)
    assert send_due(today) == 1 and row.pk
    [letter] = mail.outbox
    assert "Has bought twice or more" in letter.body and "segment=repeat" in letter.body


def test_a_page_narrowed_to_a_segment_asks_for_it_once(house: House, year: Year) -> None:
    client = signed_in(house.adam)
    client.get(reverse("satisfaction"))
    counts: dict[str, int] = defaultdict(int)
    for segment in ("", "repeat"):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("satisfaction"), {"segment": segment})
        counts[segment] = len(queries)
    assert counts["repeat"] <= counts[""] + 1


def test_whose_address_is_only_claimed_is_in_no_segment(house: House) -> None:
    shop, now = Shop.objects.create(name="S", key="s" * 32), datetime.now(UTC)
    keep_orders(shop.pk, [OrderFacts("1", "1", "paid", "EUR", 900, now, now, email="z@x.example")], at=now)
    customer = Customer.objects.create(name="Z")
    identity = Identity.objects.create(customer=customer, kind="email", value="z@x.example", trust="claimed")
    assert members_of("bought", now) == []
    Identity.objects.filter(pk=identity.pk).update(trust="verified")
    assert members_of("bought", now) == [customer.pk] and members_of("repeat", now) == []


def test_topics_and_customers_at_risk_are_narrowed_too(house: House, year: Year) -> None:
    now = datetime.now(UTC)
    client, api = Client(), Api.of(house.adam)
    client = signed_in(house.adam)
    ids = {name: set(plain(name)) for name in SEGMENTS}
    for customer in Customer.objects.order_by("pk")[:60]:
        ticket = Ticket.objects.filter(customer=customer).first()
        if ticket is not None:
            Ticket.objects.filter(pk=ticket.pk).update(opened_at=now - timedelta(hours=2), subject="Parcel stuck")
            SurveyAnswer.objects.create(kind="csat", score=1, via="mail", ticket=ticket, customer=customer,
                                        answered_at=now - timedelta(hours=1))  # fmt: skip
    everybody = at_risk(house.adam, now)
    for name in SEGMENTS:
        segment = read_segment(name, now)
        found = at_risk(house.adam, now, segment)
        assert {row.customer_id for row in found.rows} == {row.customer_id for row in everybody.rows} & ids[name]
        body = api.get("reports/at-risk/", segment=name).body
        assert (body["n"], body["revenue"]) == (len(found.rows), found.revenue)
        lines = b"".join(client.get(reverse("at_risk_csv"), {"segment": name})).decode().splitlines()
        assert len(lines) == len(found.rows) + 1
        stuck = Ticket.objects.filter(subject="Parcel stuck", opened_at__lte=now, customer__in=ids[name]).count()
        told = {one.name: one.count for one in topics(house.adam, now, segment).words}
        assert told.get("parcel", 0) == (stuck if stuck >= FEWEST else 0)
        assert {one["name"]: one["count"] for one in api.get("reports/topics/", segment=name).body["words"]} == told
    assert len({len(at_risk(house.adam, now, read_segment(name, now)).rows) for name in SEGMENTS}) > 1
    for page in ("at_risk", "topics_report"):
        shown = client.get(reverse(page), {"segment": "repeat"}).content.decode()
        assert '<option value="repeat" selected>' in shown
    assert api.get("reports/topics/", segment="platinum").wrong_fields == {"segment"}
