"""Whose orders are a customer's: asked by addresses that are proven to be theirs, never by what somebody claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from commerce.models import PURCHASES, Buyer, Order
from people.identities import family
from people.models import Customer, Identity, IdentityKind, Trust

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


MOST_BUYERS = 50


def buyers_of_orders(numbers: Sequence[str]) -> list[int]:
    """Customers under whose proven addresses stand orders of these numbers, with or without #. One query."""
    spelled = {form for number in numbers for form in (number, number.upper(), f"#{number}", f"#{number.upper()}")}
    buyers = Buyer.objects.filter(orders__number__in=sorted(spelled))
    proven = Identity.objects.filter(suspect=False, trust__in=PROVEN)
    mail = proven.filter(kind=IdentityKind.EMAIL, value__in=buyers.exclude(email="").values("email"))
    phones = proven.filter(kind=IdentityKind.PHONE, value__in=buyers.exclude(phone="").values("phone"))
    known = mail.values("customer_id").union(phones.values("customer_id"))
    # Tickets stay with the customer they came from, also when two are one person.
    survivors = Customer.objects.filter(pk__in=known, merged_into__isnull=False).values("merged_into")
    people = Customer.objects.filter(Q(pk__in=known) | Q(pk__in=survivors) | Q(merged_into__in=known))
    return list(people.order_by("-pk").values_list("pk", flat=True)[:MOST_BUYERS])


def _identities(customer_id: int) -> QuerySet[Identity]:
    kinds = [IdentityKind.EMAIL, IdentityKind.PHONE]
    return Identity.objects.filter(customer__in=family(customer_id), suspect=False, kind__in=kinds)


def _under(identities: QuerySet[Identity]) -> QuerySet[Order]:
    mail = identities.filter(kind=IdentityKind.EMAIL).values("value")
    phones = identities.filter(kind=IdentityKind.PHONE).values("value")
    return Order.objects.filter(Q(buyer__email__in=mail) | Q(buyer__phone__in=phones))
