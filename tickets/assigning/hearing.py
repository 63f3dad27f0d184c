"""Which facts may let somebody be given a ticket: each asks the teams it touches to be looked at. No ticket is read but
its own, and no team without a rule costs more than one query."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import F

from events.doorbell import ring
from events.models import Event
from people.availability import availability_of
from people.models import Agent, Membership
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Assigning, Method, Status, Ticket

from .leaving import take_back_if_left

# A ticket comes to wait for somebody, or somebody has one less.
_TICKET = {
    TicketEvent.TICKET_OPENED, TicketEvent.TICKET_REOPENED, TicketEvent.TICKET_ASSIGNED, TicketEvent.TICKET_MOVED,
    TicketEvent.TICKET_STATUS_CHANGED, TicketEvent.TICKET_SOLVED, TicketEvent.TICKET_SNOOZED,
    TicketEvent.TICKET_WOKEN, TicketEvent.TICKET_MERGED, TicketEvent.TICKET_UNMERGED,
    TicketEvent.TICKET_MARKED_SPAM, TicketEvent.TICKET_UNMARKED_SPAM,
}  # fmt: skip
_AGENT = {"agent.created", "agent.changed", "agent.availability_changed", "agent.limits_changed"}
HEARD = frozenset(map(str, _TICKET)) | _AGENT
_OPEN_AGAIN = {TicketEvent.TICKET_REOPENED, TicketEvent.TICKET_STATUS_CHANGED, TicketEvent.TICKET_WOKEN}


def ask_for_an_owner(event: Event) -> None:
    """Have the queues looked at that this fact may have changed."""
    ruled = set(Assigning.objects.exclude(method=Method.OFF).values_list("pk", flat=True))
    if not ruled:
        return
    touched = _by_ticket(event) if event.stream_type == TICKET_STREAM else _by_agent(event)
    ask(ruled & touched)


def _by_ticket(event: Event) -> set[int]:
    ticket = Ticket.objects.filter(pk=event.stream_id).first()
    if ticket is None or event.data.get("historic"):
        return set()
    if event.kind in _OPEN_AGAIN and ticket.status == Status.OPEN:
        take_back_if_left(ticket, at=event.at)
    owners = {ticket.assignee_id, event.data.get("from") if event.kind == TicketEvent.TICKET_ASSIGNED else None}
    teams = {ticket.team_id, event.data.get("from") if event.kind == TicketEvent.TICKET_MOVED else None}
    return _teams_of(owners) | {team for team in teams if team is not None}


def _by_agent(event: Event) -> set[int]:
    if not Agent.objects.filter(pk=event.stream_id, is_active=True).exists():
        row = availability_of(event.stream_id)
        row.let_go = []
        row.save(update_fields=["let_go"])
    return _teams_of({event.stream_id})


def _teams_of(agents: Collection[Any]) -> set[int]:
    known = [agent for agent in agents if agent is not None]
    return set(Membership.objects.filter(agent__in=known).values_list("team_id", flat=True)) if known else set()


def ask(teams: Collection[int]) -> None:
    """Have these teams' queues looked at, once this transaction is committed."""
    if teams:
        # In order, so that two who ask for the same teams do not wait for each other.
        rows = Assigning.objects.filter(pk__in=teams).order_by("pk").select_for_update()
        Assigning.objects.filter(pk__in=[row.pk for row in rows]).update(asked=F("asked") + 1)
        ring("assign")
