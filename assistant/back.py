"""An agent gives a conversation back to the bot."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.answering import answer_message
from assistant.events import BotEvent
from assistant.models import Bot, Holder, Ownership, When
from assistant.ownership import ownership_of, start
from events.models import Event
from people.models import Agent
from people.permissions import Permission
from tickets.actions.assignment import assign_ticket
from tickets.actions.base import lock_ticket, record, refuse_closed
from tickets.actions.replies import main_conversation
from tickets.errors import InvalidInput
from tickets.models import Message, MessageKind


def hand_back(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ownership:
    """Let the bot answer this ticket's customer from now on, what they wait for included; the ticket is nobody's again.
    InvalidInput where no bot is switched on. Repeating it changes nothing."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        conversation = main_conversation(ticket)
        if not Bot.objects.filter(channel=conversation.channel_id).exclude(when=When.OFF).exists():
            raise InvalidInput("bot", _("No bot answers on this channel."))
        own = ownership_of(conversation.pk) or Ownership(conversation=conversation, revision=0)
        if own.holder == Holder.BOT:
            return own
        assign_ticket(ticket_id, by=by, assignee=None, at=at)
        told = record(ticket, BotEvent.HANDED_BACK, by=by.actor, at=at, data={"conversation": conversation.pk})
        start(own, ticket, at=at)
        own.since = ticket.message_sequence
        own.since_event = told.sequence
        waiting = _last(conversation.pk) if ticket.waiting_since else None
        # What it has handed over itself it does not judge again.
        waiting = waiting if waiting and waiting.sequence > own.heard else None
        own.save()
        if waiting is not None:
            answer_message(waiting.pk, at=at, cause=Event.objects.get(pk=told.id))
    return own


def _last(conversation_id: int) -> Message | None:
    said = Message.objects.filter(conversation=conversation_id, kind=MessageKind.INBOUND, auto_kind="", pending=False)
    return said.order_by("-sequence").first()
