"""What happens to the tickets of who leaves: those that were given to them by itself go back into their team's queue.

What a person assigned stays as they said, unless its owner is no agent any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, QuerySet, Value, When

from events.actors import SYSTEM
from people.availability import gone_since
from people.hours import shift_over
from people.models import Availability, Presence
from tickets.actions.base import audience, record
from tickets.events import TicketEvent
from tickets.models import Assigning, Method, Status, Ticket

from .giving import last_assignments


def take_back_from_leavers(*, at: datetime) -> int:
    """Put tickets of who left since the last look back into the queues; the number of tickets.

    Looks at the few rows of people, and at tickets of those alone who left, or whose shift ended, and were not looked
    at since.
    """
    number = 0
    for rule in Assigning.objects.exclude(method=Method.OFF).order_by("pk"):
        people = Availability.objects.filter(agent__memberships__team=rule.pk).annotate(gone=_is_gone(rule, at))
        for row in people.select_related("agent"):
            why, known = _why(rule, row, at), rule.pk in row.let_go
            if bool(why) == known:
                continue
            if why:
                number += sum(take_back(ticket_id, row, why, at=at) for ticket_id in _left_behind(row, rule.pk))
            let_go = [*row.let_go, rule.pk] if why else [team for team in row.let_go if team != rule.pk]
            same = Availability.objects.filter(pk=row.pk, said=row.said, left_at=row.left_at, let_go=row.let_go)
            same.update(let_go=let_go)
    return number


def take_back_if_left(ticket: Ticket, *, at: datetime) -> bool:
    """The same for one ticket that is open again while its owner is gone."""
    rule = Assigning.objects.filter(pk=ticket.team_id).exclude(method=Method.OFF).first()
    if rule is None or ticket.assignee_id is None:
        return False
    people = Availability.objects.filter(pk=ticket.assignee_id).annotate(gone=_is_gone(rule, at))
    row = people.select_related("agent").first()
    if row is None or not (why := _why(rule, row, at)):
        return False
    return _was_given(row, [ticket.pk]) == [ticket.pk] and take_back(ticket.pk, row, why, at=at)


def take_back(ticket_id: int, row: Availability, why: str, *, at: datetime) -> bool:
    """Put one ticket back, and say why; False if it is not theirs any more, or waits for nobody."""
    with transaction.atomic():
        theirs = _open_tickets(row.agent_id).filter(pk=ticket_id)
        ticket = theirs.select_for_update(of=("self",)).first()
        if ticket is None:
            return False
        before = audience(ticket)
        ticket.assignee = None
        ticket.save(update_fields=["assignee"])
        data = {"from": row.agent_id, "to": None, "auto": {"why": why}}
        record(ticket, TicketEvent.TICKET_ASSIGNED, by=SYSTEM, at=at, data=data, before=before)
    return True


def _why(rule: Assigning, row: Any, at: datetime) -> str:
    """Why somebody (with `gone`) cannot see to their tickets; "" while they can. A page left open overnight is no sign
    of somebody at work: who is past the end of their shift for as long as others may be away counts as away too."""
    if not row.agent.is_active:
        return "left"
    if row.said == Presence.OFF:
        return "off"
    if row.gone:
        return "away"
    calendar = row.calendar if row.calendar is not None else rule.calendar
    grace = _grace(rule)
    return "shift" if grace is not None and shift_over(calendar, grace, at=at) else ""


def _grace(rule: Assigning) -> timedelta | None:
    return timedelta(minutes=rule.away_minutes) if rule.away_minutes is not None else None


def _is_gone(rule: Assigning, at: datetime) -> Case:
    grace = _grace(rule)
    gone = gone_since(at - grace if grace is not None else None)
    return Case(When(gone, then=Value(True)), default=Value(False), output_field=BooleanField())


def _left_behind(row: Availability, team_id: int) -> list[int]:
    ids = list(_open_tickets(row.agent_id).filter(team=team_id).order_by("pk").values_list("pk", flat=True))
    return _was_given(row, ids)


def _was_given(row: Availability, ticket_ids: list[int]) -> list[int]:
    """Which of an agent's tickets may be taken from them: those nobody gave them by hand."""
    if not ticket_ids or not row.agent.is_active:
        return ticket_ids
    return [event.stream_id for event in last_assignments(ticket_ids) if "auto" in event.data]


def _open_tickets(agent_id: int) -> QuerySet[Ticket]:
    return Ticket.objects.filter(assignee=agent_id, status=Status.OPEN, snoozed_until=None)
