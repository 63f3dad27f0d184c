"""Orders as chats speak of them: settings.CHAT_ORDERS names this module, since chats stand beside shops and know
nothing of them. Asked by an address that the shop itself has signed, never by one that somebody typed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from commerce.models import Order
from commerce.pages.money import write_money

SHOWN = 3


class Card(NamedTuple):
    """One order for people. `state` is its status as programs name it, `items` the first few as "2 × Socks"."""

    number: str
    state: str
    status: str
    total: str
    items: list[str]
    tracking: str
    shop: str
    placed_at: datetime


def latest_order(email: str) -> Card | None:
    """The newest order under this address."""
    return _card(_newest(email))


def order_of(email: str, number: str) -> Card | None:
    """The newest order of this number under this address; a number of somebody else finds nothing."""
    bare = number.strip().lstrip("#")
    return _card(_newest(email, number__in=(bare, f"#{bare}"))) if bare else None


def _newest(email: str, **more: object) -> Order | None:
    if not email:
        return None
    found = Order.objects.filter(buyer__email=email.lower(), **more).exclude(number="")
    return found.select_related("shop").order_by("-placed_at", "-pk").first()


def _card(order: Order | None) -> Card | None:
    if order is None:
        return None
    items = [f"{item.get('quantity', 1)} × {item.get('title', '')}" for item in order.items[:SHOWN]]
    return Card(
        order.number.lstrip("#"), order.status, str(order.get_status_display()),
        write_money(order.total, order.currency), items, order.tracking, order.shop.name, order.placed_at,
    )  # fmt: skip
