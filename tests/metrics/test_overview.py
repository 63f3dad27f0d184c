"""The overview: each figure is what plain SQL counts, compared with the period asked for, in its reader's scope."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.shop_year import DAY, Year
from metrics import experience, overview, retention, satisfaction
from metrics.facts import Scope
from metrics.pages.charts import bars, curve, cut_scale, scale, spark
from metrics.pages.filters import YEAR, read_comparison, read_period
from metrics.pages.tiles import tiles
from metrics.statistics import newcombe
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_house


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def year(house: House) -> Year:
    return fill_year(house, 2000)


def ask_sql(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "Australia/Lord_Howe", "America/St_Johns"])
@pytest.mark.parametrize("step", ["day", "week", "month"])
def test_every_slot_is_a_plain_recount_in_the_readers_zone(house: House, year: Year, zone: str, step: str) -> None:
    scope = Scope(house.adam, year.end - 200 * DAY, year.end - 20 * DAY, zone=zone)
    found = overview.first_answers(scope, step)
    expected = ask_sql(
        "SELECT date_trunc(%s, stopped_at AT TIME ZONE %s)::date, sum((breached_at IS NULL)::int), "
        "sum((breached_at IS NOT NULL)::int), count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY wall_seconds) "
        "FROM metrics_clock WHERE target = 'first' AND stopped_at >= %s AND stopped_at < %s GROUP BY 1 ORDER BY 1",
        step, zone, scope.start, scope.end,
    )  # fmt: skip
    assert [(s.day, s.kept, s.missed, s.n, s.median) for s in found] == expected and len(expected) > 2
    scored = satisfaction.over_time(scope, step)["csat"]
    expected = ask_sql(
        "SELECT date_trunc(%s, answered_at AT TIME ZONE %s)::date, count(*), avg((score >= 4)::int * 100.0)::float8 "
        "FROM metrics_surveyanswer WHERE kind = 'csat' AND answered_at >= %s AND answered_at < %s GROUP BY 1 ORDER BY 1",
        step, zone, scope.start, scope.end,
    )  # fmt: skip
    assert [(day, one.n, pytest.approx(one.value)) for day, one in scored] == expected
    counted = overview.arrivals(scope)
    expected = ask_sql(
        "SELECT extract(isodow FROM opened_at AT TIME ZONE %s)::int, extract(hour FROM opened_at AT TIME ZONE %s)::int, "
        "count(*) FROM tickets_ticket WHERE opened_at >= %s AND opened_at < %s GROUP BY 1, 2",
        zone, zone, scope.start, scope.end,
    )  # fmt: skip
    assert counted == {(weekday, hour): n for weekday, hour, n in expected}


@pytest.mark.django_db
def test_the_tiles_are_plain_recounts_with_the_change_to_the_period_asked_for(house: House, year: Year) -> None:
    scope = Scope(house.adam, year.end - 120 * DAY, year.end - 113 * DAY)
    earlier = scope.at(year.end - 134 * DAY, year.end - 127 * DAY)
    found = {
        tile.key: tile
        for tile in tiles(scope, satisfaction.scores(scope), earlier, "", overview.first_answers(scope, "day"))
    }
    (count, median, kept), = ask_sql(
        "SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY wall_seconds), "
        "100.0 * avg((breached_at IS NULL)::int)::float8 FROM metrics_clock WHERE stopped_at >= %s AND stopped_at < %s",
        scope.start, scope.end,
    )  # fmt: skip
    n, waited = overview.waited(scope)
    assert (n, waited.seconds) == (count, median)
    assert found["kept"].shown == f"{kept:.1f}" and f"{count} promises" in found["kept"].n
    # The bad week was planted right here.
    (was,), = ask_sql(
        "SELECT 100 * avg((score >= 4)::int)::float8 FROM metrics_surveyanswer WHERE kind = 'csat' "
        "AND answered_at >= %s AND answered_at < %s", earlier.start, earlier.end,
    )  # fmt: skip
    (now,), = ask_sql(
        "SELECT 100 * avg((score >= 4)::int)::float8 FROM metrics_surveyanswer WHERE kind = 'csat' "
        "AND answered_at >= %s AND answered_at < %s", scope.start, scope.end,
    )  # fmt: skip
    csat = found["csat"]
    assert (csat.shown, csat.moved, csat.up, csat.better) == (f"{now:.1f}", f"{abs(now - was):.1f} pt", -1, False)
    assert found["ces"].better is None and found["nps"].shown == "–"
    (first, again), = ask_sql(
        "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM commerce_order n WHERE n.buyer_id = o.buyer_id "
        "AND n.placed_at > o.placed_at AND n.placed_at <= o.placed_at + interval '90 days')) FROM commerce_order o "
        "WHERE placed_at >= %s - interval '97 days' AND placed_at < %s - interval '90 days' AND NOT EXISTS "
        "(SELECT FROM commerce_order e WHERE e.buyer_id = o.buyer_id AND e.placed_at < o.placed_at)",
        scope.end, scope.end,
    )  # fmt: skip
    share = retention.repeat(scope.start, scope.end)
    assert (share.n, share.hits) == (first, again)
    assert sum(one.n for _, one in retention.repeats(scope.start, scope.end, "day", "UTC")) == first


@pytest.mark.django_db
def test_endings_part_the_cases(house: House, year: Year) -> None:
    cases = experience.cases(house.adam, year.end - 455 * DAY, year.end)
    found = dict(experience.by_ending(cases))
    assert sum(share.n for share in found.values()) == len(cases)
    assert found["well"].n == sum(case.rated == "high" for case in cases)
    assert found["silent"].hits == sum(case.came_back for case in cases if not case.contacted)


@pytest.mark.django_db
def test_the_page_costs_the_same_whatever_there_is_and_shows_its_readers_scope(house: House, year: Year) -> None:
    client, path = Client(), reverse("overview")
    client.force_login(house.adam)
    client.get(path)
    with CaptureQueriesContext(connection) as alone:
        client.get(path, {"period": "365"})
    with CaptureQueriesContext(connection) as whole:
        page = client.get(path, {"period": "365", "compare": "year"}).content.decode()
    assert len(alone) == len(whole) <= 55
    assert "Support" in page and "Returns" in page and "nothing to compare with" in page
    client.force_login(lead(house.ben))
    page = client.get(path, {"period": "365"}).content.decode()
    (due,), = ask_sql(
        "SELECT count(*) FROM metrics_clock JOIN tickets_ticket t ON t.id = ticket_id WHERE t.team_id = %s "
        "AND stopped_at >= now() - interval '370 days'", house.support.pk,
    )  # fmt: skip
    assert f"{due} promises" in page.replace(",", "") and due < len(year.waits)


@pytest.mark.django_db
def test_an_empty_page_teaches(house: House) -> None:
    client = Client()
    client.force_login(house.adam)
    page = client.get(reverse("overview"), {"period": "1"}).content.decode()
    assert "Nothing to count in this period yet" in page and reverse("service_levels") in page


@pytest.mark.django_db
def test_what_stands_behind_the_median_is_every_answer(house: House, year: Year) -> None:
    client = Client()
    client.force_login(house.adam)
    scope = Scope(house.adam, year.end - 364 * DAY, year.end + DAY)
    page = client.get(reverse("sla_missed"), {"which": "all", "period": "365"}).content.decode()
    assert f"{overview.waited(scope)[0]} promises" in page.replace(",", "")


@pytest.mark.parametrize(
    ("query", "period", "days"),
    [
        ("", "30", 30), ("period=7", "7", 7), ("period=1", "1", 1), ("period=9", "30", 30),
        ("period=own&from=2026-02-01&to=2026-02-28", "own", 28), ("period=own&from=2026-02-28&to=2026-02-01", "30", 30),
        ("period=own&from=0001-01-01&to=9999-12-31", "30", 30), ("period=own&from=2026-02-30&to=2026-03-01", "30", 30),
        ("period=own&from=2020-01-01&to=2026-02-01", "30", 30),
    ],
)  # fmt: skip
def test_periods_are_read_from_the_address(query: str, period: str, days: int) -> None:
    found = read_period(QueryDict(query))
    assert (found[0], found[2]) == (period, days)
    if period != "own":
        assert found[1] + timedelta(days=days - 1) == timezone.localdate()


@pytest.mark.parametrize(
    ("query", "compare", "against"),
    [
        ("", "before", date(2026, 2, 22)), ("compare=year", "year", date(2026, 3, 1) - YEAR),
        ("compare=since&since=2025-12-24", "since", date(2025, 12, 24)), ("compare=since", "before", date(2026, 2, 22)),
        ("compare=none", "none", None), ("compare=x", "before", date(2026, 2, 22)),
    ],
)  # fmt: skip
def test_what_to_compare_with_is_a_free_choice(query: str, compare: str, against: date | None) -> None:
    assert read_comparison(QueryDict(query), date(2026, 3, 1), 7) == (compare, against)
    assert YEAR.days % 7 == 0


def test_newcombe_agrees_with_the_published_example() -> None:
    low, high = newcombe((56, 70), (48, 80))  # Newcombe 1998, table II (a), method 10
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_drawings_start_at_zero_and_stay_inside() -> None:
    assert scale(0) == [0, 1, 2, 3, 4] and scale(11)[-1] >= 11 and scale(1258)[-1] >= 1258
    for highest in range(1, 400):
        lines = scale(highest)
        assert lines[0] == 0 and lines[-1] >= highest and all(value == int(value) for value in lines)
    drawn = bars([(3, 1), (0, 0)], 4)
    assert drawn[0].high_y == 0 and drawn[0].low_height == 75 and drawn[1].low_height == 0
    assert drawn[1].x + drawn[1].width <= 100
    for low, high in ((91.2, 94.0), (0, 100), (99.9, 100), (50, 50)):
        lines = cut_scale(low, high, 0, 100)
        assert 0 <= lines[0] <= low and high <= lines[-1] <= 100 and lines[0] < lines[-1]
    assert curve([(0, 1, 1, 1)], floor=0, ceiling=2) is None and spark([]) is None
    flat = spark([(0, 5), (1, 5)])
    assert flat is not None and flat.points == "0,50 100,50"
