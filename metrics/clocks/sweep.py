"""Telling of warnings and missed deadlines when their moment comes.

What is due is found by a partial index, so a look costs what is due, not what is open. Tickets somebody is writing to
at this moment are left for the next look; tickets another worker holds likewise, so nothing is told twice and nobody
waits. The database's clock decides: workers may disagree about the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from events.actors import SYSTEM
from events.ledger import NewEvent, record_events
from metrics.events import SlaEvent
from metrics.models import Clock
from tickets.actions import show_overdue
from tickets.events import ticket_stream
from tickets.models import Ticket
from tickets.realtime import announce

from .keeping import next_alarm, told_of

BATCH = 500
# `statement_timestamp` is stable, so the index can be entered at it; with `clock_timestamp` each look reads it whole.
_DUE = """
SELECT ticket_id, statement_timestamp() FROM metrics_clock
WHERE next_at <= statement_timestamp() ORDER BY next_at LIMIT %s
"""


def sweep(limit: int = BATCH) -> int:
    """Tell of what is due by now, each alarm once; the number of clocks. Zero also when others hold what is due."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [limit])
        due = cursor.fetchall()
    if not due:
        return 0
    with transaction.atomic():
        tickets = Ticket.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in={id for id, _ in due})
        held = list(tickets.order_by("pk").values_list("pk", flat=True))
        now = max(now for _, now in due)
        clocks = list(Clock.objects.filter(ticket__in=held, next_at__lte=now).order_by("next_at", "pk"))
        _tell(clocks, now)
    return len(clocks)


def _tell(clocks: list[Clock], now: datetime) -> None:
    events: list[NewEvent] = []
    missed: dict[int, datetime] = {}
    for clock in clocks:
        percent = reached(clock, now)
        kind = SlaEvent.BREACHED if percent == 100 else SlaEvent.WARNED
        if percent == 100:
            assert clock.due_at is not None  # the alarm of 100 is the deadline
            missed[clock.ticket_id] = min(clock.due_at, missed.get(clock.ticket_id, clock.due_at))
        events.append(NewEvent(ticket_stream(clock.ticket_id), kind, SYSTEM, now, told_of(clock, percent)))
        clock.told = percent
        clock.next_at = next_alarm(clock)
    recorded = record_events(events)
    Clock.objects.bulk_update(clocks, ["told", "next_at"])
    show_overdue(missed)
    for clock, event in zip(clocks, recorded, strict=True):
        announce(
            clock.ticket_id, kind=str(SlaEvent.WARNED if clock.told < 100 else SlaEvent.BREACHED), event_id=event.id
        )


def reached(clock: Clock, now: datetime) -> int:
    """The highest alarm whose moment has come; what was slept through below it is not told any more."""
    come: Iterable[int] = (percent for percent, at in clock.alarms if datetime.fromisoformat(at) <= now)
    return max(come)
