"""Reading what shops told: each delivery in a transaction with its outcome, so that a replay finds it done."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import DataError, transaction
from django.utils import timezone

from commerce import shopify, woocommerce
from commerce.events import SHOP_STREAM, CommerceEvent
from commerce.facts import OrderFacts, Redaction, RefundFacts, Unreadable
from commerce.keeping import keep_orders
from commerce.models import Buyer, DeliveryState, Shop, ShopDelivery, ShopKind
from commerce.streams import lock_shop
from events.actors import SYSTEM
from events.ledger import record_event

BATCH = 100
# What a delivery may break on, in our hands or in the database's. It must not come back as the first of those that
# wait: behind it stand those of all other shops.
_BROKEN = (
    Unreadable, KeyError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError, DataError,
)  # fmt: skip


def drain_shop_deliveries(*, at: datetime | None = None) -> int:
    """Read what waits, oldest first; how many deliveries. Safe in several processes at once."""
    done = 0
    while done < BATCH:
        with transaction.atomic():
            waiting = ShopDelivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("shop")
            row = waiting.filter(state=DeliveryState.STORED).order_by("id").first()
            if row is None:
                return done
            _read(row, at or timezone.now())
        done += 1
    return done


def _read(row: ShopDelivery, at: datetime) -> None:
    try:
        facts = _parse(row)
        with transaction.atomic():
            _keep(row.shop_id, facts, at)
    except _BROKEN as error:
        # Whatever it is, the bytes are kept and the reason shown; asking the shop again would bring the same.
        row.state, row.reason = DeliveryState.FAILED, f"{type(error).__name__}: {error}"[:300]
        Shop.objects.filter(pk=row.shop_id).update(trouble=row.reason)
    else:
        row.state = DeliveryState.APPLIED if facts else DeliveryState.IGNORED
        Shop.objects.filter(pk=row.shop_id).update(last_heard_at=at, trouble="")
    row.finished_at = at
    row.save(update_fields=["state", "reason", "finished_at"])


def _keep(shop_id: int, facts: list[shopify.Facts], at: datetime) -> None:
    orders = [one for one in facts if isinstance(one, OrderFacts)]
    refunds = [one for one in facts if isinstance(one, RefundFacts)]
    keep_orders(shop_id, orders, refunds, at=at)
    for one in facts:
        if isinstance(one, Redaction):
            forget_buyer(shop_id, one, at=at)


def _parse(row: ShopDelivery) -> list[shopify.Facts]:
    said = json.loads(bytes(row.body))
    if not isinstance(said, dict):
        raise Unreadable("not an object")
    if row.shop.kind == ShopKind.SHOPIFY:
        return shopify.parse(row.topic, said)
    return list(woocommerce.parse(row.topic, said))


def forget_buyer(shop_id: int, who: Redaction, *, at: datetime) -> int:
    """Take name and addresses off a buyer; orders stay as numbers. How many buyers that were."""
    found = 0
    for key in filter(None, (who.email and f"e:{who.email}", who.phone and f"p:{who.phone}")):
        for buyer in Buyer.objects.select_for_update().filter(key=key):
            buyer.key, buyer.email, buyer.phone, buyer.name = f"gone:{buyer.pk}", "", "", ""
            buyer.save()
            lock_shop(shop_id)
            data = {"buyer": buyer.pk}
            record_event((SHOP_STREAM, shop_id), CommerceEvent.BUYER_FORGOTTEN, by=SYSTEM, at=at, data=data)
            found += 1
    return found
