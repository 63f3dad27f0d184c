"""Who all is in a segment at this moment, at once: the same as `commerce.segments.segments_of` says of one customer.
For reports that are narrowed to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from commerce.matching import PROVEN
from commerce.models import PURCHASES
from commerce.segments import YEAR, best_spent

# Every piece is ours; what is asked for travels as parameters.
_OWNED = """
WITH owned AS (
    SELECT coalesce(c.merged_into_id, c.id) AS customer, b.id AS buyer
    FROM people_identity i JOIN people_customer c ON c.id = i.customer_id
    JOIN commerce_buyer b ON b.email = i.value AND b.email <> ''
    WHERE i.kind = 'email' AND NOT i.suspect AND i.trust = ANY(%(proven)s)
    UNION
    SELECT coalesce(c.merged_into_id, c.id), b.id
    FROM people_identity i JOIN people_customer c ON c.id = i.customer_id
    JOIN commerce_buyer b ON b.phone = i.value AND b.phone <> ''
    WHERE i.kind = 'phone' AND NOT i.suspect AND i.trust = ANY(%(proven)s)
), found AS ({found})
SELECT c.id FROM people_customer c JOIN found ON found.customer = coalesce(c.merged_into_id, c.id) ORDER BY 1
"""
_ORDERS = "FROM owned JOIN commerce_order o ON o.buyer_id = owned.buyer AND o.status = ANY(%(purchases)s)"
_FOUND = {
    "bought": f"SELECT DISTINCT customer {_ORDERS}",
    "repeat": f"SELECT customer {_ORDERS} GROUP BY customer HAVING count(*) > 1",
    "best": f"""
        SELECT DISTINCT customer FROM (
            SELECT customer {_ORDERS}
            JOIN unnest(%(currencies)s::text[], %(least)s::bigint[]) AS mark(currency, least)
                ON mark.currency = o.currency
            WHERE o.placed_at > %(since)s
            GROUP BY customer, o.currency, mark.least HAVING sum(o.total - o.refunded) >= greatest(mark.least, 1)
        ) AS reached
    """,  # noqa: S608
}


def members_of(segment: str, at: datetime) -> list[int]:
    """The customers in it, with those who were joined to them. KeyError for no such segment."""
    best = best_spent() if segment == "best" else {}
    asked: dict[str, Any] = {
        "proven": [str(one) for one in PROVEN], "purchases": [str(one) for one in PURCHASES], "since": at - YEAR,
        "currencies": list(best), "least": list(best.values()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OWNED.replace("{found}", _FOUND[segment]), asked)
        return [id for (id,) in cursor.fetchall()]
