"""What every action does first and last: lock the ticket within the actor's sight, record the fact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from events.actors import Actor
from events.ledger import Recorded, record_event
from events.models import Event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import NotFound, TicketClosed, TicketMerged
from tickets.events import ticket_stream
from tickets.models import Message, OutboxState, Participant, ParticipantState, Status, Storm, Ticket
from tickets.realtime import announce

Audience = tuple[int | None, int | None]


def lock_ticket(ticket_id: int, *, by: Agent, permission: Permission) -> Ticket:
    """The ticket, locked until the transaction ends. NotFound outside the agent's scope, PermissionDenied without
    the right, TicketMerged for a signpost; nothing has changed in any case."""
    require(by, permission)
    ticket = Ticket.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=ticket_id).first()
    if ticket is None:
        raise NotFound(_("There is no such ticket."))
    refuse_merged(ticket)
    return ticket


def refuse_merged(ticket: Ticket) -> None:
    """A ticket that was merged into another is a signpost and takes no change."""
    if ticket.merged_into_id is not None:
        number = ticket.merged_into_id
        raise TicketMerged(_("This ticket was merged into #%(number)d.") % {"number": number}, number)


def lock_message_ticket(message_id: int, *, by: Agent, permission: Permission) -> tuple[Ticket, Message]:
    """A message and its ticket, locked in this order: ticket, then message."""
    require(by, permission)
    ticket_id = Message.objects.filter(pk=message_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise NotFound(_("There is no such message."))
    ticket = lock_ticket(ticket_id, by=by, permission=permission)
    message = Message.objects.select_for_update(of=("self",)).filter(pk=message_id, ticket=ticket).first()
    if message is None:
        raise NotFound(_("There is no such message."))
    return ticket, message


def lock_ticket_of(message_id: int) -> Ticket | None:
    """The ticket that holds a message, locked, whoever asks. A merge may move the message while we wait for the lock:
    then the lock of where it is now is taken too."""
    ticket_id = _ticket_id(message_id)
    while ticket_id is not None:
        ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id).first()
        now = _ticket_id(message_id)
        if ticket is None or now == ticket_id:
            return ticket
        ticket_id = now
    return None


def _ticket_id(message_id: int) -> int | None:
    return Message.objects.filter(pk=message_id).values_list("ticket_id", flat=True).first()


def require(by: Agent, permission: Permission) -> None:
    """Refuse whoever's role does not carry the permission."""
    if not by.may(permission):
        raise PermissionDenied(_("Your role does not allow this."))


def refuse_closed(ticket: Ticket) -> None:
    """A closed ticket is history: what comes next is a follow-up. Spam is answered by nobody."""
    if ticket.status == Status.SPAM:
        raise TicketClosed(_("This ticket is marked as spam."))
    if ticket.status == Status.CLOSED:
        raise TicketClosed(_("This ticket is closed."))


def audience(ticket: Ticket) -> Audience:
    """Who sees the ticket, as far as its own columns decide; taken before a change for those who lose sight."""
    return ticket.team_id, ticket.assignee_id


def record(
    ticket: Ticket,
    kind: str,
    *,
    by: Actor,
    at: datetime,
    data: dict[str, Any] | None = None,
    before: Audience | None = None,
    cause: Event | None = None,
) -> Recorded:
    """Record a fact about a locked ticket, with what led to it, and let the screens know once it is committed."""
    cause_id, depth = (cause.pk, cause.depth + 1) if cause else (None, 0)
    recorded = record_event(
        ticket_stream(ticket.pk), kind, by=by, at=at, data=data or {}, cause_id=cause_id, depth=depth
    )
    ticket.recorded = recorded.id
    announce(ticket.pk, kind=kind, event_id=recorded.id, before=before)
    return recorded


def refresh_attention(ticket: Ticket) -> None:
    """Set `needs_attention` by what is left to look at: replies undelivered or held, people waiting, a flood."""
    stuck = [OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.HELD]
    undelivered = Q(outbox__in=stuck) | Q(outbox=OutboxState.SENT) & ~Q(error="")
    trouble = Message.objects.filter(undelivered, ticket=ticket).exists()
    waiting = Participant.objects.filter(conversation__ticket=ticket, state=ParticipantState.PENDING).exists()
    storm = Storm.objects.filter(ticket=ticket, ended_at=None).exists()
    ticket.needs_attention = trouble or waiting or storm
