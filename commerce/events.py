"""What happens to shops and orders, noun.past."""

from __future__ import annotations

from enum import StrEnum


class CommerceEvent(StrEnum):
    ORDER_PLACED = "order.placed"
    ORDER_CHANGED = "order.changed"
    ORDERS_IMPORTED = "orders.imported"
    BUYER_FORGOTTEN = "buyer.forgotten"
    SHOP_SAVED = "shop.saved"
    SHOP_REMOVED = "shop.removed"
    IMPORT_STARTED = "import.started"


ORDER_STREAM, SHOP_STREAM = "order", "shop"
