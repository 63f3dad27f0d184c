"""Steps back: how an answer says what takes back what was just done."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tickets.models import Ticket


def undoing(ticket_id: int, *changes: int) -> dict[str, Any]:
    """The address that takes these changes of a ticket back; nothing when there are none."""
    named = "&".join(f"change={event}" for event in changes)
    return {"undo": f"{reverse('ticket_undo', args=[ticket_id])}?{named}"} if changes else {}


def undoable(ticket: Ticket) -> dict[str, Any]:
    """The event that `undo` takes back; nothing when nothing was changed."""
    return {"change": ticket.recorded} if ticket.recorded else {}


def told(ticket: Ticket, said: str) -> dict[str, Any]:
    """What was done in words, with its event and its way back."""
    return {"said": said} | undoable(ticket) | (undoing(ticket.pk, ticket.recorded) if ticket.recorded else {})
