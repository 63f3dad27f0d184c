"""Customers at risk: the last rating decides, money of proven addresses counts, and only what the reader sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from metrics.at_risk import at_risk
from metrics.models import SurveyAnswer
from metrics.surveys.answers import Said, record_answer
from people.models import Identity
from tests.api.client import Api
from tests.metrics.shop import database_now, lead, settle
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_house, signed_in
from tickets.inbound import Address

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def house() -> House:
    house = make_house()
    make_survey()
    return house


def rated(house: House, score: int, name: str) -> SurveyAnswer:
    row = asked(house, sender=Address(name, f"{name.lower()}@buyer.example"))
    Identity.objects.filter(value=f"{name.lower()}@buyer.example").update(trust="verified")
    record_answer(row.pk, Said(score, comment="Hm."))
    settle()
    return SurveyAnswer.objects.get(invitation=row)


def bought(*orders: tuple[str, str, int, int, str]) -> None:
    shop, now = Shop.objects.create(name="S", key="s" * 32), database_now()
    keep_orders(shop.pk, [
        OrderFacts(f"N{n}", f"N{n}", status, currency, cents, now - days * DAY, now, email=f"{name}@buyer.example")
        for n, (name, currency, cents, days, status) in enumerate(orders)
    ], at=now)  # fmt: skip


def test_who_was_disappointed_last_with_what_they_spent_in_a_year(house: House) -> None:
    rated(house, 1, "Ann"), rated(house, 2, "Bo"), rated(house, 5, "Cy")
    turned = rated(house, 1, "Dee")
    turned.pk, turned.invitation, turned.score, turned.answered_at = None, None, 5, database_now()
    turned.save()
    bought(
        ("ann", "EUR", 5000, 10, "paid"), ("ann", "EUR", 700, 364, "completed"), ("ann", "EUR", 900, 366, "paid"),
        ("ann", "EUR", 100, 5, "cancelled"), ("ann", "USD", 9000, 5, "paid"), ("bo", "EUR", 9999, 20, "paid"),
        ("cy", "EUR", 77777, 1, "paid"), ("dee", "EUR", 55555, 1, "paid"),
    )  # fmt: skip
    found = at_risk(house.adam, database_now())
    assert [(row.name, row.spent, row.orders, row.score) for row in found.rows] == [
        ("Bo", 9999, 1, 2),
        ("Ann", 5700, 2, 1),
    ]
    assert (found.currency, found.revenue, found.open_revenue) == ("EUR", 15699, 15699)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(total) FROM commerce_order o JOIN commerce_buyer b ON b.id = o.buyer_id WHERE o.status <> "
            "'cancelled' AND currency = 'EUR' AND placed_at > now() - interval '365 days' AND b.email SIMILAR TO '(ann|bo)@%'"
        )
        assert cursor.fetchone()[0] == found.revenue


def test_claimed_addresses_and_foreign_tickets_count_for_nobody(house: House) -> None:
    rated(house, 1, "Ann")
    bought(("ann", "EUR", 5000, 10, "paid"))
    assert at_risk(lead(house.ben), database_now()).revenue == 5000
    assert at_risk(lead(house.mallory), database_now()).rows == []
    Identity.objects.filter(value="ann@buyer.example").update(trust="claimed")
    assert [(row.spent, row.orders) for row in at_risk(house.adam, database_now()).rows] == [(0, 0)]


def test_page_file_and_api_say_the_same(house: House) -> None:
    client = signed_in(lead(house.ben))
    assert "whoever is disappointed stands here" in client.get(reverse("at_risk")).content.decode().replace(
        "&#x27;", "'"
    )
    rated(house, 1, "Ann")
    bought(("ann", "EUR", 5000, 10, "paid"))
    page = client.get(reverse("at_risk")).content.decode()
    assert "50.00" in page
    assert "Ann" in page and "1 waits for a follow-up" in page
    lines = b"".join(client.get(reverse("at_risk_csv"))).decode().splitlines()
    assert len(lines) == 2 and ",5000,EUR,1," in lines[1]
    body = Api.of(house.ben).get("reports/at-risk/").body
    assert (body["revenue"], body["open_revenue"], body["currency"], body["n"]) == (5000, 5000, "EUR", 1)
    assert body["customers"][0]["name"] == "Ann" and body["customers"][0]["follow_up_open"]
