"""Keeping the rows of a ticket's clocks in step with its history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from events.actors import SYSTEM
from events.ledger import NewEvent, record_events
from events.models import Event
from metrics.events import SlaEvent
from metrics.models import Clock as Row
from metrics.models import Watch
from metrics.rules import StoredRules, newest_rules
from tickets.actions import NO_DEADLINE, Deadline, show_deadline
from tickets.events import ticket_stream
from tickets.models import DueState, Ticket

from .customers import note_customer
from .history import Told, read_history, steps_of
from .machine import Clock, Key, State, clocks_of

# What follows from the history; the rest of a row (`told`, `next_at`) says what was made of it.
FIELDS = ("rules_id", "policy_id", "seconds", "message_id", "state", "started_at", "due_at", "alarms", "breached_at",
          "stopped_at", "reason", "answered_by", "used_seconds", "wall_seconds", "channel_id", "team_id")  # fmt: skip


def keep_clocks(event: Event) -> None:
    """The subscriber: bring the ticket's clocks to where its history is now. A replay finds that done."""
    if not Watch.objects.filter(ticket=event.stream_id, sequence__gte=event.sequence).exists():
        plan_ticket(event.stream_id, event_id=event.pk)


def plan_ticket(ticket_id: int, *, event_id: int) -> list[Row]:
    """Work out the ticket's clocks from its whole history and keep what differs, in one transaction."""
    with transaction.atomic():
        ticket = lock_with_channel(ticket_id)
        if ticket is None:
            return []
        history, rules = read_history(ticket_id), newest_rules()
        if history:
            history += note_customer(ticket, history, rules=rules, now=database_now)
        rows = {key_of(row): row for row in Row.objects.filter(ticket=ticket)}
        found = work_out(ticket, history, rows, rules)
        kept = _keep(ticket, rows, found)
        _tell_late(ticket, kept)
        if history:
            Watch.objects.update_or_create(ticket=ticket, defaults={"sequence": history[-1].sequence})
        show_deadline(ticket, deadline_of(kept), event_id=event_id)
    return kept


def lock_with_channel(ticket_id: int) -> Ticket | None:
    tickets = Ticket.objects.select_for_update(of=("self",)).select_related("channel")
    return tickets.filter(pk=ticket_id).first()


def work_out(
    ticket: Ticket, history: Iterable[Told], rows: dict[Key, Row], rules: int | None = None
) -> dict[Key, dict[str, Any]]:
    """The fields of every clock by the history, and by the rules each known one started with; `sla.replanned` in the
    history leads on to those it has."""
    return {clock.key: fields_of(clock, ticket) for clock in clocks_from(ticket, history, rows, rules)}


def clocks_from(ticket: Ticket, history: Iterable[Told], rows: dict[Key, Row], rules: int | None = None) -> list[Clock]:
    """The clocks themselves, with the stretches they ran in."""
    steps = steps_of(ticket, history)
    recorded = {key: row.first_rules_id for key, row in rows.items()}
    return clocks_of(steps, StoredRules(recorded, rules or newest_rules())) if steps else []


def key_of(row: Row) -> Key:
    return row.cycle, row.target, row.number


def fields_of(clock: Clock, ticket: Ticket) -> dict[str, Any]:
    """A clock as its row keeps it."""
    stopped = clock.stopped_at
    return {
        "rules_id": clock.rules, "policy_id": clock.terms.policy_id if clock.terms else 0,
        "seconds": int(clock.target.total_seconds()) if clock.target else 0, "message_id": clock.message,
        "state": clock.state.value if clock.target else State.CANCELLED.value, "started_at": clock.started_at,
        "due_at": clock.due_at, "breached_at": clock.breached_at, "stopped_at": stopped, "reason": clock.reason,
        "alarms": [[percent, at.isoformat()] for percent, at in clock.alarms()] if clock.is_open else [],
        "answered_by": clock.answered_by,
        "used_seconds": clock.used(stopped).total_seconds() if stopped else None,
        "wall_seconds": (stopped - clock.started_at).total_seconds() if stopped else None,
        "channel_id": ticket.channel_id, "team_id": ticket.team_id,
    }  # fmt: skip


def _keep(ticket: Ticket, rows: dict[Key, Row], found: dict[Key, dict[str, Any]]) -> list[Row]:
    """Insert, update and delete what differs; the rows as they are then."""
    gone = [row.pk for key, row in rows.items() if key not in found]
    if gone:
        Row.objects.filter(pk__in=gone).delete()
    new, changed, kept = [], [], []
    for key, fields in found.items():
        row = rows.get(key)
        if row is None:
            cycle, target, number = key
            row = Row(ticket=ticket, cycle=cycle, target=target, number=number, first_rules_id=fields["rules_id"])
            new.append(row)
        elif any(getattr(row, name) != value for name, value in fields.items()):
            changed.append(row)
        for name, value in fields.items():
            setattr(row, name, value)
        row.next_at = next_alarm(row)
        kept.append(row)
    Row.objects.bulk_create(new)
    if changed:
        Row.objects.bulk_update(changed, [*_STORED, "next_at"])
    return kept


_STORED = tuple(name.removesuffix("_id") if name == "rules_id" else name for name in FIELDS)


def next_alarm(row: Row) -> datetime | None:
    """The next moment of which nobody was told yet; None while it stands or is over."""
    if row.state != State.RUNNING:
        return None
    ahead = [datetime.fromisoformat(at) for percent, at in row.alarms if percent > row.told]
    return min(ahead, default=None)


def _tell_late(ticket: Ticket, rows: list[Row]) -> None:
    """Tell of a deadline that was missed before anybody looked: answered late, or changed after it had passed."""
    late = [row for row in rows if row.breached_at is not None and row.told < 100]
    if not late:
        return
    now = database_now()
    record_events([
        NewEvent(ticket_stream(ticket.pk), SlaEvent.BREACHED, SYSTEM, now, told_of(row, 100)) for row in late
    ])  # fmt: skip
    for row in late:
        row.told, row.next_at = 100, None
    Row.objects.bulk_update(late, ["told", "next_at"])


def database_now() -> datetime:
    """The database's clock: workers may disagree about the time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def told_of(row: Row, percent: int) -> dict[str, Any]:
    """What the event of an alarm says."""
    due = row.breached_at or row.due_at
    return {
        "clock": row.pk, "target": row.target, "cycle": row.cycle, "number": row.number, "percent": percent,
        "policy": row.policy_id, "rules": row.rules_id, "due": due.isoformat() if due else None,
    }  # fmt: skip


def deadline_of(rows: list[Row]) -> Deadline:
    """What the ticket's row shows: the nearest deadline of those that run, else that one stands."""
    open_rows = [row for row in rows if row.stopped_at is None and row.seconds]
    due = sorted((row for row in open_rows if row.due_at), key=lambda row: (row.due_at, row.pk))
    if not due:
        if not open_rows:
            return NO_DEADLINE
        return Deadline(DueState.PAUSED, open_rows[0].target)
    nearest = due[0]
    warnings = [datetime.fromisoformat(at) for percent, at in nearest.alarms if percent < 100]
    late = nearest.told >= 100 or nearest.breached_at is not None
    return Deadline(
        DueState.LATE if late else DueState.RUNNING, nearest.target, nearest.due_at,
        min(warnings, default=nearest.due_at), max(warnings, default=nearest.due_at),
    )  # fmt: skip
