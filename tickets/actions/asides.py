"""Asking somebody aside: a supplier, a courier, by mail from inside the ticket. Their answer comes back there, beside
what is said with the customer, and never reaches the customer.

A conversation is open until somebody says it is done; an answer that comes later opens it again by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.models import (
    AsideState,
    Conversation,
    Message,
    MessageKind,
    OutboxState,
    Participant,
    ParticipantState,
    Ticket,
)

from .base import lock_ticket, record, refuse_closed
from .forwarding import forward, forwardable
from .replies import reply

MOST_QUOTED = 20


def ask_aside(
    ticket_id: int,
    *,
    by: Agent,
    to: Sequence[str],
    text: str,
    subject: str = "",
    quoted: Collection[int] = (),
    confirmed: Collection[str] = (),
    client_id: UUID | None = None,
    undo_seconds: int | None = None,
    at: datetime | None = None,
) -> Message:
    """Begin a conversation with somebody outside. Of the ticket they get the messages `quoted`, and nothing else.

    NewAddress unless every address is in `confirmed`. The same `client_id` again gives the same message.
    """
    if not text.strip():
        raise InvalidInput("text", _("Write something first."))
    if len(quoted) > MOST_QUOTED:
        raise InvalidInput("quoted", _("At most %(count)d messages at once.") % {"count": MOST_QUOTED})
    with transaction.atomic():
        sent = forward(
            ticket_id, by=by, to=to, text=text, subject=subject, messages=sorted(quoted), originals=(),
            confirmed=confirmed, client_id=client_id, undo_seconds=undo_seconds, at=at,
        )  # fmt: skip
        note_aside(sent.ticket)
    return sent


def say_aside(
    conversation_id: int, *, by: Agent, text: str, client_id: UUID | None = None, at: datetime | None = None
) -> Message:
    """Write on in a conversation aside, to whoever takes part in it."""
    with transaction.atomic():
        ticket, conversation = _lock(conversation_id, by=by, permission=Permission.REPLY)
        last = Message.objects.filter(conversation=conversation).exclude(kind=MessageKind.NOTE)
        last = last.exclude(outbox=OutboxState.WITHDRAWN).order_by("-sequence")
        answered = last.filter(kind=MessageKind.INBOUND, pending=False).first() or last.first()
        people = Participant.objects.filter(conversation=conversation, state=ParticipantState.ACTIVE)
        addresses = list(people.order_by("pk").values_list("identity__value", flat=True))
        if answered is None or not addresses:
            raise InvalidInput("text", _("Nobody takes part in this conversation."))
        sent = reply(
            ticket.pk, by=by, text=text, answers=answered.pk, to=addresses, cc=(), confirmed=addresses,
            client_id=client_id, at=at,
        )  # fmt: skip
        Conversation.objects.filter(pk=conversation_id).update(done_at=None)
        note_aside(sent.ticket)
    return sent


def settle_aside(conversation_id: int, *, by: Agent, done: bool = True, at: datetime | None = None) -> Conversation:
    """Say that what was asked is settled, or is not after all. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket, conversation = _lock(conversation_id, by=by, permission=Permission.EDIT_TICKETS)
        if conversation.is_settled == done:
            return conversation
        conversation.done_at = at if done else None
        conversation.save(update_fields=["done_at"])
        note_aside(ticket)
        kind = TicketEvent.ASIDE_SETTLED if done else TicketEvent.ASIDE_REOPENED
        record(ticket, kind, by=by.actor, at=at, data={"conversation": conversation.pk})
    return conversation


def asides_of(ticket_id: int) -> QuerySet[Conversation]:
    """The conversations aside of a ticket, the latest first."""
    return Conversation.objects.filter(ticket=ticket_id, aside=True).order_by("-pk")


def note_aside(ticket: Ticket) -> None:
    """What the list shows of the ticket's conversations aside: nothing, that somebody is asked, that they answered."""
    state = AsideState.NONE
    for conversation in asides_of(ticket.pk):
        if not conversation.is_settled:
            said = Message.objects.filter(conversation=conversation).exclude(kind=MessageKind.NOTE)
            last = said.exclude(outbox=OutboxState.WITHDRAWN).order_by("-sequence").values_list("kind", flat=True)[:1]
            for kind in last:  # none where the question was withdrawn
                state = max(state, AsideState.ANSWERED if kind == MessageKind.INBOUND else AsideState.ASKED)
    if ticket.aside != state:
        ticket.aside = state
        ticket.save(update_fields=["aside"])


def quotable(ticket: Ticket) -> list[Message]:
    """What of the ticket may be shown to whoever is asked, oldest first."""
    said = forwardable(ticket).filter(conversation__aside=False).select_related("identity", "agent", "conversation")
    return list(said.order_by("-sequence")[:MOST_QUOTED])[::-1]


def _lock(conversation_id: int, *, by: Agent, permission: Permission) -> tuple[Ticket, Conversation]:
    known = Conversation.objects.filter(pk=conversation_id, aside=True)
    ticket_id = known.values_list("ticket_id", flat=True).first()
    ticket = lock_ticket(ticket_id or 0, by=by, permission=permission)
    refuse_closed(ticket)
    conversation = known.filter(ticket=ticket).first()
    if conversation is None:
        raise NotFound(_("There is no such conversation."))
    return ticket, conversation
