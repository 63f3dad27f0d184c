"""Segments of buyers that chats are given to teams by: settings.CHAT_SEGMENTS names this module, since chats stand
beside shops and know nothing of them."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.matching import orders_of_customer
from commerce.models import PURCHASES

YEAR = timedelta(days=365)
_KEPT_SECONDS = 3600
# What the best tenth of a year's buyers spent at least, by currency.
_BEST = """
SELECT currency, percentile_disc(0.9) WITHIN GROUP (ORDER BY spent) FROM (
    SELECT currency, buyer_id, sum(total - refunded) AS spent FROM commerce_order
    WHERE placed_at > %s AND status = ANY(%s) GROUP BY currency, buyer_id
) AS buyers GROUP BY currency
"""


def segments() -> list[tuple[str, str]]:
    return [
        ("bought", _("Has bought before")), ("repeat", _("Has bought twice or more")),
        ("best", _("One of the best tenth of the year's buyers")),
    ]  # fmt: skip


def segments_of(customer_id: int) -> set[str]:
    """Those a customer is in, by the orders under their proven addresses."""
    rows = list(
        orders_of_customer(customer_id)
        .filter(status__in=PURCHASES)
        .values_list("currency", "total", "refunded", "placed_at")
    )
    found = {"bought"} if rows else set()
    if len(rows) > 1:
        found.add("repeat")
    since, spent = timezone.now() - YEAR, dict[str, int]()
    for currency, total, refunded, placed_at in rows:
        if placed_at > since:
            spent[currency] = spent.get(currency, 0) + total - refunded
    if spent and any(amount >= best for currency, best in _best().items() if (amount := spent.get(currency, 0)) > 0):
        found.add("best")
    return found


def _best() -> dict[str, int]:
    kept = cache.get("commerce:best")
    if kept is None:
        with connection.cursor() as cursor:
            cursor.execute(_BEST, [timezone.now() - YEAR, [str(status) for status in PURCHASES]])
            kept = {currency: int(amount) for currency, amount in cursor.fetchall()}
        cache.set("commerce:best", kept, _KEPT_SECONDS)
    return dict(kept)
