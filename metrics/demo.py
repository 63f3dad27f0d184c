"""The demo shop's orders, and a survey that asks its customers: so that whoever looks sees numbers that are about
something. Loaded into an empty helpdesk only, together with the demo's mail."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from commerce.facts import OrderFacts
from commerce.keeping import Kept, copy_orders
from commerce.models import OrderStatus, Shop
from metrics.models import Survey
from people.models import Identity, IdentityKind, Trust

SHOP = "Nordvik Outdoor"
# What an outdoor shop sells: title, article number, price in cents.
GOODS = (
    ("Fjellrev boots", "BOOT-FJ", 18900), ("Trail socks, pair", "SOCK-TR", 1490), ("Two-person tent", "TENT-2P", 32900),
    ("Down sleeping bag", "BAG-DWN", 24900), ("Rain jacket", "JACK-RN", 12900), ("Gas stove", "STOV-GS", 4990),
    ("Head torch", "LAMP-HD", 3490), ("Daypack, 24 l", "PACK-24", 7990), ("Tent pegs, set of ten", "PEGS-10", 1290),
    ("Water filter", "FILT-WT", 5490),
)  # fmt: skip
# Buyers who never wrote, so that "never wrote to us" has somebody.
SILENT = 220


def load_demo_orders(*, now: datetime) -> Kept | None:
    """A year of orders of the demo's customers and of others; None where there is a shop already. Always the same."""
    if Shop.objects.exists():
        return None
    draw = random.Random(1042)  # noqa: S311 - a demo throws dice, it keeps no secret
    with transaction.atomic():
        shop = Shop.objects.create(name=SHOP, key=f"{draw.getrandbits(128):032x}")
        addresses = Identity.objects.filter(kind=IdentityKind.EMAIL, suspect=False).order_by("pk")
        people = [(one.value, one.display_name) for one in addresses]
        # As the mail servers of most would have vouched for.
        proven = [one.pk for one in addresses if draw.random() < 0.8]
        Identity.objects.filter(pk__in=proven, trust=Trust.CLAIMED).update(trust=Trust.VERIFIED)
        people += [(f"buyer{n}@customer.example", f"Buyer {n}") for n in range(SILENT)]
        orders = [order for email, name in people for order in _orders(draw, email, name, now)]
        kept = copy_orders(
            shop.pk, [_numbered(order, n) for n, order in enumerate(sorted(orders, key=_placed), 48_001)]
        )
        Survey.objects.get_or_create(name="After help", defaults={"kind": "csat", "delay_minutes": 1})
    return kept


def _orders(draw: random.Random, email: str, name: str, now: datetime) -> list[OrderFacts]:
    """One buyer's: about half buy once, the others again after a month or three."""
    at = now - timedelta(days=draw.uniform(3, 360))
    found = []
    while at < now and len(found) < 6:
        items = tuple(
            {"sku": sku, "title": title, "quantity": draw.choice((1, 1, 1, 2)), "price": price}
            for title, sku, price in draw.sample(GOODS, draw.choice((1, 1, 2, 3)))
        )
        total = sum(item["quantity"] * item["price"] for item in items)
        fresh = now - at < timedelta(days=4)
        odds = ([OrderStatus.PAID, OrderStatus.SHIPPED] if fresh else
                [OrderStatus.COMPLETED] * 18 + [OrderStatus.REFUNDED, OrderStatus.CANCELLED])  # fmt: skip
        status = draw.choice(odds)
        back = total if status == OrderStatus.REFUNDED else 0
        found.append(OrderFacts(
            "", "", status, "EUR", total, at, at, email=email, name=name, refunded=back, items=items
        ))  # fmt: skip
        if draw.random() < 0.45:
            break
        at += timedelta(days=draw.uniform(20, 110))
    return found


def _placed(order: OrderFacts) -> datetime:
    return order.placed_at


def _numbered(order: OrderFacts, number: int) -> OrderFacts:
    return replace(order, external_id=str(number), number=str(number))
