"""Orders for the demo shop: those its customers write about, what they bought before, and a year of other buyers."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from commerce.actions import save_shop
from commerce.facts import OrderFacts
from commerce.keeping import copy_orders, keep_orders
from commerce.models import OrderStatus, ShopKind
from people.models import Agent, Identity, IdentityKind
from tickets.models import Message, MessageKind

GOODS = (
    ("FJ-42", "Fjellrev boots", 18900), ("SK-M", "Skagen rain jacket", 24900), ("LO-S", "Lofoten wool sweater", 12900),
    ("BI-2", "Bivvy tent for two", 32900), ("PR-1", "Camp stove", 6400), ("TR-1", "Tromsø hat", 3900),
    ("MS-2", "Merino socks, 2 pairs", 2400), ("RC-1", "Rain cover", 2400),
)  # fmt: skip
_FIRST = (
    "Anna", "Lars", "Ivan", "Olha", "Mia", "Jonas", "Emma", "Petro", "Nora", "Taras", "Ida", "Marek", "Clara", "Yuri",
    "Elsa", "Oleh", "Maja", "Felix", "Iryna", "Sven",
)  # fmt: skip
_LAST = (
    "Berg", "Koval", "Lind", "Moreno", "Shevchuk", "Olsen", "Novak", "Weber", "Haas", "Bondar", "Dahl", "Rossi",
    "Melnyk", "Krüger", "Vik", "Tkach",
)  # fmt: skip
_NUMBER = re.compile(r"\b4[0-9]{4}\b")
BUYERS = 420


def fill_orders(by: Agent, at: datetime) -> None:
    """Fill an empty shop. The same for everybody who loads the demo on the same day."""
    dice = random.Random(48213)  # noqa: S311  decides what a demonstration shows, nothing secret
    shop = save_shop(None, by=by, name="Nordvik Outdoor", kind=ShopKind.OTHER, address="nordvik.example")
    keep_orders(shop.pk, list(_of_customers(dice, at)), at=at, by=by.actor)
    copy_orders(shop.pk, _of_others(dice, at))


def _of_customers(dice: random.Random, at: datetime) -> Iterator[OrderFacts]:
    people = Identity.objects.filter(kind=IdentityKind.EMAIL).exclude(customer=None).select_related("customer")
    spare = 40000
    for person in people.order_by("value"):
        said = Message.objects.filter(identity=person, kind=MessageKind.INBOUND).order_by("at")
        named: dict[str, datetime] = {}
        words = ""
        for subject, text, when in said.values_list("subject", "text", "at"):
            words += f" {subject} {text}".lower()
            for number in _NUMBER.findall(f"{subject} {text}"):
                named.setdefault(number, when)
        for number, when in named.items():
            placed = when - timedelta(days=dice.randint(3, 9), minutes=dice.randint(0, 700))
            meant = [good for good in GOODS if good[1].split()[0].lower() in words]
            yield _order(dice, number, person.value, person.customer.name, placed, OrderStatus.SHIPPED, meant)
        for _ in range(dice.choice((0, 1, 1, 2, 3, 5)) if named else dice.choice((0, 0, 1, 2))):
            spare += dice.randint(3, 40)
            placed = at - timedelta(days=dice.randint(20, 420), minutes=dice.randint(0, 1400))
            yield _order(dice, str(spare), person.value, person.customer.name, placed, OrderStatus.COMPLETED)


def _of_others(dice: random.Random, at: datetime) -> Iterator[OrderFacts]:
    number = 20000
    for buyer in range(BUYERS):
        first, last = dice.choice(_FIRST), dice.choice(_LAST)
        address = f"{first}.{last}{buyer}@mail.example".lower().replace("ü", "ue")
        placed = at - timedelta(days=dice.randint(0, 480), minutes=dice.randint(0, 1400))
        while placed < at:
            number += 1
            done = OrderStatus.REFUNDED if dice.random() < 0.04 else OrderStatus.COMPLETED
            status = OrderStatus.SHIPPED if at - placed < timedelta(days=4) else done
            yield _order(dice, str(number), address, f"{first} {last}", placed, status)
            if dice.random() > 0.42:
                break
            placed += timedelta(days=dice.expovariate(1 / 75) + 5)


def _order(
    dice: random.Random,
    number: str,
    email: str,
    name: str,
    placed: datetime,
    status: OrderStatus,
    meant: Sequence[tuple[str, str, int]] = (),
) -> OrderFacts:
    """With the goods that are `meant`, or some."""
    drawn = [(dice.choice(GOODS), dice.choice((1, 1, 1, 2))) for _ in range(dice.choice((1, 1, 2, 3)))]
    chosen = [(good, 1) for good in meant] or drawn
    items = tuple(
        {"sku": sku, "title": title, "quantity": count, "price": price} for (sku, title, price), count in chosen
    )
    total = sum(price * count for (_sku, _title, price), count in chosen)
    return OrderFacts(
        external_id=number, number=number, status=status, currency="EUR", total=total, placed_at=placed,
        changed_at=placed + timedelta(days=1), email=email, name=name, items=items,
        refunded=total if status == OrderStatus.REFUNDED else 0,
    )  # fmt: skip
