"""Whose ticket it is: person and team."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.models import Ticket

from .base import audience, lock_ticket, record, refuse_closed


def assign_ticket(
    ticket_id: int, *, by: Agent, assignee: Agent | None, note: int | None = None, at: datetime | None = None
) -> Ticket:
    """Give the ticket to somebody who can answer it, or back to nobody, `note` being the message that says why.
    Repeating it changes nothing."""
    if assignee is not None and not assignee.may(Permission.REPLY):
        raise InvalidInput("assignee", _("%(name)s cannot answer tickets.") % {"name": assignee})
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        new_id = assignee.pk if assignee else None
        if ticket.assignee_id == new_id:
            return ticket
        before, old_id = audience(ticket), ticket.assignee_id
        ticket.assignee = assignee
        ticket.save(update_fields=["assignee"])
        data = {"from": old_id, "to": new_id} | ({"note": note} if note else {})
        record(ticket, TicketEvent.TICKET_ASSIGNED, by=by.actor, at=at or timezone.now(), data=data, before=before)
    return ticket


def move_to_team(
    ticket_id: int, *, by: Agent, team: Team | None, note: int | None = None, at: datetime | None = None
) -> Ticket:
    """Hand the ticket to another team, `note` being the message that says why. Whoever is not in it, and not assigned,
    no longer sees it."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        new_id = team.pk if team else None
        if ticket.team_id == new_id:
            return ticket
        before, old_id = audience(ticket), ticket.team_id
        ticket.team = team
        ticket.save(update_fields=["team"])
        data = {"from": old_id, "to": new_id} | ({"note": note} if note else {})
        record(ticket, TicketEvent.TICKET_MOVED, by=by.actor, at=at or timezone.now(), data=data, before=before)
    return ticket


def pass_to_team(
    ticket: Ticket,
    *,
    by: Agent,
    team: Team,
    assignee: Agent | None = None,
    note: int | None = None,
    at: datetime,
) -> list[int]:
    """Hand a locked ticket to a team, and to a person there or to nobody; the events of that. In the order that leaves
    it in the giver's sight until both are done: whoever sees it only because it is theirs lets go of it last."""
    if by.scope.sees_place(ticket.team_id, ticket.channel_id):
        given = assign_ticket(ticket.pk, by=by, assignee=assignee, note=note, at=at)
        moved = move_to_team(ticket.pk, by=by, team=team, note=note, at=at)
    else:
        moved = move_to_team(ticket.pk, by=by, team=team, note=note, at=at)
        given = assign_ticket(ticket.pk, by=by, assignee=assignee, note=note, at=at)
    return [one.recorded for one in (given, moved) if one.recorded]
