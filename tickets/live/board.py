"""View counts for many agents at once: the tally is read once, each agent's numbers are sums of a few sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from people.scope import Reach, Scope
from tickets.counts import Heap
from tickets.facets import Where, matches

from .sight import Sight

_Place = tuple[int | None, int]
_Key = tuple[tuple[str, tuple[object, ...]], ...]


class _Sums:
    """One view's tickets by place (team and channel) and, for sight by assignment, by assignee and place."""

    def __init__(self, heaps: Iterable[Heap], where: Where) -> None:
        self.by_team: Counter[int | None] = Counter()
        self.by_place: Counter[_Place] = Counter()
        self.assigned: defaultdict[int | None, Counter[_Place]] = defaultdict(Counter)
        for heap in heaps:
            if matches(where, heap):
                place = (heap.team_id, heap.channel_id)
                self.by_team[heap.team_id] += heap.n
                self.by_place[place] += heap.n
                self.assigned[heap.assignee_id][place] += heap.n

    def seen_by(self, scope: Scope) -> int:
        own = self.assigned.get(scope.agent_id, Counter[_Place]())
        return self._of_places(scope) + sum(n for place, n in own.items() if not scope.sees_place(*place))

    def _of_places(self, scope: Scope) -> int:
        if scope.everything:
            return self.by_team.total()
        if scope.channel_ids is None and scope.reach == Reach.TEAMS:
            return self.by_team[None] + sum(self.by_team[team] for team in scope.team_ids)
        return sum(n for place, n in self.by_place.items() if scope.sees_place(*place))


class Board:
    """Answers what `tickets.counts.view_counts` answers, for everyone connected, from one reading of the tally."""

    def __init__(self, heaps: list[Heap]) -> None:
        self._heaps = heaps
        self._of_assignee: defaultdict[int | None, list[Heap]] = defaultdict(list)
        for heap in heaps:
            self._of_assignee[heap.assignee_id].append(heap)
        self._sums: dict[_Key, _Sums] = {}

    def counts(self, sight: Sight, wheres: Mapping[str, Where]) -> dict[str, int]:
        return {key: self._count(sight, where) for key, where in wheres.items()}

    def _count(self, sight: Sight, where: Where) -> int:
        if where.get("assignee") == (sight.agent_id,):
            # Everyone's own view differs, so it is not kept; what is assigned to them they always see.
            return sum(heap.n for heap in self._of_assignee[sight.agent_id] if matches(where, heap))
        key = tuple(sorted(where.items(), key=lambda item: item[0]))
        if key not in self._sums:
            self._sums[key] = _Sums(self._heaps, where)
        return self._sums[key].seen_by(sight.scope)
