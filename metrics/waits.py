"""How long first answers took: observed lengths of time at a rank, exact, found through kept counts.

The counts by bin say in which bin a rank lies and at which place in it; only that bin's values are then read: out of
the tallies of whole months and single days, where they lie packed, and from rows only of days that are not over or have
just changed. So a median of a million costs a few packets of numbers.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from sys import byteorder
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Value
from django.db.models.functions import Trunc

from metrics.facts import Scope
from metrics.measures import WAITS, Dim, bin_of, first_given
from metrics.models import DayTally, MonthTally
from metrics.statistics import order_statistics
from metrics.tallies import count, kept_rows, looks_for_own, midnight, own, scope_days, sources, spans_of, within

G = TypeVar("G", bound=Hashable)
Ranks = Callable[[int], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Quantile:
    """An observed length of time and, where there are enough, the two between which the true one lies (95 %)."""

    seconds: float | None
    low: float | None
    high: float | None


NOTHING = Quantile(None, None, None)


@dataclass(frozen=True, slots=True)
class Part(Generic[G]):
    """How rows fall into groups: by what of the database, which group that is, and which rows a group has; and the same
    of tallies. `by` and `over` are what it was counted by."""

    expression: Any
    group_of: Callable[[Any], G]
    condition: Callable[[G], Q]
    column: str
    kept: Callable[[G], Q]
    by: Dim | None = None
    over: str | None = None


_WHOLE: Part[None] = Part(Value(0), lambda _value: None, lambda _group: Q(), "dim", lambda _group: Q())


def rank_of(n: int, q: float) -> int:
    """The rank (from 1) of the smallest value that at least the share q does not exceed."""
    return min(n, max(1, -(-int(q * n * 1_000_000) // 1_000_000)))


def quantile(values: Sequence[float], q: float) -> Quantile:
    """The same of sorted values at hand."""
    n = len(values)
    if n == 0:
        return NOTHING
    return _quantile({(None, rank): value for rank, value in enumerate(values, 1)}, _ranks(n, q))


def _ranks(n: int, q: float) -> tuple[int, ...]:
    return rank_of(n, q), *(order_statistics(n, q) or ())


def quantiles(scope: Scope, *wanted: float) -> tuple[int, list[Quantile]]:
    """How many first answers were given, and these quantiles of their times with exact intervals."""
    found = count(scope, WAITS[scope.seconds])
    bins = {None: {key: n for (_group, _day, key), n in found.items()}}
    n = sum(bins[None].values())
    if not n:
        return 0, [NOTHING for _ in wanted]
    ranks = [_ranks(n, q) for q in wanted]
    values = _at_ranks(scope, bins, {None: [rank for each in ranks for rank in each]}, _WHOLE)
    return n, [_quantile(values, each) for each in ranks]


def _quantile(values: Mapping[tuple[None, int], float], ranks: Sequence[int]) -> Quantile:
    own, *bounds = (values[None, rank] for rank in ranks)
    return Quantile(own, *bounds) if bounds else Quantile(own, None, None)


def by_group(scope: Scope, group: Dim, *wanted: float) -> dict[int | None, tuple[int, list[float]]]:
    """The same by channel, team or person, without intervals."""
    measure = WAITS[scope.seconds]
    bins: dict[int | None, dict[int, int]] = defaultdict(dict)
    for (id, _day, key), n in count(scope, measure, group=group).items():
        bins[id][key] = n
    column = str(measure.column(group).name)
    part: Part[int | None] = Part(
        F(column),
        lambda value: value or None,
        lambda id: Q(**{column: id}),
        "group",
        lambda id: Q(group=id or 0),
        group,
    )
    return _read(scope, bins, wanted, part)


def by_slot(
    scope: Scope, step: str, slot_of: Callable[[date], date], *wanted: float
) -> dict[date, tuple[int, list[float]]]:
    """The same by day, week or month; `slot_of` is the first day of the one a day lies in."""
    bins: dict[date, dict[int, int]] = defaultdict(dict)
    for (_group, slot, key), n in count(scope, WAITS[scope.seconds], over=step).items():
        if isinstance(slot, date):
            bins[slot][key] = n
    tz, last = ZoneInfo(scope.zone), {}
    for day in scope_days(scope):
        last[slot_of(day)] = day + timedelta(days=1)

    def during(slot: date) -> Q:
        return Q(stopped_at__gte=midnight(slot, scope.zone), stopped_at__lt=midnight(last[slot], scope.zone))

    part: Part[date] = Part(
        Trunc("stopped_at", step, tzinfo=tz), lambda at: slot_of(at if type(at) is date else at.date()), during, "day",
        lambda slot: Q(day__gte=slot, day__lt=last[slot]), over=step,
    )  # fmt: skip
    return _read(scope, bins, wanted, part)


def _read(
    scope: Scope, bins: Mapping[G, Mapping[int, int]], wanted: Sequence[float], part: Part[G]
) -> dict[G, tuple[int, list[float]]]:
    totals = {group: sum(own.values()) for group, own in bins.items()}
    ranks = {group: [rank_of(n, q) for q in wanted] for group, n in totals.items()}
    values = _at_ranks(scope, bins, ranks, part)
    return {group: (n, [values[group, rank] for rank in ranks[group]]) for group, n in totals.items()}


def _at_ranks(
    scope: Scope, bins: Mapping[G, Mapping[int, int]], ranks: Mapping[G, Sequence[int]], part: Part[G]
) -> dict[tuple[G, int], float]:
    """The values at these ranks of each group, out of the bins they lie in."""
    places = {(group, rank): _place(bins[group], rank) for group, own in ranks.items() for rank in own}
    if not places:
        return {}
    wanted: dict[G, set[int]] = defaultdict(set)
    for (group, _rank), (bin, _place_in_it) in places.items():
        wanted[group].add(bin)
    found: dict[tuple[G, int], list[float]] = defaultdict(list)
    for group, bin, values in (*_packed(scope, wanted, part), *_rows(scope, wanted, part)):
        found[group, bin].extend(values)
    for values in found.values():
        values.sort()
    # A row that went between the two readings moves a rank by one: the bin still says how long, to a twelfth.
    return {
        (group, rank): found[group, bin][place - 1] if place <= len(found[group, bin]) else 2 ** (bin / 8)
        for (group, rank), (bin, place) in places.items()
    }


def _packed(scope: Scope, wanted: Mapping[G, set[int]], part: Part[G]) -> Iterator[tuple[G, int, Sequence[float]]]:
    """(group, bin, values) of the whole months and of single days. One query each."""
    read = sources(scope, part.by, part.over)
    asked = Q()
    for group, bins in wanted.items():
        asked |= Q(key__in=bins) & part.kept(group)
    for model, days in ((MonthTally, read.months), (DayTally, read.days)):
        if not days:
            continue
        rows = kept_rows(model, scope, WAITS[scope.seconds], read.dim, days).filter(asked)
        for trait, bin, packed in rows.values_list(part.column, "key", "lengths"):
            values = array("d", bytes(packed))
            if byteorder == "little":
                values.byteswap()
            yield part.group_of(trait) if part.column != "dim" else part.group_of(None), bin, values


def _rows(scope: Scope, wanted: Mapping[G, set[int]], part: Part[G]) -> Iterator[tuple[G, int, Sequence[float]]]:
    """The same of all other days, row by row. One query; one more for readers who see only some tickets."""
    measure, read = WAITS[scope.seconds], sources(scope, part.by, part.over)
    asked = Q()
    for group, bins in wanted.items():
        for bin in bins:
            # A hair wider than the bin, whose very bounds are the database's to decide.
            low, high = 2 ** (bin / 8) * 0.999999 if bin > 0 else -1.0, 2 ** ((bin + 1) / 8) * 1.000001
            asked |= Q(**{f"{scope.seconds}__gte": low, f"{scope.seconds}__lt": high}) & part.condition(group)
    looks = [first_given(scope, scope.seconds).filter(within(measure, read.left))] if read.left else []
    if looks_for_own(scope) and (kept := read.kept):
        looks.append(own(scope, measure).filter(within(measure, spans_of(kept, scope.zone))))
    for facts in looks:
        rows = facts.filter(asked).annotate(tally_bin=bin_of(scope.seconds), tally_part=part.expression).order_by()
        for trait, bin, seconds in rows.values_list("tally_part", "tally_bin", scope.seconds):
            yield part.group_of(trait), bin, (seconds,)


def _place(bins: Mapping[int, int], rank: int) -> tuple[int, int]:
    """(bin, place in it from 1) of a rank."""
    below = 0
    for bin in sorted(bins):
        if rank <= below + bins[bin]:
            return bin, rank - below
        below += bins[bin]
    return max(bins), bins[max(bins)]
