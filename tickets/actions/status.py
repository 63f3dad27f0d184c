"""Where a ticket stands: open, waiting, solved, closed, snoozed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM, Actor, ActorKind
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.models import CustomStatus, Cycle, Status, Ticket
from tickets.statuses import read_status

from .base import lock_ticket, record, refuse_closed
from .fields import missing_fields, refuse_incomplete, say_field

# A solve taken back within this time was a slip: the period goes on as if it had not been.
SLIP = timedelta(seconds=60)
BATCH = 200


def set_status(ticket_id: int, *, by: Agent, status: str, at: datetime | None = None) -> Ticket:
    """Set open, pending, on hold or solved, or a status of the shop's own within these (`tickets.statuses`). `closed`
    is the timer's alone. Repeating it changes nothing."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        change_status(ticket, status, by=by.actor, at=at or timezone.now())
    return ticket


def complete_ticket(
    ticket_id: int, *, by: Agent, status: str, values: Mapping[int, object], at: datetime | None = None
) -> Ticket:
    """`set_status`, saying first what is asked for before a ticket is closed and was not said; of `values`, by field,
    no others are taken."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        for field in missing_fields(ticket):
            say_field(ticket, field, values.get(field.pk), by=by.actor, at=at)
        change_status(ticket, status, by=by.actor, at=at)
    return ticket


def change_status(ticket: Ticket, status: str, *, by: Actor, at: datetime, undoes: int | None = None) -> None:
    """`set_status` for a ticket that the caller has locked. `undoes` names the event it takes back, if it does: then
    a period that was ended goes on, however long ago that was."""
    category, named = read_status(status, team_id=ticket.team_id)
    if ticket.status == category:
        _name(ticket, named, by=by, at=at, undoes=undoes)
        return
    refuse_closed(ticket)
    if category == Status.SOLVED and by.kind == ActorKind.AGENT and not undoes:
        refuse_incomplete(ticket)
    # What a finer word adds to the fact; `state_from` is what an undo goes back to.
    said = _said(named) | ({"undoes": undoes} if undoes else {})
    if ticket.custom_status_id:
        said["state_from"] = ticket.custom_status_id
    ticket.custom_status = named
    if category == Status.SOLVED:
        _solve(ticket, by=by, at=at, said=said)
    elif ticket.status == Status.SOLVED:
        _reopen(ticket, category, by=by, at=at, said=said)
    else:
        data = {"from": ticket.status, "to": category} | said
        ticket.status = category
        ticket.save(update_fields=["status", "custom_status"])
        record(ticket, TicketEvent.TICKET_STATUS_CHANGED, by=by, at=at, data=data)


def _said(named: CustomStatus | None) -> dict[str, Any]:
    """The word as it was called then, so that the history reads the same for ever."""
    return {"state": named.pk, "label": named.name, "labels": named.names} if named else {}


def _name(ticket: Ticket, named: CustomStatus | None, *, by: Actor, at: datetime, undoes: int | None) -> None:
    """Another word within the category: nothing that goes by the category hears of it."""
    before = ticket.custom_status_id
    if before == (named.pk if named else None):
        return
    refuse_closed(ticket)
    ticket.custom_status = named
    ticket.save(update_fields=["custom_status"])
    data = {"status": ticket.status, "state_from": before} | _said(named) | ({"undoes": undoes} if undoes else {})
    record(ticket, TicketEvent.TICKET_STATUS_NAMED, by=by, at=at, data=data)


def _solve(ticket: Ticket, *, by: Actor, at: datetime, said: dict[str, Any]) -> None:
    data: dict[str, Any] = {"from": ticket.status} | said
    # What solving ends, so that it can be taken back.
    ended = {"waiting_since": ticket.waiting_since, "snoozed_until": ticket.snoozed_until}
    data |= {name: moment.isoformat() for name, moment in ended.items() if moment}
    ticket.status, ticket.solved_at = Status.SOLVED, at
    ticket.waiting_since = ticket.snoozed_until = None
    ticket.save(update_fields=["status", "custom_status", "solved_at", "waiting_since", "snoozed_until"])
    Cycle.objects.filter(ticket=ticket, solved_at=None).update(solved_at=at)
    record(ticket, TicketEvent.TICKET_SOLVED, by=by, at=at, data=data)


def _reopen(ticket: Ticket, status: str, *, by: Actor, at: datetime, said: dict[str, Any]) -> None:
    slip = "undoes" in said or (ticket.solved_at is not None and at - ticket.solved_at <= SLIP)
    last = Cycle.objects.filter(ticket=ticket).aggregate(last=Max("number"))["last"] or 0
    if slip and last:
        Cycle.objects.filter(ticket=ticket, number=last).update(solved_at=None)
    else:
        Cycle.objects.create(ticket=ticket, number=last + 1, opened_at=at)
    ticket.status, ticket.solved_at = status, None
    ticket.save(update_fields=["status", "custom_status", "solved_at"])
    data = {"to": status, "slip": bool(slip and last)} | said
    record(ticket, TicketEvent.TICKET_REOPENED, by=by, at=at, data=data)


def snooze_ticket(ticket_id: int, *, by: Agent, until: datetime | None, at: datetime | None = None) -> Ticket:
    """Put the ticket aside until a moment to come, or until the customer writes; None takes it back at once."""
    at = at or timezone.now()
    if until is not None and until <= at:
        raise InvalidInput("until", _("Choose a time in the future."))
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        if ticket.status == Status.SOLVED and until is not None:
            raise InvalidInput("until", _("A solved ticket cannot be snoozed."))
        if ticket.snoozed_until == until:
            return ticket
        set_snooze(ticket, until, by=by.actor, at=at)
    return ticket


def set_snooze(
    ticket: Ticket,
    until: datetime | None,
    *,
    by: Actor,
    at: datetime,
    undoes: int | None = None,
    reply: int | None = None,
) -> None:
    """Snooze or wake a ticket that the caller has locked; `reply` is the message it was snoozed with."""
    moments = {"until": until, "from": ticket.snoozed_until}
    data: dict[str, Any] = {name: moment.isoformat() for name, moment in moments.items() if moment}
    data |= {"undoes": undoes} if undoes else {}
    data |= {"reply": reply} if reply else {}
    ticket.snoozed_until = until
    ticket.save(update_fields=["snoozed_until"])
    record(ticket, TicketEvent.TICKET_SNOOZED if until else TicketEvent.TICKET_WOKEN, by=by, at=at, data=data)


def wake_snoozed(*, at: datetime) -> int:
    """Bring back what was snoozed until now; the number of tickets. Safe in several processes at once."""
    with transaction.atomic():
        due = Ticket.objects.select_for_update(skip_locked=True).filter(snoozed_until__lte=at)
        tickets = list(due.order_by("snoozed_until")[:BATCH])
        for ticket in tickets:
            data = {"due": ticket.snoozed_until.isoformat() if ticket.snoozed_until else None}
            ticket.snoozed_until = None
            ticket.save(update_fields=["snoozed_until"])
            record(ticket, TicketEvent.TICKET_WOKEN, by=SYSTEM, at=at, data=data)
    return len(tickets)


def close_solved(*, at: datetime) -> int:
    """Close what has been solved for `settings.CLOSE_SOLVED_AFTER_DAYS`; the number of tickets closed."""
    limit = at - timedelta(days=settings.CLOSE_SOLVED_AFTER_DAYS)
    with transaction.atomic():
        due = Ticket.objects.select_for_update(skip_locked=True).filter(status=Status.SOLVED, solved_at__lte=limit)
        tickets = list(due.order_by("solved_at")[:BATCH])
        for ticket in tickets:
            ticket.status, ticket.closed_at = Status.CLOSED, at
            ticket.save(update_fields=["status", "closed_at"])
            record(ticket, TicketEvent.TICKET_CLOSED, by=SYSTEM, at=at)
    return len(tickets)
