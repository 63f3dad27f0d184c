"""Which tickets a query finds, newest first: two ways that lead to the same tickets.

Rare words: the inverted index gives all tickets that have them, which are then sorted. Common words: tickets are walked
newest first and asked one by one, until enough are found. The planner's own estimates say which is cheaper; a walk that
finds too little gives up and takes the other way. Either way the cost follows what is shown or found, not how much the
helpdesk holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from people.finding.query import Query
from tickets.models import Status
from tickets.queries import TicketQuerySet

from .cursor import Position

# Milliseconds, measured; only their proportion matters.
_ASK_A_TICKET = 0.02
_PASS_A_TICKET = 0.0005
_TAKE_A_HIT = 0.004
_FEW_HITS = 500
_TO_COMPARE = 20.0  # for finding more than a page, so that they can be compared


@dataclass(slots=True)
class Search:
    """One search of one agent: the query, their scope, and the customers it may mean. `limit` tickets are needed; with
    `most` so many are wanted, as far as finding them costs little."""

    query: Query
    scope: TicketQuerySet
    limit: int
    customers: list[int] = field(default_factory=list)
    most: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """(id, last message at), newest first; whether there are older ones; how often each wanted term occurs among how
    many tickets, as the planner guesses (nothing where it was not asked)."""

    tickets: Sequence[tuple[int, datetime]] = ()
    older: bool = False
    hits: tuple[float, ...] = ()
    among: float = 0.0


def find(search: Search, after: Position | None = None) -> Found:
    """The next tickets after a position."""
    try:
        return _look(search, after)
    except EmptyResultSet:  # `tag:` of nothing there is, or a scope without tickets: no statement is left to run
        return Found()


def _look(search: Search, after: Position | None) -> Found:
    if not search.query.wanted:
        return _walk(search, after, None, search.limit) or Found()
    estimate = _estimate(search)
    found = None
    if estimate.walk_is_cheaper:
        found = _walk(search, after, estimate, estimate.affordable(search.most))
    found = found or _gather(search, after, estimate.rarest_first, max(search.most, search.limit))
    return replace(found, hits=estimate.hits, among=estimate.tickets)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The planner's guess of how often each wanted term occurs, and what follows from it."""

    hits: tuple[float, ...]
    tickets: float
    visible: float
    rarest_first: tuple[str, ...]
    limit: int

    def steps(self, wanted: int) -> int:
        """So many tickets of the scope have to be asked to find that many and one more."""
        chance = 1.0
        for hits in self.hits:
            chance *= min(0.9, hits / max(self.tickets, 1))
        return int(min(1.2 * (wanted + 1) / max(chance, 1e-6), max(self.visible, wanted) * 1.2))

    @property
    def walk_cost(self) -> float:
        passed = _PASS_A_TICKET * self.tickets / max(self.visible, 1)
        return self.steps(self.limit) * (_ASK_A_TICKET * len(self.hits) + passed)

    def affordable(self, most: int) -> int:
        """How many to walk for when `most` would be welcome: never fewer than are needed."""
        each = self.walk_cost / (self.limit + 1)
        return max(self.limit, min(most, int(_TO_COMPARE / max(each, 1e-6))))

    @property
    def gather_cost(self) -> float:
        return min(self.hits) * (_TAKE_A_HIT + _ASK_A_TICKET * (len(self.hits) - 1))

    @property
    def walk_is_cheaper(self) -> bool:
        return min(self.hits) > _FEW_HITS and self.walk_cost < self.gather_cost

    def worth_going_on(self, asked: int, found: int) -> bool:
        """Whether what is needed is likely to be found before gathering would have been done."""
        still = asked * (self.limit + 1 - found) / max(found, 0.5)
        return still * _ASK_A_TICKET * len(self.hits) < self.gather_cost


_TERM = "SELECT 1 FROM tickets_searchentry WHERE vector @@ %s::tsquery"


def _estimate(search: Search) -> Estimate:
    scope, scope_params = search.scope.order_by().values("pk").query.sql_with_params()
    terms = search.query.wanted
    branches = [*[_TERM] * len(terms), "SELECT 1 FROM tickets_ticket", f"SELECT 1 FROM ({scope}) AS visible"]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(branches)}", [*terms, *scope_params])
        (plan,) = cursor.fetchone()
    rows = [branch["Plan Rows"] for branch in plan[0]["Plan"]["Plans"]]
    hits, tickets, visible = rows[: len(terms)], rows[-2], rows[-1]
    order = sorted(range(len(terms)), key=hits.__getitem__)
    return Estimate(tuple(hits), float(tickets), float(visible), tuple(terms[index] for index in order), search.limit)


_HAS = "EXISTS (SELECT 1 FROM tickets_searchentry o WHERE o.ticket_id = {} AND o.vector @@ %s::tsquery)"


def _gather(search: Search, after: Position | None, terms: Sequence[str], enough: int) -> Found:
    """All tickets with the rarest term out of the index, those without the others dropped, the rest sorted.

    Each is then looked up by its id. LIMIT sees to that: of a term the planner has no figures for it believes that
    there are thousands, and would read through all tickets instead (0.4 s at a million, for seven hits).
    """
    rarest, *others = terms
    scope = search.scope if after is None else search.scope.before(*after)
    visible, params = scope.order_by().values("id", "last_message_at").query.sql_with_params()
    rest = "".join(f" AND {_HAS.format('e.ticket_id')}" for _ in others)
    found = f"SELECT DISTINCT e.ticket_id FROM tickets_searchentry e WHERE e.vector @@ %s::tsquery{rest}"  # noqa: S608
    values: list[Any] = [rarest, *others]
    if search.customers:
        found += " UNION SELECT id FROM tickets_ticket WHERE customer_id = ANY(%s)"
        values.append(search.customers)
    without = "".join(f" AND NOT {_HAS.format('t.id')}" for _ in search.query.unwanted)
    # Every part of the statement is ours; what was typed travels as parameters.
    statement = (
        f"SELECT t.id, t.last_message_at FROM ({found}) AS f (id) CROSS JOIN LATERAL ("  # noqa: S608
        f"SELECT v.id, v.last_message_at FROM ({visible}) AS v WHERE v.id = f.id LIMIT 1) AS t "
        f"WHERE true{without} ORDER BY t.last_message_at DESC, t.id DESC LIMIT %s"
    )
    with connection.cursor() as database:
        database.execute(statement, [*values, *params, *search.query.unwanted, enough + 1])
        found = database.fetchall()
    return Found(found[:enough], len(found) > enough)


def _walk(search: Search, after: Position | None, estimate: Estimate | None, enough: int) -> Found | None:
    """Ask tickets newest first until one more than enough are found, which tells that there are older ones; None when
    it turns out that gathering is cheaper. Beyond what is needed only the first step goes, whatever the guess said."""
    found: list[tuple[int, datetime]] = []
    asked, position = 0, after
    steps = max(estimate.steps(enough) if estimate else 0, enough + 1)
    while len(found) <= enough:
        if asked and len(found) > search.limit:
            enough = len(found) - 1
            break
        if asked and estimate and not estimate.worth_going_on(asked, len(found)):
            return None
        rows = _ask(search, position, steps)
        found += [(id, at) for id, at, hit, _number in rows if hit]
        if not rows or rows[-1][3] < steps:
            break
        asked += steps
        position = (rows[-1][1], rows[-1][0])
        steps = min(steps * 2, 20_000)
    return Found(found[:enough], len(found) > enough)


def _ask(search: Search, position: Position | None, steps: int) -> list[tuple[int, datetime, bool, int]]:
    """Of the next tickets in the scope those that are found, and the last one asked: id, time, found?, number."""
    newest, params = _newest(search.scope, position, steps)
    query = search.query
    joins = [
        # LIMIT keeps the planner from reading the whole index for it, which is what this way avoids.
        f"LEFT JOIN LATERAL (SELECT true AS yes FROM tickets_searchentry e "  # noqa: S608
        f"WHERE e.ticket_id = t.id AND e.vector @@ %s::tsquery LIMIT 1) AS has{number} ON true"
        for number in range(len(query.wanted) + len(query.unwanted))
    ]
    wanted = len(query.wanted)
    has = [f"has{n}.yes IS NOT NULL" for n in range(wanted)]
    lacks = [f"has{n}.yes IS NULL" for n in range(wanted, len(joins))]
    values: list[Any] = []
    matches = f"({' AND '.join(has) or 'true'})"
    if search.customers:
        matches = f"({matches} OR (SELECT c.customer_id FROM tickets_ticket c WHERE c.id = t.id) = ANY(%s))"  # noqa: S608
        values.append(search.customers)
    order = "ORDER BY t.last_message_at DESC, t.id DESC"
    statement = (
        f"SELECT * FROM (SELECT t.id, t.last_message_at, {' AND '.join([matches, *lacks])} AS found, "  # noqa: S608
        f"row_number() OVER ({order}) AS number FROM ({newest}) AS t {' '.join(joins)}) AS t "
        f"WHERE found OR number = %s {order}"
    )
    with connection.cursor() as database:
        database.execute(statement, [*values, *params, *query.wanted, *query.unwanted, steps])
        return database.fetchall()


def _newest(scope: TicketQuerySet, position: Position | None, steps: int) -> tuple[str, tuple[Any, ...]]:
    """SQL of the next tickets in order: one ordered index scan a status, merged, so that no other index is needed."""
    if position is not None:
        scope = scope.before(*position)
    visible, params = scope.order_by().values("id", "last_message_at", "status").query.sql_with_params()
    order = "ORDER BY last_message_at DESC, id DESC LIMIT %s"
    branch = f"(SELECT id, last_message_at FROM ({visible}) AS v WHERE v.status = %s {order})"  # noqa: S608
    branches = " UNION ALL ".join([branch] * len(Status.values))
    values = [value for status in Status.values for value in (*params, status, steps)]
    return f"SELECT * FROM ({branches}) AS merged {order}", (*values, steps)  # noqa: S608
