"""Whose orders are a customer's: asked by addresses that are proven to be theirs, never by what somebody claims."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from commerce.models import PURCHASES, Order
from people.identities import family
from people.models import Identity, IdentityKind, Trust

PROVEN = (Trust.SIGNED, Trust.VERIFIED)


@dataclass(frozen=True, slots=True)
class Bought:
    """A customer's orders, newest first, with what they have spent by currency. `unproven`: orders that stand under an
    address the customer only claims; they are counted and not shown."""

    orders: list[Order]
    count: int
    spent: list[tuple[str, int]]
    unproven: int


def orders_of_customer(customer_id: int) -> QuerySet[Order]:
    """Orders under the customer's proven addresses."""
    return _under(_identities(customer_id).filter(trust__in=PROVEN))


def bought_by(customer_id: int, *, most: int = 5) -> Bought:
    """What the ticket's side shows. Four queries."""
    found = orders_of_customer(customer_id)
    spent: dict[str, int] = {}
    rows = list(found.values_list("currency", "total", "refunded", "status"))
    for currency, total, refunded, status in rows:
        if status in PURCHASES:
            spent[currency] = spent.get(currency, 0) + max(0, total - refunded)
    unproven = _under(_identities(customer_id).exclude(trust__in=PROVEN)).count()
    newest = list(found.select_related("shop").order_by("-placed_at", "-pk")[:most])
    return Bought(newest, len(rows), sorted(spent.items()), unproven)


def _identities(customer_id: int) -> QuerySet[Identity]:
    kinds = [IdentityKind.EMAIL, IdentityKind.PHONE]
    return Identity.objects.filter(customer__in=family(customer_id), suspect=False, kind__in=kinds)


def _under(identities: QuerySet[Identity]) -> QuerySet[Order]:
    mail = identities.filter(kind=IdentityKind.EMAIL).values("value")
    phones = identities.filter(kind=IdentityKind.PHONE).values("value")
    return Order.objects.filter(Q(buyer__email__in=mail) | Q(buyer__phone__in=phones))
