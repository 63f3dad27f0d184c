"""In which order a list is read: its view's own, or the one its address asks for."""

from __future__ import annotations

from dataclasses import replace

from tickets.models import ViewOrder

from .catalogue import View

# The others hold only some of the tickets, so with them the count and "all in this view" would mean other ones.
FREE = (ViewOrder.NEWEST, ViewOrder.OLDEST, ViewOrder.PRIORITY, ViewOrder.ELDEST, ViewOrder.YOUNGEST)


def sorted_as(view: View, asked: str) -> View:
    """The view in the order asked for; in its own where that is none, or not one for any list."""
    return replace(view, order=asked) if asked in FREE else view


def order_query(view: View, asked: str) -> str:
    """What keeps the asked order in an address: empty for the view's own."""
    return f"order={asked}" if asked in FREE and asked != view.order else ""
