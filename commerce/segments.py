"""Segments and tiers of buyers: chats are given to teams by them (settings.CHAT_SEGMENTS names this module, since chats
stand beside shops and know nothing of them), and promises are made by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.matching import PROVEN
from commerce.models import PURCHASES, Order
from people.models import Customer, Identity, IdentityKind

YEAR = timedelta(days=365)
_KEPT_SECONDS = 3600
# What the best tenth of a year's buyers spent at least, and the best third, by currency.
_BEST = """
SELECT currency, percentile_disc(ARRAY[0.9, 0.6667]) WITHIN GROUP (ORDER BY spent) FROM (
    SELECT currency, buyer_id, sum(total - refunded) AS spent FROM commerce_order
    WHERE placed_at > %s AND status = ANY(%s) GROUP BY currency, buyer_id
) AS buyers GROUP BY currency
"""


@dataclass(slots=True)
class Standing:
    """How a customer stands as a buyer; `tier` is empty for who bought nothing within a year."""

    segments: set[str] = field(default_factory=set)
    tier: str = ""


def segments() -> list[tuple[str, str]]:
    return [
        ("bought", _("Has bought before")), ("repeat", _("Has bought twice or more")),
        ("best", _("One of the best tenth of the year's buyers")),
    ]  # fmt: skip


def tiers() -> list[tuple[str, str]]:
    """By what they spent within a year, the best first."""
    return [
        ("gold", _("Gold: of the best tenth of the year's buyers")), ("silver", _("Silver: of the best third")),
        ("bronze", _("Bronze: everybody else who bought within a year")),
    ]  # fmt: skip


def segments_of(customer_id: int) -> set[str]:
    """Those a customer is in, by the orders under their proven addresses."""
    return standings_of([customer_id])[customer_id].segments


def standings_of(customer_ids: Collection[int]) -> dict[int, Standing]:
    """The same and the tier of many customers, none of whom was joined to another; three queries."""
    owners = _addresses(customer_ids)
    bought: dict[int, dict[int, tuple[str, int, datetime]]] = {id: {} for id in customer_ids}
    for pk, email, phone, currency, total, refunded, placed_at in _orders(owners):
        for id in owners.get(("email", email), set()) | owners.get(("phone", phone), set()):
            bought[id][pk] = (currency, total - refunded, placed_at)
    return {id: _standing(list(orders.values())) for id, orders in bought.items()}


def _addresses(customer_ids: Collection[int]) -> dict[tuple[str, str], set[int]]:
    """Whose each proven address is."""
    family = Customer.objects.filter(Q(pk__in=customer_ids) | Q(merged_into__in=customer_ids))
    roots = {pk: root or pk for pk, root in family.values_list("pk", "merged_into")}
    proven = Identity.objects.filter(
        customer__in=roots, suspect=False, trust__in=PROVEN, kind__in=[IdentityKind.EMAIL, IdentityKind.PHONE]
    )
    owners: dict[tuple[str, str], set[int]] = defaultdict(set)
    for customer, kind, value in proven.values_list("customer", "kind", "value"):
        owners[str(kind), value].add(roots[customer])
    return owners


def _orders(owners: Collection[tuple[str, str]]) -> list[tuple[int, str, str, str, int, int, datetime]]:
    mails = [value for kind, value in owners if kind == "email"]
    phones = [value for kind, value in owners if kind == "phone"]
    if not owners:
        return []
    found = Order.objects.filter(Q(buyer__email__in=mails) | Q(buyer__phone__in=phones), status__in=PURCHASES)
    return list(
        found.values_list("pk", "buyer__email", "buyer__phone", "currency", "total", "refunded", "placed_at")
    )  # fmt: skip


def _standing(orders: list[tuple[str, int, datetime]]) -> Standing:
    found = Standing()
    if orders:
        found.segments.add("bought")
    if len(orders) > 1:
        found.segments.add("repeat")
    since, spent = timezone.now() - YEAR, dict[str, int]()
    for currency, amount, placed_at in orders:
        if placed_at > since:
            spent[currency] = spent.get(currency, 0) + amount
    paid = {currency: amount for currency, amount in spent.items() if amount > 0}
    if spent:
        found.tier = _tier(paid)
    if found.tier == "gold":
        found.segments.add("best")
    return found


def _tier(paid: dict[str, int]) -> str:
    """The best they reach in any currency."""
    marks = _best() if paid else {}
    reached = [(paid[currency] >= gold, paid[currency] >= silver)
               for currency, (gold, silver) in marks.items() if currency in paid]  # fmt: skip
    if any(gold for gold, _silver in reached):
        return "gold"
    return "silver" if any(silver for _gold, silver in reached) else "bronze"


def best_spent() -> dict[str, int]:
    """What one of the best tenth spent within a year at least, by currency; an hour old at most."""
    return {currency: gold for currency, (gold, _silver) in _best().items()}


def _best() -> dict[str, list[int]]:
    kept = cache.get("commerce:tiers")
    if kept is None:
        with connection.cursor() as cursor:
            cursor.execute(_BEST, [timezone.now() - YEAR, [str(status) for status in PURCHASES]])
            kept = {currency: [int(amount) for amount in amounts] for currency, amounts in cursor.fetchall()}
        cache.set("commerce:tiers", kept, _KEPT_SECONDS)
    return dict(kept)
