"""The figures of the overview that no other report has: over time, and against another period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, Trunc

from metrics.clocks.machine import State
from metrics.clocks.terms import Target
from metrics.figures import FEW, KEPT, MISSED, Attainment, Quantile, Scope, ended, quantile
from metrics.satisfaction import Change, Scores, answers
from metrics.statistics import Interval, newcombe
from metrics.surveys.scales import Kind
from metrics.work import Percentile, opened

HOURS, WEEKDAYS = range(24), range(1, 8)


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


def first_answers(scope: Scope, step: str, zone: Any) -> list[Slot]:
    """By day, week or month of the reader's zone; those without any are left out. One query."""
    clocks = ended(scope).filter(target=Target.FIRST)
    rows = clocks.annotate(slot=Trunc("stopped_at", step, tzinfo=zone)).order_by().values("slot").annotate(
        kept=Count("pk", filter=KEPT), missed=Count("pk", filter=MISSED),
        n=Count("pk", filter=Q(state=State.FULFILLED)),
        median=Percentile(scope.seconds, 0.5, filter=Q(state=State.FULFILLED)),
    )  # fmt: skip
    return sorted(
        (Slot(row["slot"].date(), row["kept"], row["missed"], row["n"], row["median"]) for row in rows),
        key=lambda slot: slot.day,
    )


def attained(scope: Scope) -> Attainment:
    """Promises of first answers, over the whole period. One query."""
    counts = ended(scope).filter(target=Target.FIRST).aggregate(
        kept=Count("pk", filter=KEPT), missed=Count("pk", filter=MISSED),
        dropped=Count("pk", filter=Q(state=State.CANCELLED, breached_at=None)),
    )  # fmt: skip
    return Attainment(Target.FIRST, **counts)


def waited(scope: Scope) -> tuple[int, Quantile]:
    """How many first answers were given, and how long the middle one took."""
    clocks = ended(scope).filter(target=Target.FIRST, state=State.FULFILLED)
    values = sorted(seconds for seconds in clocks.values_list(scope.seconds, flat=True) if seconds is not None)
    return len(values), quantile(values, 0.5)


def scores_over_time(scope: Scope, step: str, zone: Any) -> dict[str, list[tuple[date, Scores]]]:
    """The three questions by day, week or month; slots without answers are left out. One query."""
    found: dict[str, dict[date, dict[int, int]]] = {kind: {} for kind in Kind}
    rows = answers(scope).annotate(slot=Trunc("answered_at", step, tzinfo=zone)).order_by()
    for kind, slot, score, n in rows.values_list("kind", "slot", "score").annotate(n=Count("pk")):
        found[kind].setdefault(slot.date(), {})[score] = n
    return {kind: [(day, Scores(kind, slots[day])) for day in sorted(slots)] for kind, slots in found.items()}


def arrivals(scope: Scope, zone: Any) -> dict[tuple[int, int], int]:
    """Tickets opened by (weekday from Monday = 1, hour) of the reader's zone. One query."""
    rows = opened(scope).annotate(
        weekday=ExtractIsoWeekDay("opened_at", tzinfo=zone), hour=ExtractHour("opened_at", tzinfo=zone)
    )
    return {
        (weekday, hour): n
        for weekday, hour, n in rows.order_by().values_list("weekday", "hour").annotate(n=Count("pk"))
    }


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
