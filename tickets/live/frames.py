"""What each audience is told about changed tickets: rows read once, rendered once a language, encoded once.

Runs in the hub's thread, with the database. Whoever composes for a socket uses the sight read here, after the change
was committed, never one remembered: so nobody is told of a ticket that left their sight with that very change.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from events.models import Event
from people.models import Agent
from tickets.conditions import is_deep, ticket_q
from tickets.counts import all_heaps
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.facets import Facets, Where, matches
from tickets.inbox.catalogue import views_for, wheres_for
from tickets.inbox.directory import read_directory
from tickets.inbox.rows import Row, render_row, rows_among
from tickets.models import Ticket

from .board import Board
from .sight import Sight, standings

EVERYTHING: Where = {}  # a list whose rule the server does not know: the browser decides what belongs

# What comes in is announced once a ticket, as `message.new`, whatever it changed besides.
_MESSAGES = {"message.new", TicketEvent.MESSAGE_RECEIVED, TicketEvent.MESSAGE_QUEUED, TicketEvent.NOTE_ADDED}


@dataclass(slots=True)
class Change:
    """All that happened to one ticket since it was last told of. `told`: tabs that have it open know already."""

    event: int = 0
    kinds: set[str] = field(default_factory=set)
    before: set[tuple[int | None, int | None]] = field(default_factory=set)
    told: bool = False

    @property
    def frame_kind(self) -> str:
        if self.kinds & _MESSAGES:
            return "message.new"
        if all(kind.startswith(("message.", "delivery.")) for kind in self.kinds):
            return "message.status"
        return "ticket.changed"


def encode(kind: str, **data: Any) -> str:
    """One frame as JSON."""
    return json.dumps({"kind": kind, **data}, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Audience:
    """Sockets that are told the same: tabs of one agent that show the same. `beside`: tickets shown besides the open
    one; `wall`: figures of this moment."""

    agent_id: int
    view_key: str | None
    ticket: int | None
    wall: bool = False
    beside: frozenset[int] = frozenset()

    @property
    def tickets(self) -> frozenset[int | None]:
        return self.beside | {self.ticket}


class Composer:
    """The state of some changed tickets and of everyone connected, read now; answers what a socket is to be told."""

    def __init__(self, changes: dict[int, Change], agent_ids: Collection[int]) -> None:
        self.changes = changes
        self._rows = {row.number: row for row in rows_among(changes)}
        self.standings = standings(agent_ids)
        self._upserts: dict[tuple[int, str], str] = {}
        self._standing_in: dict[str, set[int]] = {}

    def row_frames(self, sight: Sight, view: Where | None) -> str:
        """Frames for the list: the row where it stands in the view, its removal where it no longer does."""
        if view is None:
            return ""
        return ",".join(filter(None, (self._row_frame(id, sight, view) for id in self.changes)))

    def hidden(self, sight: Sight) -> frozenset[int]:
        """Which of the changed tickets are out of this sight now."""
        return frozenset(id for id in self.changes if not self._sees(sight, id))

    def _sees(self, sight: Sight, ticket_id: int) -> bool:
        row = self._rows.get(ticket_id)
        return row is not None and sight.sees(row.team_id, row.assignee_id, row.channel_id)

    def ticket_frame(self, sight: Sight, ticket_id: int | None) -> str:
        """The frame for an open ticket, or nothing."""
        change = self.changes.get(ticket_id or 0)
        if change is None or ticket_id is None:
            return ""
        if not self._sees(sight, ticket_id):
            return encode("ticket.remove", ticket=ticket_id, reason="scope")
        if change.told:
            return ""
        return encode(change.frame_kind, ticket=ticket_id, event=change.event)

    def wall_frame(self, sight: Sight) -> str:
        """That something changed among the tickets this agent may see: the page asks for its figures again."""
        for id, change in self.changes.items():
            row = self._rows.get(id)
            if row is None or any(
                sight.sees(*place, row.channel_id) for place in {*change.before, (row.team_id, row.assignee_id)}
            ):
                return encode("wall")
        return ""

    def _row_frame(self, id: int, sight: Sight, view: Where) -> str:
        row = self._rows.get(id)
        if row is None:
            return encode("ticket.remove", ticket=id, reason="scope")
        if not sight.sees(row.team_id, row.assignee_id, row.channel_id):
            lost = any(sight.sees(*before, row.channel_id) for before in self.changes[id].before)
            return encode("ticket.remove", ticket=id, reason="scope") if lost else ""
        if not self._stands_in(view, row):
            return encode("ticket.remove", ticket=id, reason="view")
        return self._upsert(row, sight.language)

    def _stands_in(self, view: Where, row: Row) -> bool:
        """What only the database knows is asked of it once a view, for all the changed tickets."""
        if not is_deep(view):
            return matches(view, facets_of(row))
        key = repr(sorted(view.items()))
        if key not in self._standing_in:
            standing = Ticket.objects.filter(ticket_q(view), pk__in=self.changes)
            self._standing_in[key] = set(standing.values_list("pk", flat=True))
        return row.number in self._standing_in[key]

    def _upsert(self, row: Row, language: str) -> str:
        key = (row.number, language)
        if key not in self._upserts:
            with translation.override(language):
                html = render_row(row)
            self._upserts[key] = encode(
                "ticket.upsert", ticket=row.number, event=self.changes[row.number].event, at=row.at_ms,
                sequence=row.sequence, inbound=row.inbound_sequence, html=html,
            )  # fmt: skip
        return self._upserts[key]


def facets_of(row: Row) -> Facets:
    return Facets(
        row.status, row.team_id, row.assignee_id, row.channel_id, row.snoozed_until is not None, row.attention,
        row.due.state if row.due else "",
    )  # fmt: skip


def counts_now(agent_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Each agent's view counts, read now: three queries, however many are connected."""
    known, board = standings(agent_ids), Board(all_heaps())
    directory = read_directory([standing.agent for standing in known.values()])
    return {id: board.counts(standing.sight, wheres_for(standing.agent, directory)) for id, standing in known.items()}


@dataclass(frozen=True, slots=True)
class Viewing:
    """What a browser may look at of what it asked to; the numbers let it see whether it came too late."""

    view: Where | None
    ticket: int | None
    sequence: int
    event_sequence: int


def look(agent_id: int, view_key: str | None, ticket_id: int | None) -> Viewing:
    """Resolve and authorise what a browser says it shows."""
    standing = standings([agent_id]).get(agent_id)
    if standing is None:
        return Viewing(None, None, 0, 0)
    view = None if view_key is None else _where_of(standing.agent, view_key)
    if ticket_id is None:
        return Viewing(view, None, 0, 0)
    ticket = Ticket.objects.visible_to(standing.agent).filter(pk=ticket_id).only("message_sequence").first()
    if ticket is None:
        return Viewing(view, None, 0, 0)
    events = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id)
    last = events.order_by("-sequence").values_list("sequence", flat=True).first()
    return Viewing(view, ticket_id, ticket.message_sequence, last or 0)


def seen_among(agent_id: int, ticket_ids: Collection[int]) -> frozenset[int]:
    """Those of the tickets that the agent may see now."""
    return still_seen({agent_id: frozenset(ticket_ids)})[agent_id]


def still_seen(shown: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    """Those of each agent's tickets that they may see now. One query an agent, and one for all."""
    known = standings(shown)
    return {
        agent_id: frozenset(
            Ticket.objects.visible_to(known[agent_id].agent).filter(pk__in=tickets).values_list("pk", flat=True)
        ) if agent_id in known and tickets else frozenset()
        for agent_id, tickets in shown.items()
    }  # fmt: skip


def _where_of(agent: Agent, key: str) -> Where:
    return next((view.where for view in views_for(agent) if view.key == key), EVERYTHING)
