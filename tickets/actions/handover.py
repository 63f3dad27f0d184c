"""Giving a ticket to somebody with a word about it, and following one that is not one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.models import Follow, Message, Ticket

from .assignment import assign_ticket, pass_to_team
from .base import require
from .notes import add_note


@dataclass(frozen=True, slots=True)
class Handed:
    """The note, and the events that an undo takes back; the note stays, since it may have been read."""

    note: Message
    changes: list[int]


def hand_over(
    ticket_id: int,
    *,
    by: Agent,
    note: str,
    to: Agent | None = None,
    team: Team | None = None,
    client_id: UUID | None = None,
    at: datetime | None = None,
) -> Handed:
    """Write a note and give the ticket to a person or a team. The same `client_id` again: the same."""
    at = at or timezone.now()
    if to is None and team is None:
        raise InvalidInput("to", _("Choose a person or a team."))
    with transaction.atomic():
        # First the note: whoever hands it out of their own sight could not write it afterwards.
        written = add_note(ticket_id, by=by, text=note, client_id=client_id, at=at)
        if team is not None:
            ticket = Ticket.objects.get(pk=ticket_id)
            changes = pass_to_team(ticket, by=by, team=team, assignee=to, note=written.pk, at=at)
        else:
            given = assign_ticket(ticket_id, by=by, assignee=to, note=written.pk, at=at)
            changes = [given.recorded] if given.recorded else []
    return Handed(written, changes)


def follow_ticket(ticket_id: int, *, by: Agent, on: bool = True) -> bool:
    """Be told of what happens on the ticket, or no longer; whether that is so now. Theirs alone, so no event."""
    require(by, Permission.READ_TICKETS)
    if not Ticket.objects.visible_to(by).filter(pk=ticket_id).exists():
        raise NotFound(_("There is no such ticket."))
    if on:
        Follow.objects.get_or_create(ticket_id=ticket_id, agent=by)
    else:
        Follow.objects.filter(ticket_id=ticket_id, agent=by).delete()
    return on
