"""Counting again: every day that is kept, from its facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db.models import Count

from metrics.counting import LONGEST, TRAITS, Packed, counting, facts_of
from metrics.measures import MEASURES, Dim
from metrics.models import CountedDay, DayTally, MonthTally
from metrics.tallies import clean_days, kept_days, month_days, runs

_COLUMNS = ("day", "what", "dim", "group", "place_team", "place_channel", "key", "n")


def tally_differences() -> Iterator[str]:
    """One line for each kept count that is not what the facts say. Days that are to be counted anew are no difference.
    Reads only."""
    for zone in CountedDay.objects.order_by("zone").values_list("zone", flat=True).distinct():
        days = sorted(clean_days(zone))
        for start in range(0, len(days), LONGEST):
            yield from _compare(zone, days[start : start + LONGEST])
    yield from month_differences()


def month_differences() -> Iterator[str]:
    """The same of the months that are added up, with each length of time in them."""
    for zone in CountedDay.objects.order_by("zone").values_list("zone", flat=True).distinct():
        rolled = kept_days(zone).rolled
        for month in sorted(day for day in rolled if day.day == 1):
            if rolled.issuperset(month_days(month)):
                yield from _compare_month(zone, month)


def _compare_month(zone: str, month: date) -> Iterator[str]:
    last = month_days(month)[-1]
    kept: dict[Any, Any] = {}
    for *what, n, lengths in MonthTally.objects.filter(zone=zone, day=month).values_list(*_COLUMNS[1:], "lengths"):
        kept[tuple(what)] = n, None if lengths is None else bytes(lengths)
    facts: dict[Any, Any] = {}
    for measure in MEASURES:
        for dim in Dim:
            rows = facts_of(zone, month, last, measure, dim).values(*TRAITS).annotate(t_n=Count("pk"))
            if measure.length:
                rows = rows.annotate(t_lengths=Packed(measure.length))
            for row in rows:
                *what, n = list(row.values())[:7]
                lengths = row.get("t_lengths")
                facts[tuple(what)] = n, None if lengths is None else bytes(lengths)
    for what in sorted({*kept, *facts}):
        if kept.get(what) != facts.get(what) and month in kept_days(zone).rolled:
            names = ", ".join(f"{name} {value}" for name, value in zip(_COLUMNS[1:-1], what, strict=True))
            yield f"month of {month} in {zone}: {names} is not what the facts say"


def _compare(zone: str, days: Sequence[date]) -> Iterator[str]:
    kept: dict[Any, Any] = {}
    for *what, n, lengths in (
        DayTally.objects.filter(zone=zone, day__in=days).values_list(*_COLUMNS, "lengths").iterator()
    ):
        kept[tuple(what)] = n, None if lengths is None else bytes(lengths)
    facts: dict[Any, Any] = {}
    for first, last in runs(days):
        for measure in MEASURES:
            for dim in Dim:
                for row in counting(zone, first, last, measure, dim):
                    *what, n, lengths = row.values()
                    facts[tuple(what)] = n, None if lengths is None else bytes(lengths)
    # What changed while we counted is told of by then.
    still = clean_days(zone)
    for what in sorted({*kept, *facts}):
        if kept.get(what) != facts.get(what) and what[0] in still:
            names = ", ".join(f"{name} {value}" for name, value in zip(_COLUMNS[1:-1], what[1:], strict=True))
            said = [str(found.get(what, (0, None))[0]) for found in (kept, facts)]
            yield f"{what[0]} in {zone}: {names} is {said[0]}, the facts say {said[1]}, or the lengths differ"
