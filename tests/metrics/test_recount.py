"""The recount of the benches says the same as the reports, notices one that is wrong, and knows an odd week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import F

from bench.recount import figures, odd_weeks, same
from bench.shop_year import DAY
from metrics.counting import count_days
from metrics.facts import Scope
from metrics.models import DayTally, MonthTally
from metrics.satisfaction import Scores
from metrics.segments import read_segment
from metrics.surveys.scales import Kind
from metrics.tallies import kept_days, midnight
from tests.metrics.shop import fill_year
from tests.people import House, make_house

ZONE = "Europe/Kyiv"


def different(scope: Scope) -> list[str]:
    return [name for name, reported, counted in figures(scope) if not same(reported, counted)]


@pytest.mark.django_db
def test_every_figure_is_what_sql_of_its_own_says_and_one_that_is_not_is_found() -> None:
    house: House = make_house()
    fill_year(house, 300)
    while count_days(datetime.now(UTC) + timedelta(minutes=15)):
        pass
    today, kept = datetime.now(UTC).date(), kept_days(ZONE)
    assert len(kept.rolled) > 200
    scope = Scope(
        house.adam, midnight(today - 364 * DAY, ZONE), midnight(today + DAY, ZONE), zone=ZONE, clean=kept.clean,
        rolled=kept.rolled,
    )  # fmt: skip
    repeat = read_segment("repeat", datetime.now(UTC))
    for narrowed in (
        scope, replace(scope, channel=house.channel.pk), replace(scope, language="en", open_time=True),
        replace(scope, segment=repeat, team=house.support.pk), replace(scope, clean=frozenset(), rolled=frozenset()),
    ):  # fmt: skip
        assert different(narrowed) == []
    MonthTally.objects.filter(what=2, dim=0).update(n=F("n") + 1)
    DayTally.objects.filter(what=3, dim=0).update(n=F("n") + 1)
    assert {"csat scores", "ces scores", "arrivals"} <= set(different(scope))


def test_an_odd_week_is_found_and_chance_is_none() -> None:
    def day(number: int, hits: int) -> tuple[date, Scores]:
        return date(2026, 1, 1) + timedelta(days=number), Scores(Kind.CSAT, {5: hits, 1: 100 - hits})

    even = [day(n, 80 + n % 5) for n in range(200)]
    assert odd_weeks(even) == (0, 0)
    assert odd_weeks([day(n, 30) if 90 <= n < 97 else one for n, one in enumerate(even)]) == (7, 0)
    worst, others = odd_weeks([
        day(n, 30) if 90 <= n < 97 else day(n, 45) if 150 <= n < 157 else one for n, one in enumerate(even)
    ])  # fmt: skip
    assert worst == 7 and others > 0
