"""What the list shows of a deadline. Reckoned by whoever watches promises (metrics); written here alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce, Least

from tickets.models import DueState, Ticket
from tickets.realtime import announce


@dataclass(frozen=True, slots=True)
class Deadline:
    """The nearest promise: when it is due, and from when on the list shows it amber, then red."""

    state: str = DueState.NONE
    target: str = ""
    at: datetime | None = None
    amber_at: datetime | None = None
    red_at: datetime | None = None


NO_DEADLINE = Deadline()


def show_deadline(ticket: Ticket, deadline: Deadline, *, event_id: int) -> bool:
    """Put a deadline on a ticket the caller has locked; False if it showed that already.

    No event: a deadline follows from the events there are, and can be worked out from them again.
    """
    shown = Deadline(ticket.due_state, ticket.due_target, ticket.next_due_at, ticket.due_amber_at, ticket.due_red_at)
    if shown == deadline:
        return False
    ticket.due_state, ticket.due_target, ticket.next_due_at = deadline.state, deadline.target, deadline.at
    ticket.due_amber_at, ticket.due_red_at = deadline.amber_at, deadline.red_at
    ticket.save(update_fields=["due_state", "due_target", "next_due_at", "due_amber_at", "due_red_at"])
    announce(ticket.pk, kind="ticket.due", event_id=event_id)
    return True


def show_overdue(missed: Mapping[int, datetime]) -> None:
    """Mark tickets (id: deadline missed), which the caller has locked, as overdue. The caller announces it."""
    for ticket_id, due in missed.items():
        nearest = Least(Coalesce(F("next_due_at"), due), due)
        Ticket.objects.filter(pk=ticket_id).update(due_state=DueState.LATE, next_due_at=nearest)
