"""How many tickets stand in each view, and which of them an agent has not read.

Counts are sums over `Tally`, signed rows that triggers append (migration 0003) and `fold_tally` merges: their cost
follows the number of different facets, not the number of tickets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum, Value

from events.compiled import compiled
from people.models import Agent
from tickets.facets import Where, tally_q
from tickets.models import Tally, Ticket

# A row alone in its group that is not zero stays untouched, so a quiet helpdesk writes nothing. Rows another fold
# holds are skipped: each row is deleted, and so counted on, by exactly one of them.
_FOLD = """
WITH crowded AS (
    SELECT id FROM (
        SELECT id, n, count(*) OVER (
            PARTITION BY team_id, assignee_id, channel_id, status, snoozed, attention) AS together
        FROM tickets_tally) AS each
    WHERE together > 1 OR n = 0
), held AS (
    SELECT id FROM tickets_tally WHERE id IN (SELECT id FROM crowded) FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM tickets_tally WHERE id IN (SELECT id FROM held)
    RETURNING team_id, assignee_id, channel_id, status, snoozed, attention, n
), merged AS (
    INSERT INTO tickets_tally (team_id, assignee_id, channel_id, status, snoozed, attention, n)
    SELECT team_id, assignee_id, channel_id, status, snoozed, attention, sum(n)
    FROM gone GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0
)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True, slots=True)
class Heap:
    """So many tickets that share these facets."""

    team_id: int | None
    assignee_id: int | None
    channel_id: int
    status: str
    snoozed: bool
    attention: bool
    n: int


def view_counts(agent: Agent, wheres: Mapping[str, Where]) -> dict[str, int]:
    """How many of the tickets this agent may see stand in each view; one query."""
    if not wheres:
        return {}
    conditions = tuple(tuple(sorted(where.items())) for where in wheres.values())
    query = compiled(("counts", agent.scope, conditions), lambda: _count_query(agent, list(wheres.values())))
    found = query.run() or [[0] * len(wheres)]
    return {key: int(n) for key, n in zip(wheres, found[0], strict=True)}


def _count_query(agent: Agent, wheres: Sequence[Where]) -> QuerySet[Tally, Any]:
    # Numbered, since a view's key need not be a name SQL takes. The constant keeps Django from grouping.
    sums = {f"view_{i}": Sum("n", filter=tally_q(where), default=0) for i, where in enumerate(wheres)}
    return visible_tally(agent).order_by().values(all=Value(1)).annotate(**sums).values_list(*sums)


def visible_tally(agent: Agent) -> QuerySet[Tally]:
    """The tallies of what `Ticket.objects.visible_to(agent)` finds; a test holds the two together."""
    return Tally.objects.filter(agent.scope.condition())


def all_heaps() -> list[Heap]:
    """Every group of tickets, for whoever counts for many agents at once; one query."""
    names = ("team_id", "assignee_id", "channel_id", "status", "snoozed", "attention")
    rows = Tally.objects.order_by().values_list(*names).annotate(total=Sum("n")).filter(total__gt=0)
    return [Heap(*row) for row in rows]


def unread_map(agent: Agent, ids: Collection[int]) -> dict[int, bool]:
    """For each of these tickets whether something came in that the agent has not seen; one query."""
    if not ids:
        return {}
    seen = Q(seen__agent=agent, seen__sequence__gte=F("inbound_sequence"))
    read = Ticket.objects.filter(pk__in=ids).filter(seen | Q(inbound_sequence=0)).values_list("pk", flat=True)
    done = set(read)
    return {id: id not in done for id in ids}


def fold_tally() -> int:
    """Merge what triggers appended; the number of rows merged. May run twice, at once, and beside any writer."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD)
        return int(cursor.fetchone()[0])
