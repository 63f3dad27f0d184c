"""Keeping what came in, byte for byte, before anyone tries to understand it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from events.doorbell import ring

# One statement stores the delivery and its bytes for every mailbox. A sender that did not hear our "250" and comes
# again brings the same bytes: the row is there, and what was said the first time is said again.
_STORE = """
WITH stored AS (
    INSERT INTO channels_inbound_rawdelivery (channel_id, transport, transport_key, trace_id, envelope, size)
    SELECT channel, %(transport)s, %(key)s, %(trace)s, %(envelope)s, %(size)s
    FROM unnest(%(channels)s::bigint[]) AS channel
    ON CONFLICT (channel_id, transport_key) DO NOTHING
    RETURNING id
), bodies AS (
    INSERT INTO channels_inbound_rawbody (delivery_id, content) SELECT id, %(content)b FROM stored
)
SELECT id FROM stored
"""
_FIND = """
SELECT id FROM channels_inbound_rawdelivery
WHERE transport_key = %(key)s AND channel_id = ANY(%(channels)s::bigint[]) ORDER BY id
"""


def content_key(content: bytes) -> str:
    """The transport key of a mail that came without a mailbox position: its bytes."""
    return hashlib.sha256(content).hexdigest()


def store_raw(
    channel_ids: Sequence[int],
    *,
    transport: str,
    content: bytes,
    envelope: dict[str, Any],
    trace_id: str = "",
    transport_key: str = "",
    bell: str = "inbound",
) -> list[int]:
    """Commit one delivery per channel and return their ids; known bytes give the ids they already have.

    When this returns, the mail is ours: it survives the end of any process and of the database server.
    """
    values = {
        "transport": transport,
        "key": transport_key or content_key(content),
        "trace": trace_id[:32],
        "envelope": Jsonb(envelope),
        "size": len(content),
        "channels": sorted(set(channel_ids)),
        "content": content,
    }
    with transaction.atomic():
        connection.ensure_connection()
        # psycopg's own cursor sends the bytes as they are; Django's writes them into the SQL as hex, twice as long.
        with psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(_STORE, values)
            cursor.execute(_FIND, values)
            found = [row[0] for row in cursor.fetchall()]
        ring(bell)
    return found
