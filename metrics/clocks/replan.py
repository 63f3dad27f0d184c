"""Open clocks after an edit of policies or calendars: planned anew, each with an event that says so."""

from __future__ import annotations

from django.db import connection, transaction

from events.actors import SYSTEM
from events.ledger import record_event
from metrics.events import SlaEvent
from metrics.models import Clock
from metrics.rules import newest_rules
from tickets.events import ticket_stream

from .customers import changed_customers
from .keeping import database_now, lock_with_channel, plan_ticket

BATCH = 200
# One step in a partial index that holds open clocks only: nothing to do is nothing to read.
_OLD = """
SELECT DISTINCT ticket_id FROM (
    SELECT ticket_id FROM metrics_clock WHERE stopped_at IS NULL AND rules_id < %s ORDER BY rules_id LIMIT %s) old
"""
_WAITING = "SELECT count(DISTINCT ticket_id) FROM metrics_clock WHERE stopped_at IS NULL AND rules_id < %s"


def replan_all(limit: int = BATCH) -> int:
    """Plan some tickets anew that have open clocks of older rules; how many. Zero when none are left."""
    newest = newest_rules()
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [newest, limit])
        ids = [id for (id,) in cursor.fetchall()]
    for ticket_id in ids:
        replan_ticket(ticket_id, newest)
    return len(ids)


def replan_ticket(ticket_id: int, rules: int) -> None:
    """Record that new rules count for the ticket from now on, and plan by them. Repeating it changes nothing."""
    with transaction.atomic():
        ticket = lock_with_channel(ticket_id)
        if ticket is None or not Clock.objects.filter(ticket=ticket, stopped_at=None, rules__lt=rules).exists():
            return
        stream = ticket_stream(ticket_id)
        event = record_event(stream, SlaEvent.REPLANNED, by=SYSTEM, at=database_now(), data={"rules": rules})
        plan_ticket(ticket_id, event_id=event.id)


def replan_changed_customers() -> int:
    """Plan some tickets anew of whose customer something else is true by now (they bought again, a year has passed);
    how many. What is noted and what follows are one transaction a ticket."""
    ids = changed_customers()
    for ticket_id in ids:
        plan_ticket(ticket_id, event_id=0)
    return len(ids)


def waiting_for_replan() -> int:
    """How many tickets still have clocks of older rules."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [newest_rules()])
        return int(cursor.fetchone()[0])
