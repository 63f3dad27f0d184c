"""Priority and tags."""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.models import Priority, Tag, Tagging, Ticket

from .base import lock_ticket, record

MAX_TAG = 60  # characters
# Hues that stay apart in both themes.
HUES = (12, 40, 72, 120, 158, 195, 230, 263, 290, 310, 340)


def set_priority(ticket_id: int, *, by: Agent, priority: int, at: datetime | None = None) -> Ticket:
    """Set how much it matters. Repeating it changes nothing."""
    if priority not in Priority.values:
        raise InvalidInput("priority", _("There is no such priority."))
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if ticket.priority == priority:
            return ticket
        data = {"from": ticket.priority, "to": int(priority)}
        ticket.priority = priority
        ticket.save(update_fields=["priority"])
        record(ticket, TicketEvent.TICKET_PRIORITISED, by=by.actor, at=at or timezone.now(), data=data)
    return ticket


def add_tag(ticket_id: int, *, by: Agent, name: str, at: datetime | None = None) -> Ticket:
    """Put a tag on the ticket, making the tag if it is new. Repeating it changes nothing."""
    name = tag_name(name)
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        tag, _created = Tag.objects.get_or_create(name=name, defaults={"hue": hue_of(name)})
        _tagging, created = Tagging.objects.get_or_create(ticket=ticket, tag=tag)
        if created:
            data = {"tag": tag.pk, "name": tag.name}
            record(ticket, TicketEvent.TICKET_TAGGED, by=by.actor, at=at or timezone.now(), data=data)
    return ticket


def remove_tag(ticket_id: int, *, by: Agent, name: str, at: datetime | None = None) -> Ticket:
    """Take a tag off the ticket. A tag that is not there is not an error."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        tagging = Tagging.objects.filter(ticket=ticket, tag__name=tag_name(name)).select_related("tag").first()
        if tagging is not None:
            data = {"tag": tagging.tag_id, "name": tagging.tag.name}
            tagging.delete()
            record(ticket, TicketEvent.TICKET_UNTAGGED, by=by.actor, at=at or timezone.now(), data=data)
    return ticket


def hue_of(name: str) -> int:
    """The hue a new tag gets: the same name, the same hue."""
    return HUES[crc32(name.encode()) % len(HUES)]


def tag_name(name: str) -> str:
    """A tag's one spelling: lower case, single spaces."""
    clean = " ".join(name.replace("\x00", "").split()).lower()
    if not 1 <= len(clean) <= MAX_TAG:
        raise InvalidInput("tag", _("A tag has 1 to 60 characters."))
    return clean
