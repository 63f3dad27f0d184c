"""A visitor's orders: shown and attached only for whom the shop has signed, with the address it signed. What a page
says of an order (`setContext`) proves nothing: it only chooses among those."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings

from events.models import Event
from livechat.events import ChatEvent
from livechat.models import Visitor
from tickets.events import TICKET_STREAM


def latest_order_for(visitor: Visitor) -> dict[str, Any] | None:
    """What the widget's home shows: {number, state, placed (ms)}; None for whom no signature proves."""
    card = _keeper().latest_order(visitor.email) if _is_proven(visitor) else None
    if card is None:
        return None
    return {"number": card.number, "state": card.state, "placed": int(card.placed_at.timestamp() * 1000)}


def own_order(visitor: Visitor, number: str) -> str:
    """The number, if that order is proven to be the visitor's; empty otherwise."""
    card = _keeper().order_of(visitor.email, number) if number and _is_proven(visitor) else None
    return card.number if card else ""


def order_named(ticket_id: int) -> str:
    """The number that the chat was last said to be about, by whomever; empty for none."""
    about = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id, kind=ChatEvent.ASKED_ABOUT)
    return str(about.order_by("-sequence").values_list("data__order", flat=True).first() or "")


def order_beside(visitor: Visitor, *numbers: str) -> Any:
    """The order that agents see: the first of these numbers that is the visitor's own, else their newest."""
    if not _is_proven(visitor):
        return None
    keeper = _keeper()
    found = (keeper.order_of(visitor.email, number) for number in numbers if number)
    return next((card for card in found if card), None) or keeper.latest_order(visitor.email)


def _is_proven(visitor: Visitor) -> bool:
    return bool(visitor.subject and visitor.email and visitor.email_signed)


def _keeper() -> ModuleType:
    return import_module(settings.CHAT_ORDERS)


def proven_address(channel_id: int, thread: str) -> str:
    """The address that the shop has signed for whoever talks in this thread; "" for everybody else. What
    `settings.CHAT_PROOFS` names is asked by a sibling."""
    if len(thread) != 32 or not set(thread) <= set("0123456789abcdef"):
        return ""
    visitor = Visitor.objects.filter(channel=channel_id, public_id=thread).first()
    return visitor.email if visitor is not None and _is_proven(visitor) else ""
