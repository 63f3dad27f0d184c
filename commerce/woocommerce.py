"""WooCommerce's webhooks. Pure: bytes in, facts out. There is no topic for refunds: they come as `order.updated`."""

from __future__ import annotations

from typing import Any

from commerce.facts import OrderFacts, RefundFacts, address, clean, currency_code, minor, moment, phone
from commerce.models import OrderStatus

ORDERS = ("order.created", "order.updated", "order.restored")
_STATUS = {
    "pending": OrderStatus.PENDING, "on-hold": OrderStatus.PENDING, "checkout-draft": OrderStatus.PENDING,
    "processing": OrderStatus.PAID, "completed": OrderStatus.COMPLETED, "cancelled": OrderStatus.CANCELLED,
    "refunded": OrderStatus.REFUNDED, "failed": OrderStatus.FAILED, "trash": OrderStatus.CANCELLED,
}  # fmt: skip


def parse(topic: str, said: dict[str, Any]) -> list[OrderFacts | RefundFacts]:
    """The facts of one delivery; none for other topics. A deleted order is told with its number alone: nothing to
    keep, so that history stays. Unreadable, KeyError, TypeError."""
    return [_order(said)] if topic in ORDERS else []


def _order(said: dict[str, Any]) -> OrderFacts:
    currency = currency_code(said["currency"])
    billing = said.get("billing") or {}
    refunds = [abs(minor(one.get("total") or 0, currency)) for one in said.get("refunds") or []]
    return OrderFacts(
        external_id=clean(said["id"], 64), number=clean(said.get("number") or said["id"], 40),
        # A status of some plugin's own is a paid order on its way.
        status=_STATUS.get(str(said.get("status")), OrderStatus.PAID), currency=currency,
        total=minor(said["total"], currency), placed_at=moment(said["date_created_gmt"]),
        changed_at=moment(said["date_modified_gmt"]), email=address(billing.get("email")),
        phone=phone(billing.get("phone")),
        name=clean(f"{billing.get('first_name') or ''} {billing.get('last_name') or ''}", 200),
        buyer_there=clean(said.get("customer_id") or "", 64),
        # The list is whole each time, so a refund that was taken back is gone from it.
        refunded=sum(refunds),
        items=tuple(
            {"sku": clean(item.get("sku"), 60), "title": clean(item.get("name"), 120),
             "quantity": int(item.get("quantity") or 0), "price": minor(item.get("price") or 0, currency)}
            for item in (said.get("line_items") or [])[:50]
        ),
    )  # fmt: skip
