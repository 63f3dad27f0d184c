"""Counting again: every clock from the raw events, beside the row that says how it went."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from events.models import Event
from tickets.events import TICKET_STREAM
from tickets.models import Ticket

from .clocks.history import Told, read_history
from .clocks.keeping import deadline_of, key_of, work_out
from .clocks.machine import Key
from .events import SlaEvent
from .models import Clock, Watch

BATCH = 500


def differences(*, after: int = 0) -> Iterator[str]:
    """One line for each row that is not what its ticket's events say. Reads only."""
    last = after
    while True:
        ids = list(Ticket.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return
        for ticket_id in ids:
            yield from ticket_differences(ticket_id)
        last = ids[-1]


def ticket_differences(ticket_id: int) -> list[str]:
    """The same for one ticket, in one snapshot; what its subscriber has not heard of yet is no difference."""
    with transaction.atomic():
        ticket = Ticket.objects.select_related("channel").filter(pk=ticket_id).first()
        if ticket is None:
            return []
        history = read_history(ticket_id)
        watch = Watch.objects.filter(ticket=ticket_id).first()
        rows = {key_of(row): row for row in Clock.objects.filter(ticket=ticket_id)}
        known = [one for one in history if watch and one.sequence <= watch.sequence]
        if len(known) < len(history) and known:
            return []
        return [f"#{ticket_id} {line}" for line in _compare(ticket, history if watch else [], rows)]


def _compare(ticket: Ticket, history: list[Told], rows: dict[Key, Clock]) -> Iterator[str]:
    found = work_out(ticket, history, rows)
    for key in sorted({*rows, *found}, key=str):
        if key not in found or key not in rows:
            yield f"{key}: {'no such clock follows from the events' if key in rows else 'its row is missing'}"
            continue
        for name, value in found[key].items():
            if (kept := getattr(rows[key], name)) != value:
                yield f"{key}: {name} is {kept!r}, the events say {value!r}"
    shown = deadline_of(list(rows.values()))
    if (shown.state, shown.at) != (ticket.due_state, ticket.next_due_at):
        yield f"shows {ticket.due_state!r} {ticket.next_due_at}, its clocks say {shown.state!r} {shown.at}"
    yield from _alarms(ticket, rows)


def _alarms(ticket: Ticket, rows: dict[Key, Clock]) -> Iterator[str]:
    """Each deadline that was missed was told of exactly once."""
    told = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk, kind=SlaEvent.BREACHED)
    breached = sorted((event.data["cycle"], event.data["target"], event.data["number"]) for event in told)
    expected = sorted(key for key, row in rows.items() if row.told == 100)
    if breached != expected:
        yield f"told of missed deadlines of clocks {breached}, rows say {expected}"
