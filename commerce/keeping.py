"""The one way orders come into the database, one or a million: what is older than what we have is passed over, what
says the same again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import connection, transaction

from commerce.events import ORDER_STREAM, CommerceEvent
from commerce.facts import OrderFacts, RefundFacts, buyer_key
from events.actors import SYSTEM, Actor
from events.ledger import NewEvent, record_events

_COLUMNS = (
    ("key", "text"), ("email", "text"), ("phone", "text"), ("name", "text"), ("external_id", "text"),
    ("number", "text"), ("status", "text"), ("currency", "text"), ("total", "bigint"), ("refunded", "bigint"),
    ("placed_at", "timestamptz"), ("changed_at", "timestamptz"), ("items", "text"), ("tracking", "text"),
)  # fmt: skip
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_FROM_ARRAYS = f"unnest({', '.join(f'%({name})s::{kind}[]' for name, kind in _COLUMNS)}) AS i({_NAMES})"
_FROM_TABLE = "commerce_incoming AS i"
_TABLE = (
    "CREATE TEMP TABLE IF NOT EXISTS commerce_incoming "
    f"({', '.join(f'{name} {kind}' for name, kind in _COLUMNS)}) ON COMMIT DROP"
)
# Sorted, so that two who bring the same orders at once wait for each other and do not lock crosswise.
_BUYERS = """
INSERT INTO commerce_buyer AS b (key, email, phone, name)
SELECT DISTINCT ON (key) key, email, phone, name FROM {source} ORDER BY key, changed_at DESC
ON CONFLICT (key) DO UPDATE SET
    email = COALESCE(NULLIF(EXCLUDED.email, ''), b.email), phone = COALESCE(NULLIF(EXCLUDED.phone, ''), b.phone),
    name = COALESCE(NULLIF(EXCLUDED.name, ''), b.name)
WHERE (EXCLUDED.email <> '' AND EXCLUDED.email <> b.email) OR (EXCLUDED.phone <> '' AND EXCLUDED.phone <> b.phone)
   OR (EXCLUDED.name <> '' AND EXCLUDED.name <> b.name)
"""
_ORDERS = """
INSERT INTO commerce_order AS o (shop_id, external_id, number, buyer_id, status, currency, total, refunded, placed_at,
                                 changed_at, items, tracking)
SELECT DISTINCT ON (i.external_id) %(shop)s, i.external_id, i.number, b.id, i.status, i.currency, i.total,
       COALESCE(i.refunded, (SELECT sum(r.amount) FROM commerce_refund r
                             WHERE r.shop_id = %(shop)s AND r.order_id_there = i.external_id), 0),
       i.placed_at, i.changed_at, i.items::jsonb, i.tracking
FROM {source} JOIN commerce_buyer b ON b.key = i.key
ORDER BY i.external_id, i.changed_at DESC
ON CONFLICT (shop_id, external_id) DO UPDATE SET
    number = EXCLUDED.number, buyer_id = EXCLUDED.buyer_id, status = EXCLUDED.status, currency = EXCLUDED.currency,
    total = EXCLUDED.total, refunded = EXCLUDED.refunded, placed_at = EXCLUDED.placed_at,
    changed_at = EXCLUDED.changed_at, items = EXCLUDED.items, tracking = EXCLUDED.tracking
WHERE o.changed_at <= EXCLUDED.changed_at
  AND (o.number, o.buyer_id, o.status, o.currency, o.total, o.refunded, o.placed_at, o.changed_at, o.items, o.tracking)
      IS DISTINCT FROM (EXCLUDED.number, EXCLUDED.buyer_id, EXCLUDED.status, EXCLUDED.currency, EXCLUDED.total,
                        EXCLUDED.refunded, EXCLUDED.placed_at, EXCLUDED.changed_at, EXCLUDED.items, EXCLUDED.tracking)
RETURNING o.id, o.xmax = 0, o.status, o.refunded
"""
_COUNTED = "WITH done AS ({orders}) SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM done"
_REFUNDS = """
INSERT INTO commerce_refund (shop_id, external_id, order_id_there, amount, at)
SELECT %(shop)s, * FROM unnest(%(ids)s::text[], %(orders)s::text[], %(amounts)s::bigint[], %(ats)s::timestamptz[])
ON CONFLICT (shop_id, order_id_there, external_id) DO UPDATE SET amount = EXCLUDED.amount, at = EXCLUDED.at
"""
_GIVEN_BACK = """
UPDATE commerce_order o SET refunded = r.amount
FROM (SELECT order_id_there, sum(amount) AS amount FROM commerce_refund
      WHERE shop_id = %(shop)s AND order_id_there = ANY(%(orders)s) GROUP BY 1) r
WHERE o.shop_id = %(shop)s AND o.external_id = r.order_id_there AND o.refunded <> r.amount
RETURNING o.id, false, o.status, o.refunded
"""


@dataclass(frozen=True, slots=True)
class Kept:
    added: int
    changed: int


def keep_orders(
    shop_id: int, orders: Sequence[OrderFacts], refunds: Sequence[RefundFacts] = (), *, at: datetime, by: Actor = SYSTEM
) -> Kept:
    """Keep a few orders and refunds, each change with an event of the order. Safe twice, at once and out of order."""
    told: list[tuple[int, bool, str, int]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        if refunds:
            cursor.execute(_REFUNDS, _refund_columns(shop_id, refunds))
        if orders:
            rows = list(zip(*(_row(shop_id, facts) for facts in orders), strict=True))
            values = {name: list(column) for (name, _), column in zip(_COLUMNS, rows, strict=True)}
            cursor.execute(_BUYERS.format(source=_FROM_ARRAYS), values)
            cursor.execute(_ORDERS.format(source=_FROM_ARRAYS), values | {"shop": shop_id})
            told += cursor.fetchall()
        if refunds:
            named = sorted({refund.order_external_id for refund in refunds})
            cursor.execute(_GIVEN_BACK, {"shop": shop_id, "orders": named})
            told += cursor.fetchall()
        record_events([
            NewEvent((ORDER_STREAM, id), CommerceEvent.ORDER_PLACED if added else CommerceEvent.ORDER_CHANGED, by, at,
                     {"shop": shop_id, "status": status, "refunded": refunded})
            for id, added, status, refunded in sorted(told)
        ])  # fmt: skip
    added = sum(new for _, new, _, _ in told)
    return Kept(added, len(told) - added)


def copy_orders(shop_id: int, orders: Iterable[OrderFacts]) -> Kept:
    """The same for a stretch of a file, by COPY and without an event an order: the import as a whole has one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute("TRUNCATE commerce_incoming")
        with cast(Any, cursor).copy(f"COPY commerce_incoming ({_NAMES}) FROM STDIN") as copy:
            for facts in orders:
                copy.write_row(_row(shop_id, facts))
        cursor.execute(_BUYERS.format(source=_FROM_TABLE))
        counted = _COUNTED.format(
            orders=_ORDERS.format(source=_FROM_TABLE).replace("o.xmax = 0", "o.xmax = 0 AS added")
        )
        cursor.execute(counted, {"shop": shop_id})
        return Kept(*cursor.fetchone())


def _row(shop_id: int, facts: OrderFacts) -> tuple[Any, ...]:
    return (
        buyer_key(facts, shop_id), facts.email, facts.phone, facts.name, facts.external_id, facts.number,
        str(facts.status), facts.currency, facts.total, facts.refunded, facts.placed_at, facts.changed_at,
        json.dumps(facts.items), facts.tracking,
    )  # fmt: skip


def _refund_columns(shop_id: int, refunds: Sequence[RefundFacts]) -> dict[str, Any]:
    once = {(one.order_external_id, one.external_id): one for one in refunds}.values()
    return {
        "shop": shop_id, "ids": [one.external_id for one in once], "orders": [one.order_external_id for one in once],
        "amounts": [one.amount for one in once], "ats": [one.at for one in once],
    }  # fmt: skip
