"""Writing a plan: one statement for all that is new, whatever the batch.

Hand-written SQL, because this path is the hot one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from events.ledger import Recorded, record_events
from events.statements import PreparedCursor, prepared
from people.finding.text import search_document
from people.identities import note_hard_bounces
from tickets.deliveries import note_report
from tickets.realtime import announce
from tickets.sensitive.keeping import sealed

from .evidence import TicketState
from .plan import BouncePlan, MessagePlan, Plan, address_json


def write_plan(plan: Plan) -> None:
    """Insert and update everything a batch changes, record its events, and tell the screens on commit."""
    if not plan.messages:
        return
    opened = [ticket for ticket in plan.touched.values() if ticket.is_new]
    known = [ticket for ticket in plan.touched.values() if not ticket.is_new]
    with prepared() as cursor:
        _insert(
            cursor,
            {
                _TICKETS: [_ticket_row(ticket) for ticket in opened],
                _CYCLES: [(ticket.id, 1, ticket.opened_at, ticket.solved_at) for ticket in opened],
                _CONVERSATIONS: plan.conversations,
                _PARTICIPANTS: plan.participants,
                _LINKS: plan.links,
                _MESSAGES: [_message_row(planned) for planned in plan.messages],
                _ATTACHMENTS: [row for planned in plan.messages for row in _attachment_rows(planned)],
                _SEARCH: [_search_row(planned) for planned in plan.messages],
                _SECRETS: [row for planned in plan.messages for row in _secret_rows(planned)],
            },
        )
        if known:
            cursor.execute(_UPDATE_TICKETS, _columns([_ticket_update(ticket) for ticket in known], 11))
        _open_next_cycles(cursor, plan)
        _mark_bounced([planned for planned in plan.messages if isinstance(planned, BouncePlan)])
        recorded = record_events(plan.events)
    _announce(plan, recorded)


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows go: the columns in order with their PostgreSQL types, and what to do on conflict."""

    name: str
    columns: tuple[tuple[str, str], ...]
    conflict: str = ""


def _insert(cursor: PreparedCursor, rows: Mapping[Table, Sequence[tuple[Any, ...]]]) -> None:
    """Everything in one statement; foreign keys are looked at when the transaction commits."""
    filled = {table: some for table, some in rows.items() if some}
    values: list[Any] = []
    for table, some in filled.items():
        values += some[0] if len(some) == 1 else _columns(some, len(table.columns))
    cursor.execute(_statement(tuple((table, len(some) == 1) for table, some in filled.items())), values)


@cache
def _statement(tables: tuple[tuple[Table, bool], ...]) -> str:
    """The INSERTs of some tables as one statement. A single row travels as values: arrays of one cost twice as much.

    Names and types are constants of this file; only the values travel, and they are parameters.
    """
    parts = []
    for number, (table, single) in enumerate(tables):
        names = ", ".join(name for name, _ in table.columns)
        if single:
            source = f"VALUES ({', '.join(f'%s::{kind}' for _, kind in table.columns)})"
        else:
            source = f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for _, kind in table.columns)})"  # noqa: S608
        parts.append(f"t{number} AS (INSERT INTO {table.name} ({names}) {source} {table.conflict})")
    return f"WITH {', '.join(parts)} SELECT 1"


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(width)]


_TICKETS = Table(
    "tickets_ticket",
    (
        ("id", "bigint"),
        ("subject", "text"),
        ("status", "text"),
        ("priority", "smallint"),
        ("channel_id", "bigint"),
        ("customer_id", "bigint"),
        ("team_id", "bigint"),
        ("language", "text"),
        ("preview", "text"),
        ("message_sequence", "int"),
        ("inbound_sequence", "int"),
        ("opened_at", "timestamptz"),
        ("last_message_at", "timestamptz"),
        ("waiting_since", "timestamptz"),
        ("solved_at", "timestamptz"),
        ("needs_attention", "boolean"),
    ),
)

NORMAL_PRIORITY = 20


def _ticket_row(ticket: TicketState) -> tuple[Any, ...]:
    return (
        ticket.id,
        ticket.subject,
        ticket.status,
        NORMAL_PRIORITY,
        ticket.channel_id,
        ticket.customer_id,
        ticket.team_id,
        ticket.language[:8],
        ticket.preview,
        ticket.message_sequence,
        ticket.inbound_sequence,
        ticket.opened_at,
        ticket.last_message_at,
        ticket.waiting_since,
        ticket.solved_at,
        ticket.needs_attention,
    )


_UPDATE_TICKETS = """
UPDATE tickets_ticket t
SET status = u.status, preview = u.preview, message_sequence = u.message_sequence,
    inbound_sequence = u.inbound_sequence, last_message_at = u.last_message_at, waiting_since = u.waiting_since,
    snoozed_until = u.snoozed_until, solved_at = u.solved_at, needs_attention = u.needs_attention, aside = u.aside
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::smallint[])
  AS u(id, status, preview, message_sequence, inbound_sequence, last_message_at, waiting_since, snoozed_until,
       solved_at, needs_attention, aside)
WHERE t.id = u.id
"""


def _ticket_update(ticket: TicketState) -> tuple[Any, ...]:
    return (
        ticket.id,
        ticket.status,
        ticket.preview,
        ticket.message_sequence,
        ticket.inbound_sequence,
        ticket.last_message_at,
        ticket.waiting_since,
        ticket.snoozed_until,
        ticket.solved_at,
        ticket.needs_attention,
        ticket.aside,
    )


_CYCLES = Table(
    "tickets_cycle",
    (("ticket_id", "bigint"), ("number", "smallint"), ("opened_at", "timestamptz"), ("solved_at", "timestamptz")),
)

_NEXT_CYCLES = """
INSERT INTO tickets_cycle (ticket_id, number, opened_at)
SELECT u.ticket_id, COALESCE((SELECT max(number) FROM tickets_cycle c WHERE c.ticket_id = u.ticket_id), 0) + 1, u.at
FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(ticket_id, at)
"""


def _open_next_cycles(cursor: PreparedCursor, plan: Plan) -> None:
    reopened = [t for t in plan.touched.values() if t.reopened]
    if reopened:
        cursor.execute(_NEXT_CYCLES, [[t.id for t in reopened], [t.last_message_at for t in reopened]])


_CONVERSATIONS = Table(
    "tickets_conversation",
    (
        ("id", "bigint"),
        ("ticket_id", "bigint"),
        ("channel_id", "bigint"),
        ("customer_id", "bigint"),
        ("subject", "text"),
        ("external_id", "text"),
    ),
)

_PARTICIPANTS = Table(
    "tickets_participant",
    (("conversation_id", "bigint"), ("identity_id", "bigint"), ("role", "text"), ("state", "text")),
)

_LINKS = Table(
    "tickets_ticketlink",
    (("ticket_id", "bigint"), ("other_id", "bigint"), ("reason", "text")),
    "ON CONFLICT DO NOTHING",
)

_MESSAGES = Table(
    "tickets_message",
    (
        ("id", "bigint"),
        ("ticket_id", "bigint"),
        ("conversation_id", "bigint"),
        ("sequence", "int"),
        ("kind", "text"),
        ("identity_id", "bigint"),
        ("at", "timestamptz"),
        ("subject", "text"),
        ("text", "text"),
        ("html", "text"),
        ("html_version", "smallint"),
        ("quoted", "jsonb"),
        ("language", "text"),
        ("external_id", "text"),
        ("dedupe_key", "uuid"),
        ("thread_layer", "text"),
        ("thread_reason", "text"),
        ("auto_kind", "text"),
        ("verdict", "text"),
        ("pending", "boolean"),
        ("truncated", "boolean"),
        ("show_remote", "boolean"),
        ("envelope", "jsonb"),
        ("outbox", "text"),
        ("attempts", "smallint"),
        ("error", "text"),
    ),
)


def _message_row(planned: MessagePlan) -> tuple[Any, ...]:
    message = planned.message
    return (
        planned.message_id,
        planned.ticket.id,
        planned.conversation_id,
        planned.sequence,
        "inbound",
        planned.identity_id,
        planned.at,
        message.subject[:500],
        message.text,
        message.html,
        message.html_version,
        Jsonb([list(span) for span in message.quoted]),
        message.language[:8],
        message.external_id[:255],
        message.dedupe_key,
        planned.layer,
        planned.reason[:200],
        message.auto_kind,
        message.verdict,
        planned.pending,
        message.truncated,
        False,
        Jsonb(_envelope(planned)),
        "",
        0,
        "",
    )


def _envelope(planned: MessagePlan) -> dict[str, Any]:
    """Who it was from and to, as far as a reader or a reply needs it; empty parts are left out."""
    message = planned.message
    envelope: dict[str, Any] = {"from": {"name": message.sender.name, "address": message.sender.address}}
    for name, addresses in (("to", message.to), ("cc", message.cc), ("reply_to", message.reply_to)):
        if addresses:
            envelope[name] = address_json(addresses)
    if message.in_reply_to:
        envelope["in_reply_to"] = message.in_reply_to
    if message.references:
        envelope["references"] = list(message.references)
    if message.handle:
        envelope["from"]["handle"] = message.handle[:200]
    if message.about:
        envelope["about"] = message.about[:500]
    if message.payload:
        envelope["payload"] = message.payload[:1000]
    if message.standby:
        envelope["standby"] = True
    if message.timed_by_provider:
        envelope["clock"] = "provider"
    if message.files_to_come:
        envelope["files_to_come"] = message.files_to_come
    if message.at != planned.at:
        envelope["date"] = message.at.isoformat()
    return envelope


_ATTACHMENTS = Table(
    "tickets_attachment",
    (
        ("public_id", "uuid"),
        ("message_id", "bigint"),
        ("ticket_id", "bigint"),
        ("filename", "text"),
        ("content_type", "text"),
        ("size", "bigint"),
        ("sha256", "text"),
        ("content_id", "text"),
        ("inline", "boolean"),
        ("about", "jsonb"),
    ),
)


def _attachment_rows(planned: MessagePlan) -> list[tuple[Any, ...]]:
    return [
        (
            uuid4(),
            planned.message_id,
            planned.ticket.id,
            file.filename[:255],
            file.content_type[:127],
            file.size,
            file.sha256,
            file.content_id[:255],
            file.inline,
            Jsonb(file.about) if file.about else None,
        )
        for file in planned.message.attachments
    ]


_SECRETS = Table(
    "tickets_secret",
    (("message_id", "bigint"), ("kind", "text"), ("ends", "text"), ("secret", "text"), ("going", "boolean")),
)


def _secret_rows(planned: MessagePlan) -> list[tuple[Any, ...]]:
    message = planned.message
    return [
        (planned.message_id, secret.kind, secret.ends, sealed(secret.value), message.redacted)
        for secret in message.secrets
    ]


_SEARCH = Table("tickets_searchentry", (("message_id", "bigint"), ("ticket_id", "bigint"), ("vector", "tsvector")))


def _search_row(planned: MessagePlan) -> tuple[int, int, str]:
    message = planned.message
    people = (message.sender, *message.to[:20], *message.cc[:20])
    document = search_document(
        subject=message.subject,
        text=message.text,
        addresses=[f"{person.name} {person.address}" for person in people],
        filenames=[file.filename for file in message.attachments],
        language=message.language,
    )
    return planned.message_id, planned.ticket.id, document.vector


def _mark_bounced(bounces: list[BouncePlan]) -> None:
    """Reports mark the recipients they name; a permanent one counts against the address, once a message."""
    news = []
    for planned in bounces:
        for bounced in planned.reported:
            if note_report(
                planned.about, bounced.recipient, permanent=bounced.permanent, status=bounced.status, at=planned.at
            ):
                news.append(bounced.recipient)
    if news:
        note_hard_bounces(news, at=bounces[-1].at)


def _announce(plan: Plan, recorded: Sequence[Recorded]) -> None:
    last = {event.stream[1]: event_id.id for event, event_id in zip(plan.events, recorded, strict=True)}
    for planned in plan.messages:
        announce(planned.ticket.id, kind="message.new", event_id=last[planned.ticket.id])
