"""Keeping somebody out of the chat, and letting them in again. Meanwhile their browsers hear and say nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from livechat.events import ChatEvent
from livechat.models import UnseenReplies, Visitor
from people.models import Agent
from people.permissions import Permission
from tickets.actions.base import lock_ticket, record
from tickets.errors import NotFound
from tickets.models import Conversation, Ticket


def visitor_of_ticket(ticket: Ticket) -> Visitor | None:
    """Who chats in this ticket."""
    talk = Conversation.objects.filter(ticket=ticket, channel__kind="chat").order_by("-pk").first()
    if talk is None or len(talk.external_id) != 32:
        return None
    return Visitor.objects.filter(channel=talk.channel_id, public_id=talk.external_id).first()


def block_visitor(ticket_id: int, *, by: Agent, blocked: bool, at: datetime | None = None) -> Visitor:
    """Refuse everything the visitor of this ticket asks for from now on, or no longer. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        known = visitor_of_ticket(ticket)
        visitor = Visitor.objects.select_for_update(of=("self",)).get(pk=known.pk) if known else None
        if visitor is None:
            raise NotFound(_("There is no such ticket."))
        if (visitor.blocked_at is not None) == blocked:
            return visitor
        visitor.blocked_at = at if blocked else None
        visitor.save(update_fields=["blocked_at"])
        if blocked:
            UnseenReplies.objects.filter(visitor=visitor).delete()
        kind = ChatEvent.BLOCKED if blocked else ChatEvent.UNBLOCKED
        record(ticket, kind, by=by.actor, at=at, data={"visitor": visitor.pk})
    return visitor
