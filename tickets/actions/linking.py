"""Tickets that have to do with each other, and why an agent says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from people.models import Agent
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.events import TicketEvent
from tickets.models import LinkReason, Ticket, TicketLink

from .base import record
from .relocation import lock_pair
from .undo import own_event

# What an agent may say; the others are the door's own reasons.
SAID = (LinkReason.RELATED, LinkReason.CHILD, LinkReason.DUPLICATE)
# That they are not one is said too, so that nobody suggests it again; it links nothing.
_SAID = (*SAID, LinkReason.DISTINCT)
_UNDONE = (TicketEvent.TICKET_LINKED, TicketEvent.TICKET_UNLINKED)
_BOTH_WAYS = (LinkReason.RELATED, LinkReason.DUPLICATE, LinkReason.DISTINCT)


def link_tickets(
    ticket_id: int, *, by: Agent, other: int, reason: str, note: str = "", at: datetime | None = None,
    undoes: int | None = None,
) -> TicketLink:  # fmt: skip
    """Say that a ticket is part of another (`child`), or has to do with it. Repeating it changes nothing."""
    if reason not in _SAID:
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
            _tell(here, there, TicketEvent.TICKET_LINKED, link, by=by, at=at or timezone.now(), undoes=undoes)
    return link


def unlink_tickets(
    ticket_id: int, *, by: Agent, other: int, reason: str, at: datetime | None = None, undoes: int | None = None
) -> int | None:
    """Take back a link that somebody made, whichever way it points; one that is not there is not an error. Gives the
    event that tells of it on `ticket_id`, for whoever may want it back."""
    if reason not in _SAID:
        raise InvalidInput("reason", _("There is no such reason for a link."))
    with transaction.atomic():
        pair = lock_pair(ticket_id, other, by=by)
        for link in TicketLink.objects.filter(ticket__in=pair, other__in=pair, reason=reason).order_by("pk"):
            here, there = pair if link.ticket_id == pair[0].pk else pair[::-1]
            _tell(here, there, TicketEvent.TICKET_UNLINKED, link, by=by, at=at or timezone.now(), undoes=undoes)
            link.delete()
    return next(one.recorded for one in pair if one.pk == ticket_id)


def undo_link(ticket_id: int, event_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Take back a link, or the taking away of one, that this event of the agent's own tells of. Repeating it changes
    nothing; TooLate when the two were linked or unlinked in this way since; NotFound for an event of somebody else."""
    with transaction.atomic():
        event = own_event(ticket_id, event_id, by)
        if event is None or event.kind not in _UNDONE or event.data.get("reason") not in _SAID:
            raise NotFound(_("There is no such ticket."))
        other, reason = event.data["other"], event.data["reason"]
        lock_pair(ticket_id, other, by=by)
        since = Event.objects.filter(stream_type=event.stream_type, stream_id=ticket_id, kind__in=_UNDONE)
        later = since.filter(sequence__gt=event.sequence, data__other=other, data__reason=reason).order_by("sequence")
        if (first := later.first()) is not None:
            if first.data.get("undoes") == event.pk:
                return
            raise TooLate(_("Something happened on this ticket meanwhile."))
        if event.kind == TicketEvent.TICKET_LINKED:
            unlink_tickets(ticket_id, by=by, other=other, reason=reason, at=at, undoes=event.pk)
            return
        one, two = (other, ticket_id) if event.data.get("from") else (ticket_id, other)
        note = event.data.get("note", "")
        link_tickets(one, by=by, other=two, reason=reason, note=note, at=at, undoes=event.pk)


def _tell(
    here: Ticket, there: Ticket, kind: TicketEvent, link: TicketLink, *, by: Agent, at: datetime, undoes: int | None
) -> None:
    data: dict[str, Any] = {"reason": link.reason} | ({"note": link.note} if link.note else {})
    data |= {"undoes": undoes} if undoes else {}
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
