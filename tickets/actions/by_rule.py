"""What a rule may change on a ticket. Like the actions of agents, but nobody's scope bounds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from events.actors import Actor
from events.models import Event
from people.models import Agent, Team
from people.permissions import Permission
from tickets.events import TicketEvent
from tickets.models import Priority, Status, Tag, Tagging, Ticket

from .base import audience, record
from .labels import hue_of, tag_name


def assign_by_rule(ticket_id: int, *, by: Actor, agent_id: int, at: datetime, cause: Event) -> bool:
    """Give the ticket to an agent who can answer it; False if that changed nothing."""
    agent = Agent.objects.filter(pk=agent_id).first()
    with transaction.atomic():
        ticket = _open_ticket(ticket_id)
        if ticket is None or agent is None or not agent.may(Permission.REPLY) or ticket.assignee_id == agent.pk:
            return False
        before, data = audience(ticket), {"from": ticket.assignee_id, "to": agent.pk}
        ticket.assignee = agent
        ticket.save(update_fields=["assignee"])
        _record(ticket, TicketEvent.TICKET_ASSIGNED, by, at, data, cause, before)
    return True


def move_by_rule(ticket_id: int, *, by: Actor, team_id: int, at: datetime, cause: Event) -> bool:
    """Hand the ticket to a team; False if that changed nothing."""
    team = Team.objects.filter(pk=team_id).first()
    with transaction.atomic():
        ticket = _open_ticket(ticket_id)
        if ticket is None or team is None or ticket.team_id == team.pk:
            return False
        before, data = audience(ticket), {"from": ticket.team_id, "to": team.pk}
        ticket.team = team
        ticket.save(update_fields=["team"])
        _record(ticket, TicketEvent.TICKET_MOVED, by, at, data, cause, before)
    return True


def prioritise_by_rule(ticket_id: int, *, by: Actor, priority: int, at: datetime, cause: Event) -> bool:
    """Raise the priority to at least this; it is never lowered. False if that changed nothing."""
    with transaction.atomic():
        ticket = _open_ticket(ticket_id)
        if ticket is None or priority not in Priority.values or ticket.priority >= priority:
            return False
        data = {"from": ticket.priority, "to": int(priority)}
        ticket.priority = priority
        ticket.save(update_fields=["priority"])
        _record(ticket, TicketEvent.TICKET_PRIORITISED, by, at, data, cause)
    return True


def tag_by_rule(ticket_id: int, *, by: Actor, name: str, at: datetime, cause: Event) -> bool:
    """Put a tag on the ticket; False if it was there."""
    name = tag_name(name)
    with transaction.atomic():
        ticket = _open_ticket(ticket_id)
        if ticket is None:
            return False
        tag, _made = Tag.objects.get_or_create(name=name, defaults={"hue": hue_of(name)})
        _tagging, new = Tagging.objects.get_or_create(ticket=ticket, tag=tag)
        if new:
            _record(ticket, TicketEvent.TICKET_TAGGED, by, at, {"tag": tag.pk, "name": tag.name}, cause)
    return new


def _open_ticket(ticket_id: int) -> Ticket | None:
    found = Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id).exclude(status=Status.CLOSED)
    return found.first()


def _record(
    ticket: Ticket, kind: TicketEvent, by: Actor, at: datetime, data: dict[str, Any], cause: Event, before: Any = None
) -> None:
    record(ticket, kind, by=by, at=at, data=data, before=before, cause=cause)
