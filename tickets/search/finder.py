"""From a query to a page of tickets, newest first, within what the agent may see.

Two ways lead to the same page. Rare words: the inverted index gives all tickets that have them, which are then
sorted. Common words: tickets are walked newest first and asked one by one, until the page is full. The planner's own
estimates say which is cheaper; a walk that finds too little gives up and takes the other way. Either way the cost
follows what is shown or found, not how much the helpdesk holds.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from people.finding.query import Query, parse_query
from people.models import Agent, Team
from tickets.conditions import ticket_q
from tickets.errors import InvalidInput
from tickets.models import Channel, CustomStatus, Status, Ticket, TicketField
from tickets.queries import TicketQuerySet

from .operators import Known, needs_names, split_operators
from .snippet import READ, Marker, Pieces

LIMIT = 50
MOST_CUSTOMERS = 500
# Milliseconds, measured; only their proportion matters.
_ASK_A_TICKET = 0.02
_PASS_A_TICKET = 0.0005
_TAKE_A_HIT = 0.004
_FEW_HITS = 500

Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a ticket was found: its newest message that matches, and the words around the match."""

    message_id: int
    sequence: int
    snippet: Pieces


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Ticket ids in order; `hits` by ticket id (a ticket found by its number or customer has none); `next` is the
    cursor of the following page, "" on the last. `customers`: ids of people it may mean, in nobody's scope yet."""

    ids: tuple[int, ...]
    hits: dict[int, Hit]
    next: str
    query: Query
    customers: tuple[int, ...] = ()

    def mark(self, text: str) -> Pieces:
        """`text` with what was searched for marked."""
        return Marker(self.query).mark(text)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended; `open_end` when it was found by the beginning of the last word."""

    after: Position | None = None
    open_end: bool = False

    def __str__(self) -> str:
        if self.after is None:
            return ""
        at, id = self.after
        return base64.urlsafe_b64encode(json.dumps([at.isoformat(), id, self.open_end]).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Cursor:
        if not text:
            return cls()
        try:
            at, id, open_end = json.loads(base64.urlsafe_b64decode(text))
            moment = parse_datetime(at)
            if moment is None or moment.tzinfo is None or type(id) is not int or not 0 < id < 2**63:
                raise ValueError(text)
        except (ValueError, TypeError, RecursionError, binascii.Error) as error:
            raise InvalidInput("after", _("This is no place to continue a search from.")) from error
        return cls((moment, id), bool(open_end))


@dataclass(slots=True)
class Search:
    """One search of one agent: the query, their scope, and the customers it may mean."""

    query: Query
    scope: TicketQuerySet
    limit: int
    customers: list[int] = field(default_factory=list)


def search_tickets(agent: Agent, query: str, *, after: str = "", limit: int = LIMIT) -> SearchPage:
    """The tickets `agent` may see that hold everything asked for, newest first; a ticket named by number is first.

    Words match in all their forms, with or without accents, anywhere in a ticket's messages, notes, names,
    addresses and file names. When whole words find nothing, the last one is taken as the beginning of a word.
    Operators (from:, tag:, before: and the others of `tickets.search.operators`) narrow it down; with a minus they, a
    word or a "phrase" say what must not be there.
    """
    cursor = Cursor.parse(after)
    said = split_operators(query, _known(agent) if needs_names(query) else Known())
    query = said.words
    asked = parse_query(query, open_end=cursor.open_end)
    if not (asked or said.where or said.unlike) or not agent.is_active:
        return SearchPage((), {}, "", asked)
    scope = Ticket.objects.visible_to(agent).filter(ticket_q(said.where), *(~ticket_q(one) for one in said.unlike))
    search = Search(asked, scope, limit)
    search.customers = _customers(asked.part)
    found = _find(search, cursor)
    named = _named(search)
    if not found and not named and not cursor.after and asked:
        cursor = Cursor(open_end=True)
        search.query = asked = parse_query(query, open_end=True)
        found = _find(search, cursor)
    shown = [id for id, _at in found[:limit] if id not in named]
    ids = ([] if cursor.after else named) + shown
    following = Cursor((found[limit - 1][1], found[limit - 1][0]), cursor.open_end) if len(found) > limit else Cursor()
    return SearchPage(tuple(ids), _hits(asked, ids), str(following), asked, tuple(search.customers))


def _known(agent: Agent) -> Known:
    """The names that operators may say; the shop's own directory, the same for everyone."""
    return Known(
        channels={one.pk: f"{one.name} {one.kind} {one.address}" for one in Channel.objects.all()},
        teams=dict(Team.objects.values_list("pk", "name")),
        agents={one.pk: f"{one.name} {one.email}" for one in Agent.objects.only("name", "email")},
        me=agent.pk,
        fields=list(TicketField.objects.all()),
        statuses={
            one.pk: " ".join([one.name, *one.names.values()]) for one in CustomStatus.objects.filter(archived_at=None)
        },
    )


def _named(search: Search) -> list[int]:
    if search.query.number is None:
        return []
    return list(search.scope.filter(pk=search.query.number).values_list("pk", flat=True))


_CUSTOMERS = """
SELECT customer_id FROM people_identity WHERE value LIKE %(part)s
UNION
SELECT id FROM people_customer WHERE people_fold(name) LIKE people_fold(%(part)s)
ORDER BY 1 DESC LIMIT %(most)s
"""


def _customers(part: str) -> list[int]:
    """Customers whose name or address has this in it, the newest MOST_CUSTOMERS of them."""
    if not part:
        return []
    escaped = part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS, {"part": f"%{escaped}%", "most": MOST_CUSTOMERS})
        return [id for (id,) in cursor.fetchall()]


def _find(search: Search, cursor: Cursor) -> list[tuple[int, datetime]]:
    """(id, last message at) of up to limit + 1 tickets after the cursor."""
    try:
        return _look(search, cursor)
    except EmptyResultSet:  # `tag:` of nothing there is, or a scope without tickets: no statement is left to run
        return []


def _look(search: Search, cursor: Cursor) -> list[tuple[int, datetime]]:
    if not search.query.wanted:
        return _walk(search, cursor, None) or []
    estimate = _estimate(search)
    if estimate.walk_is_cheaper:
        found = _walk(search, cursor, estimate)
        if found is not None:
            return found
    return _gather(search, cursor, estimate.rarest_first)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The planner's guess of how often each wanted term occurs, and what follows from it."""

    hits: tuple[float, ...]
    tickets: float
    visible: float
    rarest_first: tuple[str, ...]
    limit: int

    @property
    def first_steps(self) -> int:
        """So many tickets of the scope have to be asked to fill a page."""
        chance = 1.0
        for hits in self.hits:
            chance *= min(0.9, hits / max(self.tickets, 1))
        return int(min(1.2 * (self.limit + 1) / max(chance, 1e-6), max(self.visible, self.limit) * 1.2))

    @property
    def walk_cost(self) -> float:
        passed = _PASS_A_TICKET * self.tickets / max(self.visible, 1)
        return self.first_steps * (_ASK_A_TICKET * len(self.hits) + passed)

    @property
    def gather_cost(self) -> float:
        return min(self.hits) * (_TAKE_A_HIT + _ASK_A_TICKET * (len(self.hits) - 1))

    @property
    def walk_is_cheaper(self) -> bool:
        return min(self.hits) > _FEW_HITS and self.walk_cost < self.gather_cost

    def worth_going_on(self, asked: int, found: int) -> bool:
        """Whether the page is likely to be full before gathering would have been done."""
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


def _gather(search: Search, cursor: Cursor, wanted: Sequence[str]) -> list[tuple[int, datetime]]:
    """All tickets with the rarest term out of the index, those without the others dropped, the rest sorted."""
    rarest, *others = wanted
    scope = search.scope if cursor.after is None else search.scope.before(*cursor.after)
    visible, params = scope.order_by().values("id", "last_message_at").query.sql_with_params()
    rest = "".join(f" AND {_HAS.format('e.ticket_id')}" for _ in others)
    found = f"SELECT e.ticket_id FROM tickets_searchentry e WHERE e.vector @@ %s::tsquery{rest}"  # noqa: S608
    values: list[Any] = [*params, rarest, *others]
    if search.customers:
        found += " UNION SELECT id FROM tickets_ticket WHERE customer_id = ANY(%s)"
        values.append(search.customers)
    without = "".join(f" AND NOT {_HAS.format('t.id')}" for _ in search.query.unwanted)
    # Every part of the statement is ours; what was typed travels as parameters.
    statement = (
        f"SELECT t.id, t.last_message_at FROM ({visible}) AS t WHERE t.id IN ({found}){without} "  # noqa: S608
        "ORDER BY t.last_message_at DESC, t.id DESC LIMIT %s"
    )
    with connection.cursor() as database:
        database.execute(statement, [*values, *search.query.unwanted, search.limit + 1])
        return database.fetchall()


def _walk(search: Search, cursor: Cursor, estimate: Estimate | None) -> list[tuple[int, datetime]] | None:
    """Ask tickets newest first until a page is full; None when it turns out that gathering is cheaper."""
    found: list[tuple[int, datetime]] = []
    asked, position = 0, cursor.after
    steps = max(estimate.first_steps if estimate else 0, search.limit + 1)
    while len(found) <= search.limit:
        if asked and estimate and not estimate.worth_going_on(asked, len(found)):
            return None
        rows = _ask(search, position, steps)
        found += [(id, at) for id, at, hit, _number in rows if hit]
        if not rows or rows[-1][3] < steps:
            break
        asked += steps
        position = (rows[-1][1], rows[-1][0])
        steps = min(steps * 2, 20_000)
    return found[: search.limit + 1]


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


_NEWEST_HITS = """
SELECT t.id, m.id, m.sequence, left(m.text, %s), m.language, m.quoted
FROM unnest(%s::bigint[]) AS t(id)
CROSS JOIN LATERAL (
    SELECT e.message_id FROM tickets_searchentry e WHERE e.ticket_id = t.id AND e.vector @@ %s::tsquery
    ORDER BY e.message_id DESC LIMIT 1
) AS hit
JOIN tickets_message m ON m.id = hit.message_id
"""


def _hits(query: Query, ids: Iterable[int]) -> dict[int, Hit]:
    """The newest message of each ticket that has any of the wanted terms."""
    ids = list(ids)
    if not ids or not query.wanted:
        return {}
    any_term = " | ".join(f"({term})" for term in query.wanted)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_HITS, [READ, ids, any_term])
        rows = cursor.fetchall()
    marker = Marker(query)
    return {
        id: Hit(message, sequence, marker.snippet(text, language, json.loads(quoted)))
        for id, message, sequence, text, language, quoted in rows
    }
