"""One change to many tickets: a job of rows, worked off in batches by the ordinary actions.

Each batch is one transaction: the changes, their events, and what became of each row. So a killed worker leaves whole
batches behind, the next one goes on after them, and no ticket is changed twice. What a single ticket refuses is kept
with its reason; the others go on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from events.doorbell import ring
from events.ledger import record_event
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from tickets.conditions import ticket_q
from tickets.errors import DomainError, InvalidInput, NotFound, TooLate
from tickets.events import BulkEvent
from tickets.facets import Where
from tickets.fields import clean_value
from tickets.models import BulkItem, BulkJob, BulkPhase, BulkState, FieldValue, Priority, Status, Ticket, TicketField
from tickets.realtime import announce_to_agent
from tickets.statuses import is_status

from .assignment import assign_ticket, move_to_team
from .base import require
from .fields import set_field
from .labels import add_tag, remove_tag, set_priority, tag_name
from .spam import mark_spam, unmark_spam
from .status import complete_ticket, set_status, snooze_ticket
from .undo import undo_change

logger = logging.getLogger(__name__)

MOST = 20_000  # tickets of one job
MOST_NAMED = 1_000
LONGEST_VALUE = 600
BATCH = 20  # tickets locked at the same time
KEPT_FOR = timedelta(days=30)
STREAM = "bulk"

Change = Callable[[int], Ticket]


@dataclass(frozen=True, slots=True)
class Selection:
    """Tickets by number, or all of a condition but some."""

    ids: Sequence[int] = ()
    where: Where | None = None
    without: Sequence[int] = field(default=())


def start_bulk(
    selection: Selection, *, by: Agent, do: str, value: str, client_id: UUID, at: datetime | None = None
) -> BulkJob:
    """Note down the tickets, as the agent sees them now, for the workers to change. The same id is the same job."""
    at = at or timezone.now()
    require(by, Permission.EDIT_TICKETS)
    if do not in CHANGES:
        raise InvalidInput("do", _("This cannot be done to many tickets."))
    CHANGES[do](by, value, at)  # what it would refuse for every ticket is refused at once
    if len(value) > LONGEST_VALUE:
        raise InvalidInput("do", _("This is too long."))
    if len(selection.ids) > MOST_NAMED:
        raise InvalidInput("tickets", _("Select a view as a whole instead."))
    with transaction.atomic():
        job, new = BulkJob.objects.get_or_create(
            agent=by, client_id=client_id, defaults={"do": do, "value": value, "created_at": at, "worked_at": at}
        )
        if not new:
            return job
        job.total = _note_tickets(job, selection, by)
        if job.total > MOST:
            raise InvalidInput("tickets", _("These are more than %(most)d tickets: choose fewer.") % {"most": MOST})
        job.save(update_fields=["total"])
        data = {"do": do, "value": value, "tickets": job.total}
        record_event((STREAM, job.pk), BulkEvent.STARTED, by=by.actor, at=at, data=data)
        ring("bulk")
    return job


def asked_after(job: BulkJob, *, by: Agent) -> tuple[list[TicketField], list[int]]:
    """The fields for want of which a finished job did not close tickets, and those tickets, as far as `by` sees them.
    Queries follow the number of fields that are asked for, not of tickets."""
    if job.do not in ("status", "complete") or job.phase != BulkPhase.DONE or not job.refused:
        return [], []
    items = job.items.filter(state=BulkState.REFUSED)
    refused = Ticket.objects.visible_to(by).filter(pk__in=items.values("ticket"), merged_into=None)
    refused = refused.exclude(status__in=(Status.SOLVED, Status.CLOSED))
    asked, lacking = [], Q(pk__in=[])
    for one in TicketField.objects.filter(required=True, archived_at=None).order_by("position", "pk"):
        lacks = ~Q(field_values__in=FieldValue.objects.filter(field=one))
        lacks &= Q(team=one.team_id) if one.team_id else Q()
        if refused.filter(lacks).exists():
            asked.append(one)
            lacking |= lacks
    return asked, list(refused.filter(lacking).order_by("pk").values_list("pk", flat=True)[:MOST_NAMED])


def undo_bulk(job_id: int, *, by: Agent, at: datetime | None = None) -> BulkJob:
    """Have a finished job's changes taken back where nothing happened since. Repeating it changes nothing."""
    at = at or timezone.now()
    require(by, Permission.EDIT_TICKETS)
    with transaction.atomic():
        job = _lock_job(job_id, by)
        if job.phase in (BulkPhase.UNDOING, BulkPhase.UNDONE):
            return job
        _drop_waiting(job)
        job.phase, job.worked_at = BulkPhase.UNDOING, at
        job.save(update_fields=["phase", "worked_at", "refused"])
        record_event((STREAM, job.pk), BulkEvent.UNDO_STARTED, by=by.actor, at=at, data={"tickets": job.done})
        ring("bulk")
    return job


def stop_bulk(job_id: int, *, by: Agent, at: datetime | None = None) -> BulkJob:
    """Leave the tickets as they are whose turn has not come; what was changed stays so until it is taken back. A job
    that is over already is left alone."""
    at = at or timezone.now()
    require(by, Permission.EDIT_TICKETS)
    with transaction.atomic():
        job = _lock_job(job_id, by)
        if job.phase != BulkPhase.DOING:
            return job
        _drop_waiting(job)
        job.phase, job.worked_at = BulkPhase.STOPPED, at
        job.save(update_fields=["phase", "worked_at", "refused"])
        record_event((STREAM, job.pk), BulkEvent.STOPPED, by=by.actor, at=at, data=counts_of(job))
    return job


def _lock_job(job_id: int, by: Agent) -> BulkJob:
    """One's own job, once the batch that is under way is through. NotFound for those of others."""
    job = BulkJob.objects.select_for_update(of=("self",)).filter(pk=job_id, agent=by).first()
    if job is None:
        raise NotFound(_("There is no such job."))
    return job


def _drop_waiting(job: BulkJob) -> None:
    stopped = job.items.filter(state=BulkState.WAITING)
    job.refused += stopped.update(state=BulkState.REFUSED, reason=_("Stopped before its turn came."))


def work_bulk(*, at: datetime, job_id: int | None = None) -> bool:
    """Do one batch of the job that waited longest, or of this one; False when there is nothing to do.

    Safe in several processes at once: a job is worked at by one of them, in the order of ticket ids.
    """
    with transaction.atomic():
        jobs = BulkJob.objects.select_for_update(of=("self",), skip_locked=True).select_related("agent")
        jobs = jobs.filter(phase__in=(BulkPhase.DOING, BulkPhase.UNDOING))
        job = (jobs.filter(pk=job_id) if job_id else jobs).order_by("worked_at", "id").first()
        if job is None:
            return False
        undoing = job.phase == BulkPhase.UNDOING
        state = BulkState.DONE if undoing else BulkState.WAITING
        items = list(job.items.filter(state=state).order_by("ticket_id")[:BATCH])
        with translation.override(job.agent.locale):
            _work(job, items, _undo(job, items, at) if undoing else _change(job, at))
        _settle(job, items, at=at, over=len(items) < BATCH)
    return True


def sweep_bulk(*, at: datetime) -> int:
    """Forget jobs that nobody will take back any more; how many."""
    _count, rows = BulkJob.objects.filter(created_at__lt=at - KEPT_FOR).delete()
    return rows.get("tickets.BulkJob", 0)


def _note_tickets(job: BulkJob, selection: Selection, by: Agent) -> int:
    tickets = Ticket.objects.visible_to(by).order_by()
    if selection.where is None:
        tickets = tickets.filter(pk__in=selection.ids)
    else:
        tickets = tickets.filter(ticket_q(selection.where)).exclude(pk__in=selection.without)
    try:
        chosen, params = tickets.values("pk")[: MOST + 1].query.sql_with_params()
    except EmptyResultSet:  # a condition that nothing can meet, or a scope without tickets
        return 0
    # One statement, whatever the number: what was typed travels as parameters.
    statement = f"INSERT INTO tickets_bulkitem (job_id, ticket_id) SELECT %s, chosen.id FROM ({chosen}) AS chosen(id)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [job.pk, *params])
        return int(cursor.rowcount)


def _work(job: BulkJob, items: list[BulkItem], change: Change | DomainError) -> None:
    undoing = job.phase == BulkPhase.UNDOING
    for item in items:
        try:
            if isinstance(change, DomainError):
                raise change
            with transaction.atomic():
                ticket = change(item.ticket_id)
        except (DomainError, PermissionDenied) as error:
            item.state = BulkState.KEPT if undoing else BulkState.REFUSED
            item.reason = str(error)[:200]
        except OperationalError:  # a lock held too long, a database that restarts: the batch is tried again as a whole
            raise
        except Exception:  # one ticket that breaks must not stop the thousands beside it, and is shown as refused
            logger.exception("a ticket of a bulk job broke", extra={"job": job.pk, "ticket": item.ticket_id})
            item.state = BulkState.KEPT if undoing else BulkState.REFUSED
            item.reason = _("That did not work. Try again.")
        else:
            item.event_id = item.event_id if undoing else ticket.recorded
            item.state = BulkState.UNDONE if undoing else BulkState.DONE if ticket.recorded else BulkState.SAME


def _settle(job: BulkJob, items: list[BulkItem], *, at: datetime, over: bool) -> None:
    BulkItem.objects.bulk_update(items, ["state", "reason", "event_id"])
    counts = Counter(item.state for item in items)
    if job.phase == BulkPhase.UNDOING:
        added = {"undone": counts[BulkState.UNDONE], "kept": counts[BulkState.KEPT]}
        added["done"] = -sum(added.values())
    else:
        added = {name: counts[name] for name in ("done", "same", "refused")}
    if over:
        job.phase = BulkPhase.UNDONE if job.phase == BulkPhase.UNDOING else BulkPhase.DONE
    changed = {name: F(name) + number for name, number in added.items()}
    BulkJob.objects.filter(pk=job.pk).update(phase=job.phase, worked_at=at, **changed)
    job.refresh_from_db()
    if over:
        kind = BulkEvent.UNDONE if job.phase == BulkPhase.UNDONE else BulkEvent.FINISHED
        record_event((STREAM, job.pk), kind, by=job.agent.actor, at=at, data=counts_of(job))
    announce_to_agent(job.agent_id, "bulk", **progress_of(job))


def counts_of(job: BulkJob) -> dict[str, int]:
    return {name: getattr(job, name) for name in ("total", "done", "same", "refused", "undone", "kept")}


def progress_of(job: BulkJob) -> dict[str, Any]:
    """How far the job is, as a page shows it. `past` of `total` tickets are through."""
    undoing = job.phase in (BulkPhase.UNDOING, BulkPhase.UNDONE)
    back = job.undone + job.kept
    past, total = (back, back + job.done) if undoing else (job.done + job.same + job.refused, job.total)
    return counts_of(job) | {"job": job.pk, "phase": job.phase, "do": job.do, "past": past, "of": total}


def _change(job: BulkJob, at: datetime) -> Change | DomainError:
    """The job's change for one ticket; a refusal when it can be done to none any more."""
    try:
        return CHANGES[job.do](job.agent, job.value, at)
    except DomainError as error:
        return error


def _undo(job: BulkJob, items: list[BulkItem], at: datetime) -> Change:
    events = {item.ticket_id: item.event_id for item in items}

    def undo(ticket_id: int) -> Ticket:
        event_id = events[ticket_id]
        if event_id is None:
            raise TooLate(_("This cannot be undone."))
        return undo_change(ticket_id, event_id, by=job.agent, at=at)

    return undo


def _status(by: Agent, value: str, at: datetime) -> Change:
    if not is_status(value):
        raise InvalidInput("status", _("A ticket cannot be set to “%(status)s”.") % {"status": value})
    return lambda ticket_id: set_status(ticket_id, by=by, status=value, at=at)


def _complete(by: Agent, value: str, at: datetime) -> Change:
    """A status, and in each line after it a field's number and what is said there where that is missing: 12=gift."""
    status, *lines = value.split("\n")
    _status(by, status, at)
    values: dict[int, object] = {}
    for line in lines:
        number, _equals, said = line.partition("=")
        field = _known_field(number)
        values[field.pk] = clean_value(field, said)
    return lambda ticket_id: complete_ticket(ticket_id, by=by, status=status, values=values, at=at)


def _assignee(by: Agent, value: str, at: datetime) -> Change:
    agent = Agent.objects.filter(pk=_number(value), is_active=True).first() if value else None
    if value and (agent is None or not agent.may(Permission.REPLY)):
        raise InvalidInput("assignee", _("There is no such agent."))
    return lambda ticket_id: assign_ticket(ticket_id, by=by, assignee=agent, at=at)


def _team(by: Agent, value: str, at: datetime) -> Change:
    team = Team.objects.filter(pk=_number(value)).first() if value else None
    if value and team is None:
        raise InvalidInput("team", _("There is no such team."))
    return lambda ticket_id: move_to_team(ticket_id, by=by, team=team, at=at)


def _priority(by: Agent, value: str, at: datetime) -> Change:
    if _number(value) not in Priority.values:
        raise InvalidInput("priority", _("There is no such priority."))
    return lambda ticket_id: set_priority(ticket_id, by=by, priority=_number(value), at=at)


def _tag(by: Agent, value: str, at: datetime) -> Change:
    name = tag_name(value)
    return lambda ticket_id: add_tag(ticket_id, by=by, name=name, at=at)


def _untag(by: Agent, value: str, at: datetime) -> Change:
    name = tag_name(value)
    return lambda ticket_id: remove_tag(ticket_id, by=by, name=name, at=at)


def _field(by: Agent, value: str, at: datetime) -> Change:
    """`value` is the field's number and what is said in it: 12=gift."""
    number, _equals, said = value.partition("=")
    field = _known_field(number)
    clean_value(field, said)
    return lambda ticket_id: set_field(ticket_id, by=by, field_id=field.pk, value=said, at=at)


def _known_field(number: str) -> TicketField:
    field = TicketField.objects.filter(pk=_number(number), archived_at=None).first()
    if field is None:
        raise InvalidInput("fields", _("There is no such field."))
    return field


def _snooze(by: Agent, value: str, at: datetime) -> Change:
    """`value` is the moment, in full; none ends the snooze."""
    until = parse_datetime(value) if value else None
    if value and (until is None or until.tzinfo is None or until <= at):
        raise InvalidInput("until", _("Choose a time in the future."))
    return lambda ticket_id: snooze_ticket(ticket_id, by=by, until=until, at=at)


def _spam(by: Agent, value: str, at: datetime) -> Change:
    return lambda ticket_id: mark_spam(ticket_id, by=by, at=at)


def _no_spam(by: Agent, value: str, at: datetime) -> Change:
    return lambda ticket_id: unmark_spam(ticket_id, by=by, at=at)


def _number(value: str) -> int:
    return int(value) if value.isdecimal() and len(value) < 10 else 0


CHANGES: dict[str, Callable[[Agent, str, datetime], Change]] = {
    "status": _status,
    "complete": _complete,
    "assignee": _assignee,
    "team": _team,
    "priority": _priority,
    "tag": _tag,
    "untag": _untag,
    "field": _field,
    "snooze": _snooze,
    "spam": _spam,
    "no_spam": _no_spam,
}
