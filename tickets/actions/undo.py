"""Taking one's own last change of a ticket back, as long as nothing else happened to the ticket meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from events.actors import ActorKind
from events.models import Event
from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Priority, Status, Tag, Tagging, Ticket, TicketField
from tickets.statuses import word_before

from .base import audience, record, refuse_closed, require
from .fields import say_field
from .participants import leave_undecided
from .spam import bring_back, put_aside
from .status import change_status, set_snooze

# What happens to a ticket by itself, as mail leaves and deadlines pass, is no reason to leave it as it is.
PASSING = ("delivery.", "sla.", "acknowledgement.", "images.", "folding.", "storm.", "reminder.", "macro.", "survey.")
PASSING_KINDS = frozenset({
    TicketEvent.MESSAGE_SENT, TicketEvent.MESSAGE_HELD, TicketEvent.MESSAGE_REACTED, TicketEvent.MESSAGE_FILED,
    TicketEvent.ADDRESS_RESTORED,
})  # fmt: skip

Inverse = Callable[[Ticket, Event, Agent, datetime], None]


def undo_change(ticket_id: int, event_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Take back the change that this event of the agent's own tells of. Repeating it changes nothing.

    TooLate when the ticket was changed since, by whomever; NotFound for an event of somebody else. A change that took
    the ticket out of the agent's own sight can be taken back too: it was theirs, and nothing has happened since.
    """
    require(by, Permission.EDIT_TICKETS)
    with transaction.atomic():
        event = own_event(ticket_id, event_id, by)
        tickets = (
            Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id) if event else Ticket.objects.none()
        )
        if event is None or (ticket := tickets.first()) is None:
            raise NotFound(_("There is no such ticket."))
        inverse = _INVERSES.get(event.kind)
        if inverse is None:
            raise InvalidInput("event", _("This cannot be undone."))
        later = _later(event)
        if any(one.data.get("undoes") == event.pk for one in later):
            return ticket
        if _changed(later):
            raise TooLate(_("Something happened on this ticket meanwhile."))
        if event.kind != TicketEvent.TICKET_MARKED_SPAM:
            refuse_closed(ticket)
        inverse(ticket, event, by, at or timezone.now())
    return ticket


def undo_changes(ticket_id: int, event_ids: Sequence[int], *, by: Agent, at: datetime | None = None) -> None:
    """`undo_change` for what was done together, the last first: all of it or nothing."""
    with transaction.atomic():
        for event_id in sorted(event_ids, reverse=True):
            undo_change(ticket_id, event_id, by=by, at=at)


def own_event(ticket_id: int, event_id: int, by: Agent) -> Event | None:
    """An event of the ticket that tells of a change of this agent's."""
    own = Event.objects.filter(actor_kind=ActorKind.AGENT, actor_id=by.pk)
    return own.filter(pk=event_id, stream_type=TICKET_STREAM, stream_id=ticket_id).first()


def _later(event: Event) -> list[Event]:
    stream = Event.objects.filter(stream_type=event.stream_type, stream_id=event.stream_id)
    return list(stream.filter(sequence__gt=event.sequence).order_by("sequence")[:200])


def _changed(later: list[Event]) -> bool:
    """Whether any of these changed the ticket. A change and its undo cancel out, so one can go back step by step."""
    undone = {one.data.get("undoes") for one in later}
    return any(
        not (one.kind.startswith(PASSING) or one.kind in PASSING_KINDS or one.pk in undone or "undoes" in one.data)
        for one in later
    )


def _assigned(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    agent_id = event.data.get("from")
    agent = Agent.objects.filter(pk=agent_id).first() if agent_id else None
    if agent_id and (agent is None or not agent.may(Permission.REPLY)):
        raise TooLate(_("Whoever had this ticket before cannot take it any more."))
    _put(ticket, TicketEvent.TICKET_ASSIGNED, "assignee", agent, event, by, at)


def _moved(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    team_id = event.data.get("from")
    team = Team.objects.filter(pk=team_id).first() if team_id else None
    if team_id and team is None:
        raise TooLate(_("The team this ticket was in is gone."))
    _put(ticket, TicketEvent.TICKET_MOVED, "team", team, event, by, at)


def _put(
    ticket: Ticket, kind: TicketEvent, name: str, value: Agent | Team | None, event: Event, by: Agent, at: datetime
) -> None:
    before = audience(ticket)
    setattr(ticket, name, value)
    ticket.save(update_fields=[name])
    data = {"from": event.data.get("to"), "to": event.data.get("from"), "undoes": event.pk}
    record(ticket, kind, by=by.actor, at=at, data=data, before=before)


def _prioritised(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    ticket.priority = Priority(event.data["from"])
    ticket.save(update_fields=["priority"])
    data = {"from": event.data["to"], "to": event.data["from"], "undoes": event.pk}
    record(ticket, TicketEvent.TICKET_PRIORITISED, by=by.actor, at=at, data=data)


def _tagged(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    Tagging.objects.filter(ticket=ticket, tag=event.data["tag"]).delete()
    record(ticket, TicketEvent.TICKET_UNTAGGED, by=by.actor, at=at, data=_tag_data(event))


def _untagged(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    tag = Tag.objects.filter(pk=event.data["tag"]).first()
    if tag is None:
        raise TooLate(_("This tag is gone."))
    Tagging.objects.get_or_create(ticket=ticket, tag=tag)
    record(ticket, TicketEvent.TICKET_TAGGED, by=by.actor, at=at, data=_tag_data(event))


def _field(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    field = TicketField.objects.filter(pk=event.data["field"]).first()
    if field is None:
        raise TooLate(_("This field is gone."))
    try:
        say_field(ticket, field, event.data["from"], by=by.actor, at=at, undoes=event.pk)
    except InvalidInput as error:  # a choice that is none any more
        raise TooLate(error.message) from error


def _tag_data(event: Event) -> dict[str, Any]:
    return {"tag": event.data["tag"], "name": event.data["name"], "undoes": event.pk}


def _snoozed(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    """Back to the snooze there was; to none if that would be over by now."""
    before = parse_datetime(event.data.get("from") or "")
    set_snooze(ticket, before if before and before > at else None, by=by.actor, at=at, undoes=event.pk)


def _solved(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    """Open again as it was: who waited goes on waiting since then, what was snoozed sleeps on."""
    change_status(
        ticket, word_before(event.data, event.data.get("from") or Status.OPEN), by=by.actor, at=at, undoes=event.pk
    )
    ticket.waiting_since = parse_datetime(event.data.get("waiting_since") or "")
    ticket.save(update_fields=["waiting_since"])
    snoozed = parse_datetime(event.data.get("snoozed_until") or "")
    if snoozed and snoozed > at:
        set_snooze(ticket, snoozed, by=by.actor, at=at, undoes=event.pk)


def _status(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    change_status(ticket, word_before(event.data, event.data["from"]), by=by.actor, at=at, undoes=event.pk)


def _reopened(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    change_status(ticket, word_before(event.data, Status.SOLVED), by=by.actor, at=at, undoes=event.pk)


def _named(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    change_status(ticket, word_before(event.data, ticket.status), by=by.actor, at=at, undoes=event.pk)


def _marked_spam(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    bring_back(ticket, event, event.data.get("blocked", ()), by=by.actor, at=at, undoes=event.pk)


def _unmarked_spam(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    put_aside(ticket, event.data.get("allowed", ()), by=by.actor, at=at, undoes=event.pk)


def _decided(ticket: Ticket, event: Event, by: Agent, at: datetime) -> None:
    leave_undecided(ticket, event, by=by.actor, at=at)


_INVERSES: dict[str, Inverse] = {
    TicketEvent.TICKET_ASSIGNED: _assigned,
    TicketEvent.TICKET_MOVED: _moved,
    TicketEvent.TICKET_PRIORITISED: _prioritised,
    TicketEvent.TICKET_FIELD_SET: _field,
    TicketEvent.TICKET_TAGGED: _tagged,
    TicketEvent.TICKET_UNTAGGED: _untagged,
    TicketEvent.TICKET_SNOOZED: _snoozed,
    TicketEvent.TICKET_WOKEN: _snoozed,
    TicketEvent.TICKET_SOLVED: _solved,
    TicketEvent.TICKET_STATUS_CHANGED: _status,
    TicketEvent.TICKET_STATUS_NAMED: _named,
    TicketEvent.TICKET_REOPENED: _reopened,
    TicketEvent.PARTICIPANT_ACCEPTED: _decided,
    TicketEvent.PARTICIPANT_REFUSED: _decided,
    TicketEvent.TICKET_MARKED_SPAM: _marked_spam,
    TicketEvent.TICKET_UNMARKED_SPAM: _unmarked_spam,
}
