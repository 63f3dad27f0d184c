"""From a query to a page of tickets within what the agent may see, the best match or the newest first.

Best matches are those among the newest tickets found (`ranked.MOST_COMPARED` at most); older ones follow by time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from people.finding.query import Query, parse_query
from people.models import Agent, Brand, Team
from tickets.conditions import ticket_q
from tickets.errors import InvalidInput
from tickets.models import Channel, CustomStatus, Ticket, TicketField

from .cursor import Cursor, Order, Ranking
from .operators import Known, needs_names, split_operators
from .orders import buyers_of
from .rank import weights_of
from .ranked import MOST_COMPARED, Ranked, rank
from .snippet import READ, Marker, Pieces
from .ways import Found, Search, find

LIMIT = 25  # more come when the end is in sight
MOST_CUSTOMERS = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a ticket was found: the message that matches best, or the newest that does, and the words around it."""

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


def search_tickets(
    agent: Agent, query: str, *, order: Order = Order.NEWEST, after: str = "", limit: int = LIMIT
) -> SearchPage:
    """The tickets `agent` may see that hold everything asked for; a ticket named by number is first.

    Words match in all their forms, with or without accents, anywhere in a ticket's messages, notes, names,
    addresses and file names; the number of an order finds the tickets of whoever bought it. When
    whole words find nothing, the last one is taken as the beginning of a word.
    Operators (from:, tag:, before: and the others of `tickets.search.operators`) narrow it down; with a minus they, a
    word or a "phrase" say what must not be there. Without a word there is nothing to rank by: the newest come first.
    InvalidInput for a cursor of another order.
    """
    cursor = Cursor.parse(after)
    said = split_operators(query, _known(agent) if needs_names(query) else Known())
    buyers = buyers_of(said.orders or (said.words,))
    # Beside other words it means those in the tickets of whoever bought it.
    of_buyers = bool(buyers and said.orders and said.words)
    words = said.words if of_buyers else said.all_words
    asked = parse_query(words, open_end=cursor.open_end)
    if not (asked or said.where or said.unlike) or not agent.is_active:
        return SearchPage((), {}, "", asked)
    if cursor.ranking and (order is not Order.BEST or len(cursor.ranking.weights) != len(asked.wanted)):
        raise InvalidInput("after", _("This is no place to continue a search from."))
    scope = Ticket.objects.visible_to(agent).filter(ticket_q(said.where), *(~ticket_q(one) for one in said.unlike))
    if of_buyers:
        scope = scope.filter(customer__in=buyers)
    search = Search(asked, scope, limit)
    search.customers = _customers(asked.part) if of_buyers else [*_customers(asked.part), *buyers]
    named = _named(search)
    answer = _page_of(search, cursor, order)
    if not answer.ids and not named and cursor.begins and asked:
        search.query = parse_query(words, open_end=True)
        answer = _page_of(search, replace(cursor, open_end=True), order)
    ids = [*(named if cursor.begins else ()), *(id for id in answer.ids if id not in named)]
    hits = _hits(search.query, ids, answer.messages)
    return SearchPage(tuple(ids), hits, str(answer.next), search.query, tuple(search.customers))


@dataclass(frozen=True, slots=True)
class _Answer:
    """Ticket ids in order, the message each was ranked by, and where it goes on."""

    ids: tuple[int, ...]
    messages: Mapping[int, int | None]
    next: Cursor


def _page_of(search: Search, cursor: Cursor, order: Order) -> _Answer:
    if cursor.ranking:
        return _later_matches(search, cursor, cursor.ranking)
    if order is Order.BEST and cursor.begins and search.query.wanted:
        return _best_matches(search, cursor)
    return _by_time(search, cursor)


def _by_time(search: Search, cursor: Cursor) -> _Answer:
    found = find(search, cursor.after)
    return _Answer(tuple(id for id, _at in found.tickets), {}, _older(found, cursor))


def _older(found: Found, cursor: Cursor) -> Cursor:
    """Where the tickets begin that are older than those found; nowhere, where there are none."""
    if not found.older:
        return Cursor()
    id, at = found.tickets[-1]
    return Cursor((at, id), cursor.open_end)


def _best_matches(search: Search, cursor: Cursor) -> _Answer:
    """The first page, and by what it was ranked."""
    search.most = MOST_COMPARED
    found, at = find(search), timezone.now().replace(microsecond=0)
    edge = _older(found, cursor).after
    ranking = Ranking(at, weights_of(found.hits, found.among), edge)
    return _shown(search, rank(search.query, found.tickets, ranking.weights, at=at), cursor, ranking)


def _later_matches(search: Search, cursor: Cursor, ranking: Ranking) -> _Answer:
    """What comes after a score, among the same tickets and those that came in since: all down to the edge are needed,
    or one that was compared on the first page would be on none. Beyond twice as many, time counts from there on."""
    scope = search.scope.down_to(*ranking.edge) if ranking.edge else search.scope
    found = find(replace(search, scope=scope, limit=2 * MOST_COMPARED))
    rows = rank(search.query, found.tickets, ranking.weights, at=ranking.at)
    rows = [row for row in rows if (-row.score, -row.id) > (-ranking.score, -ranking.id)]
    edge = _older(found, cursor).after or ranking.edge
    if edge and not rows:
        return _by_time(search, Cursor(edge, cursor.open_end))
    return _shown(search, rows, cursor, replace(ranking, edge=edge))


def _shown(search: Search, rows: list[Ranked], cursor: Cursor, ranking: Ranking) -> _Answer:
    shown, following = rows[: search.limit], Cursor()
    if len(rows) > search.limit:
        following = Cursor(None, cursor.open_end, replace(ranking, score=shown[-1].score, id=shown[-1].id))
    elif ranking.edge:
        following = Cursor(ranking.edge, cursor.open_end)
    return _Answer(tuple(row.id for row in shown), {row.id: row.message_id for row in shown}, following)


def _known(agent: Agent) -> Known:
    """The names that operators may say; the shop's own directory, the same for everyone."""
    return Known(
        channels={one.pk: f"{one.name} {one.kind} {one.address}" for one in Channel.objects.all()},
        teams=dict(Team.objects.values_list("pk", "name")),
        agents={one.pk: f"{one.name} {one.email}" for one in Agent.objects.only("name", "email")},
        me=agent.pk,
        brands=dict(Brand.objects.values_list("pk", "name")),
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


_NEWEST_HITS = """
SELECT t.id, m.id, m.sequence, left(m.text, %s), m.language, m.quoted
FROM unnest(%s::bigint[]) AS t(id)
CROSS JOIN LATERAL (
    SELECT e.message_id FROM tickets_searchentry e WHERE e.ticket_id = t.id AND e.vector @@ %s::tsquery
    ORDER BY e.message_id DESC LIMIT 1
) AS hit
JOIN tickets_message m ON m.id = hit.message_id
"""
_THESE_HITS = """
SELECT m.ticket_id, m.id, m.sequence, left(m.text, %s), m.language, m.quoted
FROM tickets_message m WHERE m.id = ANY(%s)
"""


def _hits(query: Query, ids: Iterable[int], messages: Mapping[int, int | None]) -> dict[int, Hit]:
    """The message each was ranked by, else the newest of each ticket that has any of the wanted terms."""
    ids = list(ids)
    if not ids or not query.wanted:
        return {}
    with connection.cursor() as cursor:
        if not messages.keys() >= set(ids):  # one named by number was not ranked
            any_term = " | ".join(f"({term})" for term in query.wanted)
            cursor.execute(_NEWEST_HITS, [READ, ids, any_term])
        else:
            cursor.execute(_THESE_HITS, [READ, [one for one in messages.values() if one is not None]])
        rows = cursor.fetchall()
    marker = Marker(query)
    return {
        id: Hit(message, sequence, marker.snippet(text, language, json.loads(quoted)))
        for id, message, sequence, text, language, quoted in rows
    }
