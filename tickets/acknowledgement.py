"""When a ticket's arrival is to be acknowledged: the reaction in helpdesk/subscribers.py, the action behind it."""

from __future__ import annotations

from events.models import Event
from tickets.actions import acknowledge_ticket
from tickets.events import TicketEvent

DUE = (TicketEvent.ACKNOWLEDGEMENT_DUE,)


def acknowledge(event: Event) -> None:
    acknowledge_ticket(event.stream_id)
