"""Who may take part: people who came with proof, and pictures that would tell their sender they were seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from events.actors import Actor
from events.models import Event
from people.identities import forget_bounces
from people.models import Agent, Identity, MailKind
from people.permissions import Permission
from people.unsubscribing import subscribe_again
from tickets.errors import NotFound
from tickets.events import TicketEvent
from tickets.models import Conversation, Message, MessageKind, Participant, ParticipantState, Status, Ticket

from .base import lock_message_ticket, lock_ticket, record, refresh_attention
from .status import change_status


def accept_participant(conversation_id: int, identity_id: int, *, by: Agent, at: datetime | None = None) -> Participant:
    """Let a waiting person in: what they wrote counts from now on, and a solved ticket of theirs reopens."""
    return _decide(conversation_id, identity_id, ParticipantState.ACTIVE, by=by, at=at or timezone.now())


def refuse_participant(conversation_id: int, identity_id: int, *, by: Agent, at: datetime | None = None) -> Participant:
    """Keep a waiting person out: their messages stay, marked; what they send next opens a ticket of its own."""
    return _decide(conversation_id, identity_id, ParticipantState.REFUSED, by=by, at=at or timezone.now())


def _decide(conversation_id: int, identity_id: int, state: ParticipantState, *, by: Agent, at: datetime) -> Participant:
    with transaction.atomic():
        ticket_id = Conversation.objects.filter(pk=conversation_id).values_list("ticket_id", flat=True).first()
        ticket = lock_ticket(ticket_id or 0, by=by, permission=Permission.EDIT_TICKETS)
        waiting = Participant.objects.select_for_update(of=("self",)).select_related("identity")
        participant = waiting.filter(conversation_id=conversation_id, identity_id=identity_id).first()
        if participant is None:
            raise NotFound(_("Nobody like that waits here."))
        if participant.state != ParticipantState.PENDING:
            return participant
        participant.state = state
        participant.save(update_fields=["state"])
        accepted = state == ParticipantState.ACTIVE
        data: dict[str, Any] = {"identity": identity_id, "conversation": conversation_id}
        if accepted:
            data |= _count_messages(ticket, participant, by=by, at=at)
        reopened = ticket.recorded
        refresh_attention(ticket)
        ticket.save(update_fields=["needs_attention", "waiting_since"])
        kind = TicketEvent.PARTICIPANT_ACCEPTED if accepted else TicketEvent.PARTICIPANT_REFUSED
        record(ticket, kind, by=by.actor, at=at, data=data)
        participant.recorded = tuple(event for event in (reopened, ticket.recorded) if event)
    return participant


def _count_messages(ticket: Ticket, participant: Participant, *, by: Agent, at: datetime) -> dict[str, Any]:
    """Make an accepted person's messages ordinary ones; what an undo needs to know of that."""
    theirs = Message.objects.filter(ticket=ticket, identity=participant.identity, pending=True)
    counted = sorted(theirs.values_list("pk", flat=True))
    if not counted:
        return {}
    waited = ticket.waiting_since
    Message.objects.filter(pk__in=counted).update(pending=False)
    ticket.waiting_since = waited or at
    if ticket.status == Status.SOLVED:
        change_status(ticket, Status.OPEN, by=by.actor, at=at)
    return {"counted": counted, "waited": waited.isoformat() if waited else None}


def leave_undecided(ticket: Ticket, decided: Event, *, by: Actor, at: datetime) -> None:
    """Take a decision back, on a ticket that the caller has locked: whoever was let in or kept out waits again."""
    data = decided.data
    theirs = Participant.objects.filter(conversation=data["conversation"], identity=data["identity"])
    theirs.update(state=ParticipantState.PENDING)
    if counted := data.get("counted"):
        Message.objects.filter(pk__in=counted, ticket=ticket).update(pending=True)
        ticket.waiting_since = parse_datetime(data.get("waited") or "")
    refresh_attention(ticket)
    ticket.save(update_fields=["needs_attention", "waiting_since"])
    said = {"identity": data["identity"], "conversation": data["conversation"], "undoes": decided.pk}
    said |= {"undone": decided.sequence}
    record(ticket, TicketEvent.PARTICIPANT_UNDECIDED, by=by, at=at, data=said)


def show_remote_images(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Let one message load its remote pictures, for everybody from now on. Repeating it changes nothing."""
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.READ_RAW)
        if not message.show_remote:
            message.show_remote = True
            message.save(update_fields=["show_remote"])
            data = {"message": message.pk}
            record(ticket, TicketEvent.IMAGES_SHOWN, by=by.actor, at=at or timezone.now(), data=data)
    return message


def reject_folding(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Say that a message was folded wrongly: everybody sees it whole from now on, and it becomes a test case of the
    reply engine (`manage.py folding_cases`). NotFound where nothing is folded; repeating it changes nothing."""
    return _fold(message_id, TicketEvent.FOLDING_REJECTED, by=by, at=at)


def restore_folding(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Take that back. Repeating it changes nothing."""
    return _fold(message_id, TicketEvent.FOLDING_RESTORED, by=by, at=at)


def _fold(message_id: int, kind: TicketEvent, *, by: Agent, at: datetime | None) -> Message:
    whole = kind == TicketEvent.FOLDING_REJECTED
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.EDIT_TICKETS)
        if not message.quoted or message.kind != MessageKind.INBOUND:
            raise NotFound(_("Nothing is folded in this message."))
        if message.shown_whole != whole:
            message.shown_whole = whole
            message.save(update_fields=["shown_whole"])
            record(ticket, kind, by=by.actor, at=at or timezone.now(), data={"message": message.pk})
    return message


def use_address_again(ticket_id: int, identity_id: int, *, by: Agent, at: datetime | None = None) -> Identity:
    """Take away the mark of an address whose mail came back. NotFound unless it takes part in the ticket."""
    with transaction.atomic():
        ticket, identity = _lock_address(ticket_id, identity_id, by=by)
        if identity.hard_bounces:
            forget_bounces(identity.pk)
            data = {"identity": identity.pk, "bounces": identity.hard_bounces}
            record(ticket, TicketEvent.ADDRESS_RESTORED, by=by.actor, at=at or timezone.now(), data=data)
    return identity


def allow_mail_again(
    ticket_id: int, identity_id: int, kind: MailKind, *, by: Agent, at: datetime | None = None
) -> Identity:
    """Let an address that had unsubscribed have mail of that kind again, because its owner says so. NotFound unless
    it takes part in the ticket; repeating it changes nothing."""
    with transaction.atomic():
        ticket, identity = _lock_address(ticket_id, identity_id, by=by)
        if subscribe_again(identity.pk, kind):
            data = {"identity": identity.pk, "kind": kind.value}
            record(ticket, TicketEvent.ADDRESS_SUBSCRIBED, by=by.actor, at=at or timezone.now(), data=data)
    return identity


def _lock_address(ticket_id: int, identity_id: int, *, by: Agent) -> tuple[Ticket, Identity]:
    ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
    theirs = Q(customer=ticket.customer_id) | Q(participations__conversation__ticket=ticket)
    identity = Identity.objects.filter(theirs, pk=identity_id).distinct().first()
    if identity is None:
        raise NotFound(_("Nobody like that takes part here."))
    return ticket, identity
