"""How long first answers took: observed lengths of time at a rank, exact, found through kept counts.

The counts by bin say in which bin a rank lies and at which place in it; only the rows of that bin are then read. So the
median of a million costs two per cent of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Value, Window
from django.db.models.functions import RowNumber, Trunc

from metrics.facts import Scope
from metrics.statistics import order_statistics
from metrics.tallies import WAITS, Dim, bin_of, count, first_given, midnight, scope_days

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
    """How rows fall into groups: by what of the database, which group that is, and which rows a group has."""

    expression: Callable[[Scope], Any]
    group_of: Callable[[Any], G]
    condition: Callable[[G], Q]


_WHOLE: Part[None] = Part(lambda _scope: Value(0), lambda _value: None, lambda _group: Q())


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
    return _read(scope, bins, wanted, Part(lambda _scope: F(column), lambda value: value, lambda id: Q(**{column: id})))


def by_slot(
    scope: Scope, step: str, slot_of: Callable[[date], date], *wanted: float
) -> dict[date, tuple[int, list[float]]]:
    """The same by day, week or month; `slot_of` is the first day of the one a day lies in."""
    bins: dict[date, dict[int, int]] = defaultdict(dict)
    for (_group, day, key), n in count(scope, WAITS[scope.seconds], daily=True).items():
        if day is not None:
            own = bins[slot_of(day)]
            own[key] = own.get(key, 0) + n
    tz, last = ZoneInfo(scope.zone), {}
    for day in scope_days(scope):
        last[slot_of(day)] = day + timedelta(days=1)

    def within(slot: date) -> Q:
        return Q(stopped_at__gte=midnight(slot, scope.zone), stopped_at__lt=midnight(last[slot], scope.zone))

    part: Part[date] = Part(lambda _scope: Trunc("stopped_at", step, tzinfo=tz), lambda at: at.date(), within)
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
    """The values at these ranks of each group. One query, of the rows of the bins they lie in."""
    places = {(group, rank): _place(bins[group], rank) for group, own in ranks.items() for rank in own}
    if not places:
        return {}
    within = Q()
    for group, bin in {(group, bin) for (group, _), (bin, _) in places.items()}:
        # A hair wider than the bin, whose very bounds are the database's to decide.
        low, high = 2 ** (bin / 8) * 0.999999 if bin > 0 else -1.0, 2 ** ((bin + 1) / 8) * 1.000001
        within |= Q(**{f"{scope.seconds}__gte": low, f"{scope.seconds}__lt": high}) & part.condition(group)
    rows = first_given(scope, scope.seconds).filter(within).annotate(tally_bin=bin_of(scope.seconds))
    numbered = rows.annotate(
        tally_part=part.expression(scope),
        tally_place=Window(
            RowNumber(), partition_by=[part.expression(scope), F("tally_bin")], order_by=F(scope.seconds).asc()
        ),
    )
    wanted = numbered.filter(tally_place__in={place for _, place in places.values()}).order_by()
    found = {
        (part.group_of(trait), bin, place): seconds
        for trait, bin, place, seconds in wanted.values_list("tally_part", "tally_bin", "tally_place", scope.seconds)
    }
    # A row that went between the two queries moves a rank by one: the bin still says how long, to a twelfth.
    return {
        (group, rank): found.get((group, bin, place), 2 ** (bin / 8)) for (group, rank), (bin, place) in places.items()
    }


def _place(bins: Mapping[int, int], rank: int) -> tuple[int, int]:
    """(bin, place in it from 1) of a rank."""
    below = 0
    for bin in sorted(bins):
        if rank <= below + bins[bin]:
            return bin, rank - below
        below += bins[bin]
    return max(bins), bins[max(bins)]
