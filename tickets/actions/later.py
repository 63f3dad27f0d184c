"""Replies for later: kept in the outbox until their moment, held back when the customer writes before it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.doorbell import ring
from people.models import Agent
from people.permissions import Permission
from tickets.errors import FieldsMissing, InvalidInput, TooLate
from tickets.events import TicketEvent
from tickets.models import AutoKind, Message, MessageKind, OutboxState, Status, Ticket

from .base import lock_message_ticket, record, refresh_attention
from .status import change_status

LATEST = timedelta(days=366)
# What may be wrong with a clock between the browser and here.
_GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Later:
    """When a reply is to leave, whether an answer that comes before holds it, and the status it then sets."""

    at: datetime
    hold: bool
    then_status: str | None

    def envelope(self, ticket: Ticket) -> dict[str, Any]:
        """What the outbox row remembers. An answer counts from what its author could have read."""
        kept: dict[str, Any] = {"holds_after": ticket.message_sequence} if self.hold else {}
        return kept | ({"then": self.then_status} if self.then_status else {})


def check_send_at(send_at: datetime, *, at: datetime) -> datetime:
    """A moment to come, within a year. InvalidInput otherwise."""
    if send_at <= at + _GRACE:
        raise InvalidInput("send_at", _("Choose a time in the future."))
    if send_at > at + LATEST:
        raise InvalidInput("send_at", _("Choose a time within a year."))
    return send_at


def reschedule_reply(message_id: int, *, by: Agent, send_at: datetime, at: datetime | None = None) -> Message:
    """Choose another moment for a reply that waits for its own, or was held. TooLate once it is on its way."""
    at = at or timezone.now()
    check_send_at(send_at, at=at)
    return _release(message_id, send_at, by=by, at=at)


def send_scheduled_now(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Send a reply that waits for its moment, or was held, at once. TooLate once it is on its way."""
    return _release(message_id, None, by=by, at=at or timezone.now())


def _release(message_id: int, send_at: datetime | None, *, by: Agent, at: datetime) -> Message:
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REPLY)
        if message.scheduled_for is None or message.outbox not in (OutboxState.QUEUED, OutboxState.HELD):
            raise TooLate(_("This reply does not wait any more."))
        if message.attempts:
            raise TooLate(_("Too late: the reply is already on its way."))
        if "holds_after" in message.envelope:  # who decides now has seen what came until now
            message.envelope = message.envelope | {"holds_after": ticket.message_sequence}
        message.outbox, message.scheduled_for = OutboxState.QUEUED, send_at or at
        message.not_before = message.scheduled_for
        message.save(update_fields=["outbox", "envelope", "scheduled_for", "not_before"])
        refresh_attention(ticket)
        ticket.save(update_fields=["needs_attention"])
        data = {"message": message.pk, "until": message.scheduled_for.isoformat()}
        record(ticket, TicketEvent.MESSAGE_RESCHEDULED, by=by.actor, at=at, data=data)
        if send_at is None:
            ring("outbound")
    return message


def hold_scheduled(ticket_id: int, *, at: datetime) -> int:
    """Hold back the replies for later of a ticket whose customer has written since; the number held.

    Called when something came in, and asked again by the outbox before a reply leaves, so that none slips through.
    """
    waiting = Message.objects.filter(ticket=ticket_id, outbox=OutboxState.QUEUED, scheduled_for__isnull=False)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        held = [message for message in waiting.select_for_update(of=("self",)).order_by("pk") if is_overtaken(message)]
        for message in held:
            hold_reply(ticket, message, at=at)
    return len(held)


def is_overtaken(message: Message) -> bool:
    """Whether a person has written on the conversation since a reply for later was written."""
    after = message.envelope.get("holds_after")
    if after is None or message.scheduled_for is None or message.attempts:
        return False
    said = Message.objects.filter(ticket=message.ticket_id, conversation=message.conversation_id, sequence__gt=after)
    return said.filter(kind=MessageKind.INBOUND, pending=False, auto_kind__in=("", AutoKind.LIST)).exists()


def hold_reply(ticket: Ticket, message: Message, *, at: datetime, reason: str = "") -> None:
    """Keep a reply back until somebody decides: something came in before it left, or its ticket is spam by now. The
    caller has locked both."""
    message.outbox = OutboxState.HELD
    message.save(update_fields=["outbox"])
    if not ticket.needs_attention:
        ticket.needs_attention = True
        ticket.save(update_fields=["needs_attention"])
    data = {"message": message.pk} | ({"reason": reason} if reason else {})
    record(ticket, TicketEvent.MESSAGE_HELD, by=SYSTEM, at=at, data=data)


def apply_when_it_leaves(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """What a reply for later changes on its ticket, now that it leaves: the customer is answered, the status set."""
    newer = Message.objects.filter(
        ticket=ticket, kind=MessageKind.INBOUND, pending=False, auto_kind="", sequence__gt=message.sequence
    )
    if ticket.waiting_since is not None and not message.conversation.aside and not newer.exists():
        ticket.waiting_since = None
        ticket.save(update_fields=["waiting_since"])
    then, by = message.envelope.get("then") or ticket.status, message.agent
    data = {"message": message.pk, "sequence": message.sequence, "later": True, "status_from": ticket.status}
    data |= {"state_from": ticket.custom_status_id} if ticket.custom_status_id else {}
    data |= {"aside": True} if message.conversation.aside else {}
    # Now it counts as an answer, for everybody who listens to answers.
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=by.actor if by else SYSTEM, at=at, data=data)
    if then != ticket.status and ticket.status != Status.CLOSED and by is not None:
        # The reply leaves all the same: nobody is there to be asked for what is missing.
        with suppress(FieldsMissing):
            change_status(ticket, then, by=by.actor, at=at)
