"""Which tickets are of customers in a segment, for saved views. Asked of one ticket after the other, by the orders
under its customer's proven addresses: the same as `commerce.segments.segments_of` says of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q

from commerce.matching import PROVEN, buyers_of_orders
from commerce.models import PURCHASES, Shop
from commerce.segments import YEAR, best_spent, segments
from people.models import IdentityKind
from tickets.conditions import teach_condition
from tickets.search.orders import teach_buyers

# UNION, not OR: each half goes by an index of its own. Every piece is ours; what is asked for travels as parameters.
_BUYERS = """
SELECT b.id FROM people_identity i JOIN commerce_buyer b ON b.{column} = i.value AND b.{column} <> ''
WHERE i.kind = '{kind}' AND NOT i.suspect AND i.trust = ANY(%(proven)s)
AND i.customer_id IN (SELECT c.id FROM people_customer c WHERE c.id = {customer} OR c.merged_into_id = {customer})
"""
_OF_BUYERS = "o.status = ANY(%(purchases)s) AND o.buyer_id IN ({buyers})"
_SQL = {
    "bought": f"SELECT 1 FROM commerce_order o WHERE {_OF_BUYERS}",  # noqa: S608
    "repeat": f"SELECT 1 FROM commerce_order o WHERE {_OF_BUYERS} OFFSET 1",  # noqa: S608
    "best": f"""
        SELECT 1 FROM commerce_order o
        JOIN unnest(%(currencies)s::text[], %(least)s::bigint[]) AS mark(currency, least) ON mark.currency = o.currency
        WHERE o.placed_at > %(since)s AND {_OF_BUYERS}
        GROUP BY o.currency, mark.least HAVING sum(o.total - o.refunded) >= greatest(mark.least, 1)
    """,  # noqa: S608
}


def teach() -> None:
    teach_condition("segment", _condition, lambda: segments() if Shop.objects.exists() else [])
    teach_buyers(buyers_of_orders)


def _condition(values: tuple[object, ...], at: datetime) -> Q:
    found = Q(pk__in=[])
    for value in values:
        if value in _SQL:
            found |= Q(_Buys(str(value), _asked(str(value), at)))
    return found


def _asked(segment: str, at: datetime) -> dict[str, Any]:
    asked: dict[str, Any] = {"proven": [str(one) for one in PROVEN], "purchases": [str(one) for one in PURCHASES]}
    if segment == "best":
        best = best_spent()
        asked |= {"since": at - YEAR, "currencies": list(best), "least": list(best.values())}
    return asked


class _Buys(Func):
    """Whether the ticket's customer is in the segment."""

    output_field = BooleanField()

    def __init__(self, segment: str, asked: Mapping[str, Any]) -> None:
        super().__init__(F("customer_id"))
        self.segment, self.asked = segment, asked

    def as_sql(  # type: ignore[override]  # needs none of Func's own words
        self, compiler: Any, connection: Any, **extra: Any
    ) -> tuple[str, tuple[Any, ...]]:
        customer, _none = compiler.compile(self.source_expressions[0])
        buyers = " UNION ".join(
            _BUYERS.format(customer=customer, kind=kind, column=column)
            for kind, column in ((IdentityKind.EMAIL.value, "email"), (IdentityKind.PHONE.value, "phone"))
        )
        return _in_order(f"EXISTS ({_SQL[self.segment].format(buyers=buyers)})", self.asked)


def _in_order(sql: str, named: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Parameters by name as the ORM takes them: by place."""
    pieces = sql.split("%(")
    text, values = pieces[0], list[Any]()
    for piece in pieces[1:]:
        name, rest = piece.split(")s", 1)
        text += "%s" + rest
        values.append(named[name])
    return text, tuple(values)
