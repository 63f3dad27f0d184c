"""Counting again: every day that is kept, from its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from metrics.counting import LONGEST, counting
from metrics.models import CountedDay, DayTally
from metrics.tallies import MEASURES, Dim, clean_days, runs

_COLUMNS = ("day", "what", "dim", "group", "place_team", "place_channel", "key", "n")


def tally_differences() -> Iterator[str]:
    """One line for each kept count that is not what the facts say. Days that are to be counted anew are no difference.
    Reads only."""
    for zone in CountedDay.objects.order_by("zone").values_list("zone", flat=True).distinct():
        days = sorted(clean_days(zone))
        for start in range(0, len(days), LONGEST):
            yield from _compare(zone, days[start : start + LONGEST])


def _compare(zone: str, days: Sequence[date]) -> Iterator[str]:
    kept: Counter[Any] = Counter()
    for *what, n in DayTally.objects.filter(zone=zone, day__in=days).values_list(*_COLUMNS).iterator():
        kept[tuple(what)] += n
    facts: Counter[Any] = Counter()
    for first, last in runs(days):
        for measure in MEASURES:
            for dim in Dim:
                for row in counting(zone, first, last, measure, dim):
                    *what, n = row.values()
                    facts[tuple(what)] += n
    # What changed while we counted is told of by then.
    still = clean_days(zone)
    for what in sorted({*kept, *facts}):
        if kept[what] != facts[what] and what[0] in still:
            names = ", ".join(f"{name} {value}" for name, value in zip(_COLUMNS[1:-1], what[1:], strict=True))
            yield f"{what[0]} in {zone}: {names} is {kept[what]}, the facts say {facts[what]}"
