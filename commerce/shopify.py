"""Shopify's webhooks. Pure: bytes in, facts out. What is documented: docs/shops.md."""

from __future__ import annotations

from typing import Any

from commerce.facts import (
    OrderFacts,
    Redaction,
    RefundFacts,
    address,
    clean,
    currency_code,
    minor,
    moment,
    phone,
)
from commerce.models import OrderStatus

ORDERS = ("orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled")
Facts = OrderFacts | RefundFacts | Redaction


def parse(topic: str, said: dict[str, Any]) -> list[Facts]:
    """The facts of one delivery; none for topics that are not about orders. Unreadable, KeyError, TypeError."""
    if topic in ORDERS:
        return [] if said.get("test") else [_order(said), *_refunds(said)]
    if topic == "refunds/create":
        return [_refund(said, str(said["order_id"]))]
    if topic == "customers/redact":
        customer = said.get("customer") or {}
        return [Redaction(address(customer.get("email")), phone(customer.get("phone")))]
    return []


def _order(said: dict[str, Any]) -> OrderFacts:
    currency = currency_code(said["currency"])
    customer = said.get("customer") or {}
    name = f"{customer.get('first_name') or ''} {customer.get('last_name') or ''}"
    sent = said.get("fulfillments") or []
    return OrderFacts(
        external_id=clean(said["id"], 64), number=clean(said.get("name") or said.get("order_number"), 40),
        status=_status(said), currency=currency, total=minor(said["total_price"], currency),
        placed_at=moment(said["created_at"]), changed_at=moment(said["updated_at"]),
        email=address(said.get("email") or customer.get("email")),
        phone=phone(said.get("phone") or customer.get("phone")), name=clean(name, 200),
        buyer_there=clean(customer.get("id"), 64),
        items=tuple(
            {"sku": clean(item.get("sku"), 60), "title": clean(item.get("title"), 120),
             "quantity": int(item.get("quantity") or 0), "price": minor(item.get("price") or 0, currency)}
            for item in (said.get("line_items") or [])[:50]
        ),
        tracking=clean(sent[-1].get("tracking_url") or sent[-1].get("tracking_number"), 200) if sent else "",
    )  # fmt: skip


def _status(said: dict[str, Any]) -> str:
    if said.get("cancelled_at"):
        return OrderStatus.CANCELLED
    paid = said.get("financial_status")
    if paid == "refunded":
        return OrderStatus.REFUNDED
    if paid in ("pending", "authorized", None):
        return OrderStatus.PENDING
    if paid in ("voided", "expired"):
        return OrderStatus.CANCELLED
    return OrderStatus.SHIPPED if said.get("fulfillment_status") == "fulfilled" else OrderStatus.PAID


def _refunds(said: dict[str, Any]) -> list[RefundFacts]:
    return [_refund(one, str(said["id"])) for one in said.get("refunds") or []]


def _refund(said: dict[str, Any], order: str) -> RefundFacts:
    """Money that went back: successful transactions of kind refund; subtotals are only what it was for."""
    done = [t for t in said.get("transactions") or [] if t.get("kind") == "refund" and t.get("status") == "success"]
    amount = sum(minor(t["amount"], currency_code(t["currency"])) for t in done)
    return RefundFacts(clean(said["id"], 64), clean(order, 64), amount, moment(said["created_at"]))
