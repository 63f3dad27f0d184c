"""The lock under which a shop's own events are written."""

from __future__ import annotations

from django.db import connection


def lock_shop(shop_id: int) -> None:
    """Let nobody else write into the shop's stream until the transaction ends. 0 stands for all shops together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('commerce.shop', %s))", [shop_id])
