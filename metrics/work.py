"""How the work is shared out: tickets, first answers and ratings by channel, team and person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from metrics.facts import FEW, Scope
from metrics.figures import first_by_group
from metrics.measures import ARRIVALS
from metrics.satisfaction import GROUPS, names_of, satisfied_by_group
from metrics.statistics import Interval, wilson
from metrics.tallies import count
from metrics.waits import by_group as waits_by_group


@dataclass(frozen=True, slots=True)
class Row:
    """One channel, team or person. `kept` of `n` first answers came in time; times are seconds; `rating` is the
    estimate of the share satisfied, None without ratings."""

    id: int | None
    name: str
    opened: int
    n: int
    kept: int
    missed: int
    median: float | None
    p90: float | None
    rating: float | None
    ratings: int

    @property
    def is_few(self) -> bool:
        return self.n < FEW

    @property
    def share(self) -> float | None:
        due = self.kept + self.missed
        return 100 * self.kept / due if due else None

    @property
    def interval(self) -> Interval:
        low, high = wilson(self.kept, self.kept + self.missed)
        return 100 * low, 100 * high


def by_group(scope: Scope, group: str) -> list[Row]:
    """By name."""
    firsts = first_by_group(scope, GROUPS[group])
    waited = waits_by_group(scope, GROUPS[group], 0.5, 0.9)
    arrived: Counter[int | None] = Counter()
    for (id, _day, _hour), n in count(scope, ARRIVALS, group=GROUPS[group]).items():
        arrived[id] += n
    ratings = {row.id: row for row in satisfied_by_group(scope, group)[1]}
    names = names_of(group, [id for id in {*firsts, *arrived, *ratings} if id is not None])
    rows = []
    for id in {*firsts, *arrived, *ratings}:
        said, rated = firsts.get(id), ratings.get(id)
        n, (median, p90) = waited.get(id, (0, [None, None]))
        rows.append(Row(
            id, names.get(id, "–") if id is not None else "–", arrived[id], n, said.kept if said else 0,
            said.missed if said else 0, median, p90, rated.shrunk if rated else None, rated.scores.n if rated else 0,
        ))  # fmt: skip
    return sorted(rows, key=lambda row: (row.id is None, row.name.casefold()))
