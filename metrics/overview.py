"""The figures of the overview that no other report has: over time, and against another period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from metrics.facts import FEW, Scope
from metrics.figures import Attainment, attainment, over_time
from metrics.measures import ARRIVALS
from metrics.satisfaction import Change
from metrics.statistics import Interval, newcombe
from metrics.tallies import count
from metrics.waits import Quantile, by_slot, quantiles

WEEKDAYS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Slot:
    """First answers of one day, week or month: promises kept and missed, and how long the middle one of those given
    took, in seconds."""

    day: date
    kept: int
    missed: int
    n: int
    median: float | None

    @property
    def share(self) -> float | None:
        due = self.kept + self.missed
        return 100 * self.kept / due if due else None


def step_of(days: int) -> str:
    """How long a slot is, so that a drawing has some thirty of them at most."""
    return "day" if days <= 31 else "week" if days <= 200 else "month"


def trend_of(scope: Scope) -> Scope:
    """What a line over time shows: the period, or the week up to its end where it is shorter."""
    return scope.at(min(scope.start, scope.end - timedelta(days=7)), scope.end)


def slot_of(step: str) -> Callable[[date], date]:
    """The first day of the day, week or month a day lies in."""
    if step == "week":
        return lambda day: day - timedelta(days=day.weekday())
    return (lambda day: day.replace(day=1)) if step == "month" else lambda day: day


def first_answers(scope: Scope, step: str) -> list[Slot]:
    """By day, week or month of the scope's zone; those without any are left out."""
    due, waited = over_time(scope, step), by_slot(scope, step, slot_of(step), 0.5)
    found = []
    for day in sorted({*due, *waited}):
        n, median = waited.get(day, (0, [None]))
        one = due.get(day)
        found.append(Slot(day, one.kept if one else 0, one.missed if one else 0, n, median[0]))
    return found


def attained(scope: Scope) -> Attainment:
    """Promises of first answers, over the whole period."""
    return attainment(scope)[0]


def waited(scope: Scope) -> tuple[int, Quantile]:
    """How many first answers were given, and how long the middle one took."""
    n, found = quantiles(scope, 0.5)
    return n, found[0]


def arrivals(scope: Scope) -> dict[tuple[int, int], int]:
    """Tickets opened by (weekday from Monday = 1, hour) of the scope's zone."""
    counted = count(scope, ARRIVALS, over="weekday").items()
    return {(weekday, hour): n for (_group, weekday, hour), n in counted if isinstance(weekday, int)}


def slower(now: Quantile, before: Quantile) -> Change | None:
    """How much longer the middle answer took, in seconds. Real where the two exact intervals do not meet, which is
    stricter than 95 %: no distribution is assumed."""
    if now.seconds is None or before.seconds is None:
        return None
    low, high = _apart(now, before)
    return Change(now.seconds - before.seconds, low, high)


def _apart(now: Quantile, before: Quantile) -> Interval:
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return float("-inf"), float("inf")
    return now.low - before.high, now.high - before.low


def kept_change(now: Attainment, before: Attainment) -> Change | None:
    """How many points more promises were kept."""
    if now.share is None or before.share is None:
        return None
    low, high = newcombe((now.kept, now.n), (before.kept, before.n))
    return Change(100 * (now.share - before.share), 100 * low, 100 * high)


def enough(n: int) -> bool:
    return n >= FEW


def slots_between(start: datetime, end: datetime, step: str) -> list[date]:
    """The first day of every slot of a period, so that one without anything keeps its place."""
    day, last, found = start.date(), (end - timedelta(microseconds=1)).date(), []
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    while day <= last:
        found.append(day)
        day = _next(day, step)
    return found


def _next(day: date, step: str) -> date:
    if step == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if step == "week" else 1)
