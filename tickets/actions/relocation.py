"""Moving what was said from one ticket to another: rows change hands, the ledgers of both stay as they were written.

The caller holds both tickets' locks. A message keeps the history it is told in (`origin`), so that one that comes home
is its ticket's own again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.kinds import traits_of
from tickets.models import (
    Attachment,
    Call,
    Conversation,
    Draft,
    Message,
    MessageKind,
    OutboxState,
    SearchEntry,
    Status,
    Ticket,
)
from tickets.preview import preview_of

from .base import refresh_attention, require

_MOVE = """
UPDATE tickets_message m
SET ticket_id = %(to)s, sequence = u.sequence, conversation_id = u.conversation,
    origin_id = NULLIF(COALESCE(m.origin_id, m.ticket_id), %(to)s)
FROM unnest(%(ids)s::bigint[], %(sequences)s::int[], %(conversations)s::bigint[]) AS u(id, sequence, conversation)
WHERE m.id = u.id
"""
# Whoever had read all there was on both sides has read all of what they are together.
_SEEN = """
INSERT INTO tickets_seen (agent_id, ticket_id, sequence)
SELECT a.agent_id, %(target)s, %(now)s FROM tickets_seen a JOIN tickets_seen b ON b.agent_id = a.agent_id
WHERE a.ticket_id = %(source)s AND a.sequence >= %(source_read)s
  AND b.ticket_id = %(target)s AND b.sequence >= %(target_read)s
ON CONFLICT (agent_id, ticket_id) DO UPDATE SET sequence = GREATEST(tickets_seen.sequence, excluded.sequence)
"""

Placed = tuple[int, int, int]  # message, number, conversation


def lock_pair(first: int, second: int, *, by: Agent) -> tuple[Ticket, Ticket]:
    """Both tickets, locked in the order of their numbers. NotFound unless the agent sees both."""
    require(by, Permission.EDIT_TICKETS)
    seen = Ticket.objects.visible_to(by).select_for_update(of=("self",)).filter(pk__in={first, second})
    found = {ticket.pk: ticket for ticket in seen.order_by("pk")}
    if not {first, second} <= set(found):
        raise NotFound(_("There is no such ticket."))
    return found[first], found[second]


def move_messages(target: Ticket, placed: Sequence[Placed]) -> None:
    """Put messages into a ticket, under these numbers and in these conversations, with all that hangs on them."""
    if not placed:
        return
    ids, sequences, conversations = (list(column) for column in zip(*placed, strict=True))
    holding = _holding(ids)
    values: dict[str, Any] = {"to": target.pk, "ids": ids, "sequences": sequences, "conversations": conversations}
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
    for rows in (Attachment, SearchEntry, Call):
        rows.objects.filter(message__in=ids).update(ticket=target)
    _hold_on(holding, dict(zip(ids, sequences, strict=True)))


def _holding(ids: Sequence[int]) -> dict[int, list[int]]:
    """Replies for later that an answer would hold, with those of these messages that came before."""
    waiting = Message.objects.filter(pk__in=ids, outbox__in=[OutboxState.QUEUED, OutboxState.HELD])
    found = list(waiting.filter(envelope__has_key="holds_after").values_list("pk", "envelope"))
    if not found:
        return {}
    numbers = list(Message.objects.filter(pk__in=ids).values_list("pk", "sequence"))
    return {pk: [id for id, number in numbers if number <= envelope["holds_after"]] for pk, envelope in found}


def _hold_on(holding: dict[int, list[int]], now: dict[int, int]) -> None:
    """Let them count from the same message as before, by its new number."""
    for message in Message.objects.filter(pk__in=holding):
        after = max((now[id] for id in holding[message.pk]), default=0)
        message.envelope = message.envelope | {"holds_after": after}
        message.save(update_fields=["envelope"])


def refuse_instant(conversations: QuerySet[Conversation], *, field: str) -> None:
    """What the customer reads along in a window of theirs cannot be moved: its lines are known by their place."""
    kinds = conversations.order_by().values_list("channel__kind", flat=True).distinct()
    if any(traits_of(kind).instant for kind in kinds):
        raise InvalidInput(field, _("A chat cannot be moved. Merge the other ticket into it instead."))


def numbered_after(target: Ticket, rows: Sequence[tuple[int, int]]) -> list[Placed]:
    """(message, conversation) in their order, with the numbers that follow the ticket's last."""
    first = target.message_sequence + 1
    target.message_sequence += len(rows)
    return [(message, first + place, conversation) for place, (message, conversation) in enumerate(rows)]


def move_drafts(source: Ticket, target: Ticket) -> None:
    """What was being written goes along, unless its writer writes the same kind of thing over there."""
    there = Draft.objects.filter(ticket=target).values_list("agent_id", "kind")
    taken = Q(pk__in=[])
    for agent_id, kind in there:
        taken |= Q(agent_id=agent_id, kind=kind)
    Draft.objects.filter(ticket=source).exclude(taken).update(ticket=target)
    Attachment.objects.filter(ticket=source, message=None).update(ticket=target)


def carry_seen(source: Ticket, target: Ticket, *, source_read: int, target_read: int) -> None:
    """Nobody has to read again what they read before the two were put together."""
    values = {
        "source": source.pk, "target": target.pk, "now": target.inbound_sequence,
        "source_read": source_read, "target_read": target_read,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, values)


def retell(ticket: Ticket) -> None:
    """Work out anew what the ticket's row says of its messages: their numbers, the last of them, who waits."""
    messages = Message.objects.filter(ticket=ticket).exclude(outbox=OutboxState.WITHDRAWN)
    known = messages.aggregate(last=Max("sequence"), at=Max("at"))
    ticket.message_sequence = max(ticket.message_sequence, known["last"] or 0)
    ticket.inbound_sequence = messages.filter(kind=MessageKind.INBOUND).aggregate(last=Max("sequence"))["last"] or 0
    ticket.last_message_at = known["at"] or ticket.opened_at
    last = messages.exclude(kind=MessageKind.NOTE).order_by("-at", "-sequence").only("text", "quoted").first()
    ticket.preview = preview_of(last.text, _spans(last.quoted)) if last else ""
    done = ticket.status in (Status.SOLVED, Status.CLOSED, Status.SPAM)
    ticket.waiting_since = None if done else waiting_since(ticket)
    refresh_attention(ticket)


RETOLD = ("message_sequence", "inbound_sequence", "last_message_at", "preview", "waiting_since", "needs_attention")


def waiting_since(ticket: Ticket) -> datetime | None:
    """When the customer asked what nobody has answered yet."""
    said = Message.objects.filter(ticket=ticket, conversation__aside=False, auto_kind="", pending=False)
    gone = [OutboxState.WITHDRAWN, OutboxState.HELD]
    answers = said.filter(kind=MessageKind.OUTBOUND).exclude(outbox__in=gone)
    answered = answers.exclude(outbox=OutboxState.QUEUED, scheduled_for__isnull=False).aggregate(at=Max("at"))["at"]
    asked = said.filter(kind=MessageKind.INBOUND)
    if answered is not None:
        asked = asked.filter(at__gt=answered)
    first: datetime | None = asked.order_by("at").values_list("at", flat=True).first()
    return first


def last_answer_at(ticket: Ticket) -> datetime | None:
    """When the customer was last answered by somebody."""
    answers = Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND, conversation__aside=False, auto_kind="")
    found: datetime | None = answers.exclude(outbox=OutboxState.WITHDRAWN).aggregate(at=Max("at"))["at"]
    return found


def home_conversation(ticket: Ticket) -> int:
    """The conversation with the ticket's customer that is its own, for what stays when others leave."""
    own = Conversation.objects.filter(ticket=ticket, aside=False)
    return (own.filter(home=None) or own).latest("pk").pk


def _spans(quoted: Any) -> list[tuple[int, int]]:
    return sorted((int(start), int(end)) for start, end in quoted)
