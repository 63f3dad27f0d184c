"""What an agent decides about a reply that failed, or of which nobody knows."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.doorbell import ring
from people.models import Agent
from people.permissions import Permission
from tickets.deliveries import after_attempt, lost, to_try_again
from tickets.errors import TooLate
from tickets.events import TicketEvent
from tickets.models import Message, OutboxState

from .base import lock_message_ticket, record, refresh_attention


def retry_delivery(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Send again what failed, or what nobody knows of: a person decides, with the same Message-ID. Who was reached
    gets it no second time."""
    return _resolve(message_id, OutboxState.QUEUED, TicketEvent.DELIVERY_RETRIED, by=by, at=at or timezone.now())


def confirm_delivered(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Say of a reply with unknown outcome that it did arrive."""
    return _resolve(message_id, OutboxState.SENT, TicketEvent.DELIVERY_CONFIRMED, by=by, at=at or timezone.now())


def _resolve(message_id: int, state: OutboxState, kind: TicketEvent, *, by: Agent, at: datetime) -> Message:
    retry = state == OutboxState.QUEUED
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REPLY)
        may = {OutboxState.UNKNOWN, OutboxState.FAILED} if retry else {OutboxState.UNKNOWN}
        partly = retry and message.outbox == OutboxState.SENT and bool(lost(message.deliveries))
        if message.outbox not in may and not partly:
            raise TooLate(_("This reply needs no decision any more."))
        if retry:
            message.deliveries = to_try_again(message.deliveries)
        else:
            message.deliveries = after_attempt(message, at=at, reached=True, refused={}, waiting={})
        message.outbox, message.error = state, ""
        message.not_before = at if retry else message.not_before
        message.sent_at = message.sent_at if retry else at
        message.save(update_fields=["outbox", "error", "not_before", "sent_at", "deliveries"])
        refresh_attention(ticket)
        ticket.save(update_fields=["needs_attention"])
        record(ticket, kind, by=by.actor, at=at, data={"message": message.pk})
        if retry:
            ring("outbound")
    return message
