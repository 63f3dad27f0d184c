"""What buyers are expected to buy: against the published results of the model's authors, and over our own orders.

`cdnow.csv` are the 2,357 buyers of the sample that Fader, Hardie and Lee (Marketing Science 24, 2005) print their
estimates for: purchases after the first, weeks until the last of them and weeks since the first, as of week 39.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from metrics import outlook as reckoning
from metrics import returning
from metrics.expectation import Group, Model, expected, fit, is_alive, log_likelihood
from metrics.outlook import coarser, outlook_of_customer
from metrics.tallies import midnight
from people.models import Customer, Identity, IdentityKind, Trust
from tests.api.client import Api
from tests.metrics.shop import ask, lead
from tests.people import House, make_house
from tickets.inbound import Address

PUBLISHED = Model(0.243, 4.414, 0.793, 2.426)
ZONE = "Europe/Kyiv"


@pytest.fixture(scope="module")
def cdnow() -> list[Group]:
    with (Path(__file__).parent / "cdnow.csv").open() as file:
        return [(int(r["x"]), float(r["t"]), float(r["age"]), int(r["buyers"])) for r in csv.DictReader(file)]


def test_the_estimates_are_those_the_authors_print(cdnow: list[Group]) -> None:
    assert sum(n for *_rest, n in cdnow) == 2357
    found = fit(cdnow)
    assert found is not None
    assert [round(value, 3) for value in (found.r, found.alpha, found.a, found.b)] == pytest.approx(
        [0.243, 4.414, 0.793, 2.426], abs=0.0011
    )
    assert log_likelihood(found, cdnow) == pytest.approx(-9582.4, abs=0.05)
    assert log_likelihood(PUBLISHED, cdnow) <= log_likelihood(found, cdnow)


def test_expectations_are_the_published_ones() -> None:
    # Of the buyer the authors' spreadsheet shows: two purchases, the last in week 30.43, in the next 39 weeks.
    assert expected(PUBLISHED, 2, 30.43, 38.86, 39) == pytest.approx(1.226, abs=0.001)
    # Of the sample's busiest: 26 purchases in 31 weeks, in the next 52; and how likely they still buy.
    assert expected(PUBLISHED, 26, 30.86, 31, 52) == pytest.approx(25.76, abs=0.01)
    assert is_alive(PUBLISHED, 26, 30.86, 31) == pytest.approx(0.9689, abs=0.0001)
    # Of somebody new, within a year.
    assert expected(PUBLISHED, 0, 0, 0, 52) == pytest.approx(1.446, abs=0.001)


@pytest.mark.parametrize(("x", "t", "age"), [(0, 0.0, 30.0), (1, 4.0, 30.0), (9, 28.0, 30.0), (300, 29.0, 30.0)])
def test_what_is_expected_grows_with_time_and_never_beyond_measure(x: int, t: float, age: float) -> None:
    said = [expected(PUBLISHED, x, t, age, weeks) for weeks in (0, 1, 13, 52, 520)]
    assert said[0] == pytest.approx(0, abs=1e-9) and said == sorted(said)
    assert 0 < is_alive(PUBLISHED, x, t, age) <= 1
    # At the edges of what a search may find: a = 1 divides by nothing, a = 100000 grows beyond no number.
    for edge in (Model(0.243, 4.414, 1.0, 2.426), Model(0.243, 4.414, 1e5, 2.426), Model(0.9, 4.4, 3.0, 1e-5)):
        assert 0 <= expected(edge, x, t, age, 13) < 200
    assert expected(Model(0.243, 4.414, 1e5, 2.426), 0, 0, 30, 13) > 0.01


def test_who_was_silent_longer_is_likelier_gone() -> None:
    said = [is_alive(PUBLISHED, 4, t, 38.0) for t in (5.0, 15.0, 25.0, 37.0)]
    assert said == sorted(said) and said[0] < 0.2 < 0.8 < said[-1]


def test_groups_are_taken_together_until_there_are_few_and_nobody_is_lost(cdnow: list[Group]) -> None:
    weeks = [(x, float(round(t)), float(round(age)), n) for x, t, age, n in cdnow]
    found = coarser(weeks, most=300)
    assert len(found) <= 300 and sum(n for *_rest, n in found) == 2357
    assert all(t <= age for _x, t, age, _n in found)
    near = fit(found)
    assert near is not None and near.r == pytest.approx(0.243, abs=0.05)


def test_nothing_is_made_of_nobody() -> None:
    assert fit([]) is None


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def buy(buyer: str, *days: date, status: str = "paid") -> None:
    shop, _ = Shop.objects.get_or_create(name="Lumen", defaults={"key": "l" * 32})
    noon = [datetime(day.year, day.month, day.day, 10, tzinfo=UTC) for day in days]
    keep_orders(shop.pk, [
        OrderFacts(f"{buyer}{n}{at}", "1", status, "EUR", 100, at, at, email=buyer) for n, at in enumerate(noon)
    ], at=datetime.now(UTC))  # fmt: skip


def live(buyers: int) -> None:
    """A year and a half of people who buy and go as the model has it, drawn with a fixed seed."""
    dice, now = random.Random(39), datetime.now(UTC)
    shop = Shop.objects.create(name="Lumen", key="l" * 32)
    orders = []
    for buyer in range(buyers):
        rate, goes = dice.gammavariate(0.8, 1 / 6) / 7, dice.betavariate(0.8, 2.5)
        at = now - timedelta(days=dice.uniform(10, 540))
        while at < now:
            orders.append(OrderFacts(f"{len(orders)}", "1", "paid", "EUR", 100, at, at, email=f"b{buyer}@x.example"))
            at += timedelta(days=dice.expovariate(rate) if rate > 1e-9 else 9999)
            if dice.random() < goes:
                break
    keep_orders(shop.pk, orders, at=now)


def test_buyers_are_read_by_days_and_weeks(house: House) -> None:
    buy("a@x.example", date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 26))
    buy("b@x.example", date(2026, 3, 2))
    buy("c@x.example", date(2026, 3, 2), status="cancelled")
    end = datetime(2026, 3, 9, 22, tzinfo=UTC)  # midnight in Kyiv
    assert reckoning._groups(end, ZONE) == [(0, 0.0, 1.0, 1), (1, 3.0, 9.0, 1)]
    said = reckoning.outlook(end, ZONE)
    assert (said.buyers, said.again, said.model) == (2, 1, None)


def test_a_customer_is_reckoned_by_proven_addresses(house: House) -> None:
    customer = Customer.objects.create(name="Zoe")
    identity = Identity.objects.create(
        customer=customer, kind=IdentityKind.EMAIL, value="zoe@x.example", trust=Trust.VERIFIED
    )
    buy("zoe@x.example", date(2026, 1, 5), date(2026, 1, 5), date(2026, 2, 2), date(2026, 9, 9))
    said = outlook_of_customer(customer.pk, PUBLISHED, date(2026, 3, 2), ZONE)
    assert said is not None and said.purchases == 2
    assert said.soon == expected(PUBLISHED, 1, 4, 8, 90 / 7) and said.later > said.soon
    assert said.alive == is_alive(PUBLISHED, 1, 4, 8)
    identity.trust = Trust.CLAIMED
    identity.save()
    assert outlook_of_customer(customer.pk, PUBLISHED, date(2026, 3, 2), ZONE) is None


def test_the_page_says_what_is_missing_reckons_apart_and_shows_the_definition(house: House) -> None:
    client = Client()
    client.force_login(lead(house.ben))
    page = client.get(reverse("retention")).content.decode()
    assert "Work it out" in page and "BG/NBD" in page
    live(600)
    address = {"period": "365", "outlook": "1"}
    assert "This is being reckoned" in client.get(reverse("retention"), address).content.decode()
    while returning.keep_fresh(datetime.now(UTC)):
        pass
    page = client.get(reverse("retention"), address).content.decode()
    today = datetime.now(ZoneInfo(ZONE)).date()
    said = reckoning.outlook(midnight(today + timedelta(days=1), ZONE), ZONE)
    assert said.model is not None and f"{said.soon:.0f}" in page and "would have foretold" in page
    assert said.foretold is not None and said.happened is not None
    assert 0.6 < said.foretold / said.happened < 1.6
    assert said.soon < said.later and 0 < said.active <= said.buyers


def test_programs_read_the_same_and_of_one_customer_they_may_see(house: House) -> None:
    ticket = ask(house.channel, verdict="pass")
    hidden = ask(house.other_channel, sender=Address("N", "n@n.example"), verdict="pass")
    buy("zoe@customer.example", date(2026, 1, 5))
    api = Api.of(lead(house.ben))
    assert api.get("reports/outlook/").body["counted_at"] is None
    while returning.keep_fresh(datetime.now(UTC)):
        pass
    body = api.get("reports/outlook/", customer=str(ticket.customer_id)).body
    assert (body["buyers"], body["bought_again"], body["model"], body["next_90"], body["customer"]) == (
        1,
        0,
        None,
        None,
        None,
    )
    assert api.get("reports/outlook/", customer=str(hidden.customer_id)).status == 404
    assert api.get("reports/outlook/", customer="x").status == 400
