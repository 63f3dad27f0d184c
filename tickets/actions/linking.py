"""Tickets that have to do with each other, and why an agent says so."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.models import LinkReason, Ticket, TicketLink

from .base import record
from .relocation import lock_pair

# What an agent may say; the others are the door's own reasons.
SAID = (LinkReason.RELATED, LinkReason.CHILD, LinkReason.DUPLICATE)
_BOTH_WAYS = (LinkReason.RELATED, LinkReason.DUPLICATE)


def link_tickets(
    ticket_id: int, *, by: Agent, other: int, reason: str, note: str = "", at: datetime | None = None
) -> TicketLink:
    """Say that a ticket is part of another (`child`), or has to do with it. Repeating it changes nothing."""
    if reason not in SAID:
        raise InvalidInput("reason", _("There is no such reason for a link."))
    if ticket_id == other:
        raise InvalidInput("other", _("A ticket cannot be linked with itself."))
    note = " ".join(note.replace("\x00", "").split())[:200]
    with transaction.atomic():
        here, there = lock_pair(ticket_id, other, by=by)
        if reason == LinkReason.CHILD and _is_above(here, there):
            raise InvalidInput("other", _("That ticket is part of this one already."))
        if reason in _BOTH_WAYS and (found := TicketLink.objects.filter(ticket=there, other=here, reason=reason)):
            return found[0]
        link, new = TicketLink.objects.get_or_create(ticket=here, other=there, reason=reason, defaults={"note": note})
        if new:
            _tell(here, there, TicketEvent.TICKET_LINKED, link, by=by, at=at or timezone.now())
    return link


def unlink_tickets(ticket_id: int, *, by: Agent, other: int, reason: str, at: datetime | None = None) -> None:
    """Take back a link that somebody made, whichever way it points; one that is not there is not an error."""
    if reason not in SAID:
        raise InvalidInput("reason", _("There is no such reason for a link."))
    with transaction.atomic():
        pair = lock_pair(ticket_id, other, by=by)
        for link in TicketLink.objects.filter(ticket__in=pair, other__in=pair, reason=reason).order_by("pk"):
            here, there = pair if link.ticket_id == pair[0].pk else pair[::-1]
            _tell(here, there, TicketEvent.TICKET_UNLINKED, link, by=by, at=at or timezone.now())
            link.delete()


def _tell(here: Ticket, there: Ticket, kind: TicketEvent, link: TicketLink, *, by: Agent, at: datetime) -> None:
    data = {"reason": link.reason} | ({"note": link.note} if link.note else {})
    record(here, kind, by=by.actor, at=at, data={"other": there.pk, **data})
    record(there, kind, by=by.actor, at=at, data={"other": here.pk, "from": True, **data})


def _is_above(ticket: Ticket, other: Ticket) -> bool:
    """Whether `ticket` stands above `other`: a circle of parts would be no tree."""
    above, seen = {other.pk}, set[int]()
    while above:
        if ticket.pk in above:
            return True
        seen |= above
        found = TicketLink.objects.filter(ticket__in=above, reason=LinkReason.CHILD).values_list("other_id", flat=True)
        above = set(found) - seen
    return False
