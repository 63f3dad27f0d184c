"""A year with planted truths: every figure equals a plain recount, the planted effects are found, and no others."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.shop_year import DAY, Year
from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from metrics import experience, figures, retention, satisfaction
from metrics.experience import Case, compare
from metrics.facts import Scope
from metrics.topics import poisson_tail, rising, topics
from metrics.work import by_group
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_house, open_ticket, signed_in
from tickets.inbound import Address

pytestmark = pytest.mark.django_db
BUYERS = 3000


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def year(house: House) -> Year:
    return fill_year(house, BUYERS)


def test_retention_is_a_plain_recount(house: House, year: Year) -> None:
    start = year.end - 90 * DAY
    found = retention.loyalty(start, year.end)
    by_buyer: dict[int, list[datetime]] = defaultdict(list)
    for buyer, at, _cents, _status in year.orders:
        if at < year.end:
            by_buyer[buyer].append(at)
    before = {b for b, times in by_buyer.items() if any(start - 90 * DAY <= at < start for at in times)}
    now = {b for b, times in by_buyer.items() if any(at >= start for at in times)}
    assert (found.retention.n, found.retention.hits) == (len(before), len(before & now))
    assert found.churn.hits == len(before - now)
    assert (found.returning.n, found.returning.hits) == (
        len(now), sum(any(at < start for at in by_buyer[b]) for b in now),
    )  # fmt: skip
    seconds = sorted((max(t) - min(t)).total_seconds() for t in by_buyer.values() if len(t) == 2 and max(t) >= start)
    assert found.seconds == len(seconds)
    assert found.second.seconds == pytest.approx(seconds[(len(seconds) - 1) // 2], abs=1) or len(seconds) % 2 == 0
    cohorts = retention.cohorts(year.end, "UTC")
    firsts: dict[tuple[int, int], set[int]] = defaultdict(set)
    for buyer, times in by_buyer.items():
        firsts[min(times).year, min(times).month].add(buyer)
    assert {(c.month.year, c.month.month): c.size for c in cohorts} == {m: len(b) for m, b in firsts.items()}
    for cohort in cohorts:
        buyers = firsts[cohort.month.year, cohort.month.month]
        for after, count in enumerate(cohort.active):
            if count is not None:
                number = cohort.month.year * 12 + cohort.month.month - 1 + after
                active = {b for b in buyers if any(at.year * 12 + at.month - 1 == number for at in by_buyer[b])}
                assert count == len(active), (cohort.month, after)
    assert sum(one.buyers for one in retention.segments(year.end)) == len(by_buyer)
    assert sum(one.orders for one in retention.segments(year.end)) == sum(map(len, by_buyer.values()))


def test_the_planted_effects_are_found_and_no_others(house: House, year: Year) -> None:
    found = {one.name: one for one in compare(experience.cases(house.adam, year.end - 455 * DAY, year.end))}
    assert found["quick"].is_real and 12 < (found["quick"].matched or 0) < 36  # 24 points were planted
    assert found["kept"].is_real  # the same wait, seen as a promise
    assert not found["contacted"].is_real  # writing to us as such was given no effect
    assert not found["satisfied"].is_real  # nor had the rating
    scope = Scope(house.adam, year.end - 365 * DAY, year.end + DAY)
    slow, fast = (
        figures.answering(Scope(house.adam, scope.start, scope.end, team=team)) for team in reversed(year.teams)
    )
    assert (slow.wall_median.low or 0) > (fast.wall_median.high or 0)
    assert fast.n == sum(team == year.teams[0] for team, _ in year.waits)
    rows = {row.id: row.scores for row in satisfaction.by_group(scope, "csat", "team")}
    for team in year.teams:
        said = [score for kind, score, _, of in year.answers if kind == "csat" and of == team]
        assert rows[team].n == len(said)
        assert rows[team].value == pytest.approx(100 * sum(score >= 4 for score in said) / len(said))
    bad = satisfaction.scores(Scope(house.adam, year.bad_week, year.bad_week + 7 * DAY))["csat"]
    week_before = satisfaction.scores(Scope(house.adam, year.bad_week - 7 * DAY, year.bad_week))["csat"]
    change = satisfaction.change(bad, week_before)
    assert change is not None and change.is_real and change.value < -20
    channels = satisfaction.by_group(scope, "ces", "channel")
    change = satisfaction.change(channels[0].scores, channels[1].scores)
    assert change is not None and not change.is_real


def test_a_returned_a_cancelled_and_an_unpaid_order_are_no_purchases(house: House) -> None:
    shop, now = Shop.objects.create(name="S", key="s" * 32), datetime.now(UTC)
    kinds = [("paid", 0), ("cancelled", 0), ("pending", 0), ("failed", 0), ("refunded", 5000), ("completed", 5000)]
    keep_orders(shop.pk, [
        OrderFacts(f"N-{n}", str(n), status, "EUR", 5000, now - DAY, now - DAY, email=f"b{n}@x.example", refunded=back)
        for n, (status, back) in enumerate(kinds)
    ], at=now)  # fmt: skip
    assert retention.loyalty(now - 30 * DAY, now + DAY).returning.n == 1


def case(back: bool, **fields: object) -> Case:
    values: dict = {"contacted": True, "orders": 1, "value": 10, "tenure": 1.0, "waited": None, "breached": False,  # type: ignore[type-arg]
                    "promised": False, "rated": None}  # fmt: skip
    return Case(came_back=back, **(values | fields))


def test_matching_takes_away_what_only_older_buyers_explain() -> None:
    """Slow answers went to loyal buyers, who come back anyway: crude figures praise slowness, matched ones do not."""
    loyal = [case(n % 10 < 8, orders=5, value=900, tenure=9.0, waited=90_000.0 if n % 5 else 60.0) for n in range(500)]
    fresh = [case(n % 10 < 2, orders=1, value=10, tenure=1.0, waited=60.0 if n % 5 else 90_000.0) for n in range(500)]
    quick = next(one for one in compare([*loyal, *fresh]) if one.name == "quick")
    assert (quick.one.percent or 0) < (quick.other.percent or 0) - 20
    assert quick.matched is not None and abs(quick.matched) < 12


def test_too_few_or_nobody_alike_is_said_to_be_not_enough() -> None:
    few = compare([case(True, waited=60.0) for _ in range(29)] + [case(False, waited=90_000.0) for _ in range(400)])
    assert few[0].matched is None and few[0].interval is None
    apart = compare(
        [case(True, waited=60.0, orders=1, value=1, tenure=1.0) for _ in range(60)]
        + [case(True, waited=90_000.0, orders=9, value=999, tenure=9.0) for _ in range(60)]
    )
    assert apart[0].matched is None


def test_the_page_shows_it_at_a_cost_that_does_not_grow(house: House, year: Year) -> None:
    client = signed_in(house.adam)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("retention"), {"period": "90"}).content.decode()
    assert "a real difference" in page and "Came back" in page and "Champions" not in page.split("<h1>")[0]
    assert len(queries) <= 24
    lines = b"".join(client.get(reverse("retention_csv"))).decode().splitlines()
    assert lines[0].endswith("first_month,buyers,months_after,bought") and len(lines) > 20
    assert client.get(reverse("retention")).status_code == 200


def test_without_orders_the_page_says_what_to_do(house: House) -> None:
    client = signed_in(house.adam)
    page = client.get(reverse("retention")).content.decode()
    assert "connect a shop" in page and page.count("Not enough data") == 4


def test_work_is_a_plain_recount_of_each_channel_team_and_person(house: House, year: Year) -> None:
    scope = Scope(house.adam, year.end - 365 * DAY, year.end + DAY)
    rows = {row.id: row for row in by_group(scope, "team")}
    for team in year.teams:
        waits = sorted(wait for of, wait in year.waits if of == team)
        row = rows[team]
        assert (row.opened, row.n, row.kept + row.missed) == (len(waits),) * 3
        assert row.kept == sum(wait <= 28_800 for wait in waits)
        assert row.median == pytest.approx(waits[(len(waits) + 1) // 2 - 1])
        assert row.p90 == pytest.approx(waits[-(-9 * len(waits) // 10) - 1])
    channels = by_group(scope, "channel")
    assert sum(row.opened for row in channels) == len(year.waits) and [row.name for row in channels] == [
        "Returns",
        "Support",
    ]
    seen = by_group(Scope(lead(house.ben), scope.start, scope.end), "team")
    assert [row.id for row in seen] == [house.support.pk]
    client = signed_in(house.adam)
    page = client.get(reverse("work_report"), {"period": "365", "time": "open"}).content.decode()
    assert "Support" in page and f"{rows[year.teams[0]].opened}" in page
    assert len(b"".join(client.get(reverse("work_csv"), {"period": "365"})).decode().splitlines()) >= 5


@pytest.mark.parametrize(
    ("count", "expected", "chance"),
    [(0, 3.0, 1.0), (1, 1.0, 0.6321), (5, 2.0, 0.0527), (20, 1.0, 1.6e-19), (3, 0.02, 1.3e-6)],
)
def test_the_tail_of_poisson_is_that_of_the_tables(count: int, expected: float, chance: float) -> None:
    assert poisson_tail(count, expected) == pytest.approx(chance, rel=0.05)


def test_a_spike_is_found_before_it_floods_and_a_busy_day_is_none(house: House) -> None:
    now = datetime.now(UTC)
    for n in range(8):
        open_ticket(
            house.channel,
            subject=f"Parcel express late {n}",
            at=now - DAY / 24,
            received_at=now - DAY / 24,
            sender=Address("A", f"a{n}@x.example"),
        )
    for n in range(56):
        at = now - DAY * 2 - DAY * (n % 27)
        open_ticket(
            house.channel, subject="Wrong size again", at=at, received_at=at, sender=Address("B", f"b{n}@x.example")
        )
    found = topics(house.adam, now)
    assert {one.name for one in found.alarms} == {"parcel", "express", "late"}
    assert not topics(lead(house.mallory), now).alarms
    client = signed_in(house.adam)
    assert "Rising beyond chance" in client.get(reverse("topics_report")).content.decode()
    twice = [(f"w{n}", 20, 280) for n in range(5)]  # all topics doubled with the day's volume
    assert not any(one.spikes for one in rising(twice, today=200, before=2800))
