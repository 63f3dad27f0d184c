"""What the database knows about a batch of messages, read in a handful of statements and then kept up to date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from events.statements import prepared
from tickets.inbound import InboundMessage


@dataclass(slots=True)
class Hit:
    """A stored message that a newcomer names: by token, by id, or by being the same."""

    message_id: int
    ticket_id: int
    conversation_id: int
    outbound: bool
    recipients: frozenset[str] = frozenset()


@dataclass(slots=True)
class TicketState:
    """A ticket as locked by this transaction, changed in memory by each message placed in it, written once."""

    id: int
    status: str
    channel_id: int
    customer_id: int
    team_id: int | None
    assignee_id: int | None
    subject: str
    message_sequence: int
    inbound_sequence: int
    last_message_at: datetime
    waiting_since: datetime | None
    snoozed_until: datetime | None
    solved_at: datetime | None
    opened_at: datetime
    needs_attention: bool
    preview: str = ""
    language: str = ""
    merged_into: int | None = None
    aside: int = 0
    is_new: bool = False
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody's place in a conversation."""

    conversation_id: int
    ticket_id: int
    identity_id: int
    customer_id: int
    state: str
    aside: bool = False


@dataclass(slots=True)
class ChannelFacts:
    id: int
    kind: str
    address: str
    team_id: int | None
    locale: str
    acknowledges: bool
    secrets: str  # a SecretManner


@dataclass(slots=True)
class ReservedIds:
    """Ids taken from the sequences beforehand, so that rows can name each other before any is written."""

    tickets: list[int]
    conversations: list[int]
    messages: list[int]


@dataclass(slots=True)
class Evidence:
    """Everything known that could decide where a message goes. Messages placed earlier in the batch add to it."""

    channels: dict[int, ChannelFacts]
    own_addresses: frozenset[str]
    ids: ReservedIds
    by_dedupe: dict[UUID, Hit] = field(default_factory=dict)
    by_token: dict[str, Hit] = field(default_factory=dict)
    by_external_id: dict[str, list[Hit]] = field(default_factory=dict)
    tickets: dict[int, TicketState] = field(default_factory=dict)
    members: dict[int, list[Membership]] = field(default_factory=dict)  # by ticket
    follow_ups: dict[int, list[int]] = field(
        default_factory=dict
    )  # closed ticket -> follow-ups not closed, newest first
    main_conversation: dict[int, int] = field(default_factory=dict)  # ticket -> latest one with its customer
    # (channel, the provider's name of a thread) -> its latest (ticket, conversation)
    by_thread: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    # conversation -> the words by which the question that stands there last may be answered (`expected.py`)
    expected: dict[int, frozenset[str]] = field(default_factory=dict)

    def root(self, ticket_id: int) -> int:
        """The ticket that one was merged into, if it was."""
        while (ticket := self.tickets.get(ticket_id)) is not None and ticket.merged_into in self.tickets:
            ticket_id = ticket.merged_into
        return ticket_id


_CHANNELS = "SELECT id, kind, lower(address), team_id, locale, acknowledges, secrets FROM tickets_channel"

_HITS = """
SELECT 'd', dedupe_key::text, id, ticket_id, conversation_id, kind, NULL::jsonb FROM tickets_message
WHERE dedupe_key = ANY(%(keys)s)
UNION ALL
SELECT 't', reply_token, id, ticket_id, conversation_id, kind, envelope FROM tickets_message
WHERE reply_token = ANY(%(tokens)s)
UNION ALL
SELECT 'e', external_id, id, ticket_id, conversation_id, kind, CASE WHEN kind = 'outbound' THEN envelope END
FROM tickets_message WHERE external_id = ANY(%(ids)s) AND external_id <> ''
UNION ALL
SELECT 'n', '', nextval('tickets_message_id_seq'), nextval('tickets_ticket_id_seq'),
       nextval('tickets_conversation_id_seq'), '', NULL FROM generate_series(1, %(count)s)
"""

_THREADS = """
SELECT DISTINCT ON (c.channel_id, c.external_id) c.channel_id, c.external_id, c.ticket_id, c.id
FROM tickets_conversation c
WHERE c.external_id <> '' AND (c.channel_id, c.external_id) IN (SELECT * FROM unnest(%s::bigint[], %s::text[]))
ORDER BY c.channel_id, c.external_id, c.id DESC
"""

_LOCK = """
SELECT id, status, channel_id, customer_id, team_id, assignee_id, subject, message_sequence, inbound_sequence,
       last_message_at, waiting_since, snoozed_until, solved_at, opened_at, needs_attention, preview, language,
       merged_into_id, aside
FROM tickets_ticket WHERE id IN (
    WITH RECURSIVE up(id) AS (
        SELECT unnest(%s::bigint[])
        UNION SELECT m.merged_into_id FROM tickets_ticket m JOIN up ON up.id = m.id WHERE m.merged_into_id IS NOT NULL
    ) SELECT id FROM up
) ORDER BY id FOR UPDATE
"""

# To lock the other ticket too could now wait for whoever waits for us: look again from the start.
_OVERTAKEN = "a merge overtook us"

_WHERE_NOW = "SELECT id, ticket_id FROM tickets_conversation WHERE id = ANY(%s)"

_BEGAN_IN = """
SELECT home_id, max(id) FROM tickets_conversation WHERE home_id = ANY(%s) AND NOT aside GROUP BY home_id
"""

_MEMBERS = """
SELECT p.conversation_id, c.ticket_id, p.identity_id, COALESCE(k.merged_into_id, k.id), p.state,
       c.aside
FROM tickets_participant p
JOIN tickets_conversation c ON c.id = p.conversation_id
JOIN people_identity i ON i.id = p.identity_id
JOIN people_customer k ON k.id = i.customer_id
WHERE c.ticket_id = ANY(%s)
ORDER BY p.conversation_id
"""

_FOLLOW_UPS = """
SELECT l.other_id, l.ticket_id FROM tickets_ticketlink l JOIN tickets_ticket t ON t.id = l.ticket_id
WHERE l.other_id = ANY(%s) AND l.reason = 'follow_up' AND t.status <> 'closed' ORDER BY l.ticket_id DESC
"""


def load_evidence(messages: Sequence[InboundMessage]) -> Evidence:
    """Read what the batch refers to and lock every ticket it may touch, in id order so that two workers cannot
    block each other for ever."""
    with prepared() as channels, prepared() as hits:
        # All channels: there are few, and every address of ours matters when recipients are read.
        channels.execute(_CHANNELS)
        hits.execute(_HITS, _references(messages))
        known = {row[0]: ChannelFacts(*row) for row in channels.fetchall()}
        # The oldest first; the ids the batch may need came along, so that rows can name each other unwritten.
        rows = sorted(hits.fetchall(), key=itemgetter(2))
        own = frozenset(channel.address for channel in known.values())
        evidence = Evidence(known, own, _reserved([row for row in rows if row[0] == "n"]))
        for row in rows:
            if row[0] != "n":
                _note_hit(evidence, *row)
    wanted = {hit.ticket_id for hit in _all_hits(evidence)}
    wanted |= {number for message in messages for number in message.subject_numbers}
    wanted |= _note_threads(evidence, messages)
    if wanted:
        lock_tickets(evidence, wanted)
        _follow_moves(evidence)
    return evidence


def _follow_moves(evidence: Evidence) -> None:
    """Numbers of tickets that were merged lead to where they are now.

    Raises IntegrityError, upon which the batch is tried again, when a merge or its undoing moved a thread between our
    reading and our lock.
    """
    hits = [hit for hit in _all_hits(evidence) if hit.ticket_id in evidence.tickets]
    astray = [hit for hit in hits if not _is_in_place(hit, evidence)]
    if astray:
        with prepared() as cursor:
            cursor.execute(_WHERE_NOW, [sorted({hit.conversation_id for hit in astray})])
            now = dict(cursor.fetchall())
        if any(now.get(hit.conversation_id, hit.ticket_id) != hit.ticket_id for hit in astray):
            raise IntegrityError(_OVERTAKEN)
    for key, (ticket_id, conversation_id) in evidence.by_thread.items():
        evidence.by_thread[key] = (evidence.root(ticket_id), conversation_id)
    merged = [ticket.id for ticket in evidence.tickets.values() if ticket.merged_into is not None]
    if merged:
        with prepared() as cursor:
            cursor.execute(_BEGAN_IN, [merged])
            evidence.main_conversation |= dict(cursor.fetchall())


def _is_in_place(hit: Hit, evidence: Evidence) -> bool:
    members = evidence.members.get(hit.ticket_id, ())
    return any(member.conversation_id == hit.conversation_id for member in members)


def _reserved(rows: Sequence[tuple[Any, ...]]) -> ReservedIds:
    """What is not used leaves a gap, which nothing minds. Handed out with pop(), so the smallest comes last: earlier
    messages get smaller numbers."""
    messages, tickets, conversations = (sorted((row[column] for row in rows), reverse=True) for column in (2, 3, 4))
    return ReservedIds(tickets, conversations, messages)


def thread_keys(message: InboundMessage) -> list[tuple[int, str]]:
    """The provider's names of the thread a message belongs to, the best first; none for mail."""
    return [(message.channel_id, name) for name in (message.thread_id, *message.thread_also) if name]


def _note_threads(evidence: Evidence, messages: Sequence[InboundMessage]) -> set[int]:
    keys = sorted({key for message in messages for key in thread_keys(message)})
    if not keys:
        return set()
    with prepared() as cursor:
        cursor.execute(_THREADS, [[channel for channel, _ in keys], [name for _, name in keys]])
        for channel_id, name, ticket_id, conversation_id in cursor.fetchall():
            evidence.by_thread[(channel_id, name)] = (ticket_id, conversation_id)
    return {ticket_id for ticket_id, _ in evidence.by_thread.values()}


def lock_tickets(evidence: Evidence, ids: Iterable[int]) -> None:
    """Lock these tickets and read their members; for closed ones also the follow-up that took over."""
    wanted = sorted(ids)
    with prepared() as cursor, prepared() as members:
        cursor.execute(_LOCK, [wanted])
        found = [TicketState(*row) for row in cursor.fetchall()]
        members.execute(_MEMBERS, [[ticket.id for ticket in found]])
        evidence.tickets |= {ticket.id: ticket for ticket in found}
        for row in members.fetchall():
            member = Membership(*row)
            evidence.members.setdefault(member.ticket_id, []).append(member)
            if not member.aside:
                evidence.main_conversation[member.ticket_id] = member.conversation_id
        closed = [ticket.id for ticket in found if ticket.status == "closed" and ticket.merged_into is None]
        if any(ticket.merged_into not in evidence.tickets for ticket in found if ticket.merged_into is not None):
            raise IntegrityError(_OVERTAKEN)
        if not closed:
            return
        cursor.execute(_FOLLOW_UPS, [closed])
        for closed_id, follow_up_id in cursor.fetchall():
            evidence.follow_ups.setdefault(closed_id, []).append(follow_up_id)
    further = {id for ids in evidence.follow_ups.values() for id in ids} - set(evidence.tickets)
    if further:
        lock_tickets(evidence, further)


def named_ids(message: InboundMessage) -> list[str]:
    """The ids a message names as its forebears, nearest first: In-Reply-To, then References from the end."""
    ids = [message.in_reply_to, *reversed(message.references)]
    return list(dict.fromkeys(id for id in ids if id))


def _references(messages: Sequence[InboundMessage]) -> dict[str, Any]:
    ids: set[str] = set()
    tokens: set[str] = set()
    for message in messages:
        ids.update(named_ids(message))
        tokens.update(message.tokens, message.body_tokens)
        if message.external_id:
            ids.add(message.external_id)
        if message.bounce:
            ids.update(message.bounce.original_ids)
            tokens.update(message.bounce.tokens)
    keys = [message.dedupe_key for message in messages]
    return {"keys": keys, "tokens": list(tokens), "ids": list(ids), "count": len(messages)}


def _note_hit(
    evidence: Evidence,
    how: str,
    key: str,
    message_id: int,
    ticket_id: int,
    conversation_id: int,
    kind: str,
    envelope: str | None,
) -> None:
    hit = Hit(message_id, ticket_id, conversation_id, kind == "outbound", _recipients(envelope))
    if how == "d":
        evidence.by_dedupe[UUID(key)] = hit
    elif how == "t":
        evidence.by_token[key] = hit
    else:
        evidence.by_external_id.setdefault(key, []).append(hit)


def _recipients(envelope: str | None) -> frozenset[str]:
    if envelope is None:  # Django leaves jsonb from raw SQL as text
        return frozenset()
    kept = json.loads(envelope)
    lists = (kept.get(name, ()) for name in ("to", "cc", "bcc"))
    return frozenset(entry["address"] for entries in lists for entry in entries)


def _all_hits(evidence: Evidence) -> Iterable[Hit]:
    yield from evidence.by_dedupe.values()
    yield from evidence.by_token.values()
    for hits in evidence.by_external_id.values():
        yield from hits
