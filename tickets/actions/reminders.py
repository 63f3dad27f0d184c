"""Reminders: set for oneself, told when their moment comes, and done with."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.models import Reminder, Ticket

from .base import lock_ticket, record

LONGEST = 300
MOST_OPEN = 20  # of one agent on one ticket
BATCH = 100


def set_reminder(
    ticket_id: int, *, by: Agent, remind_at: datetime | None, text: str, at: datetime | None = None
) -> Reminder:
    """Have oneself reminded of a ticket. The same moment and words again are the same reminder."""
    at, text = at or timezone.now(), " ".join(text.replace("\x00", "").split())
    if remind_at is None or remind_at <= at:
        raise InvalidInput("until", _("Choose a time in the future."))
    if len(text) > LONGEST:
        raise InvalidInput("text", _("The text is too long."))
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.READ_TICKETS)
        own = Reminder.objects.filter(ticket=ticket, agent=by)
        if own.count() >= MOST_OPEN:
            raise InvalidInput("until", _("There are enough reminders on this ticket."))
        reminder, new = own.get_or_create(
            at=remind_at, text=text, fired_at=None, defaults={"ticket": ticket, "agent": by}
        )
        if new:
            data = {"reminder": reminder.pk, "until": remind_at.isoformat()}
            record(ticket, TicketEvent.REMINDER_SET, by=by.actor, at=at, data=data)
    return reminder


def finish_reminder(ticket_id: int, reminder_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Be done with a reminder of one's own, told or not. Repeating it changes nothing."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.READ_TICKETS)
        reminder = Reminder.objects.filter(pk=reminder_id, ticket=ticket).first()
        if reminder is None:
            return
        if reminder.agent_id != by.pk:
            raise NotFound(_("There is no such reminder."))
        reminder.delete()
        record(ticket, TicketEvent.REMINDER_DONE, by=by.actor, at=at or timezone.now(), data={"reminder": reminder_id})


def fire_reminders(*, at: datetime) -> int:
    """Tell of the reminders whose moment has come; how many. Safe in several processes at once."""
    with transaction.atomic():
        due = list(
            Reminder.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(fired_at=None, at__lte=at)
            .order_by("at", "pk")[:BATCH]
        )
        tickets = Ticket.objects.select_for_update(of=("self",)).order_by("pk").in_bulk({one.ticket_id for one in due})
        for reminder in due:
            reminder.fired_at = at
            data = {"agent": reminder.agent_id, "reminder": reminder.pk}
            record(tickets[reminder.ticket_id], TicketEvent.REMINDER_DUE, by=SYSTEM, at=at, data=data)
        Reminder.objects.bulk_update(due, ["fired_at"])
    return len(due)
