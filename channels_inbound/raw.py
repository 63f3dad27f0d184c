"""Keeping what came in, byte for byte, before anyone tries to understand it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from events.doorbell import ring
from events.statements import prepared

# One statement, which is a transaction of its own, stores the delivery and its bytes for every mailbox. A sender that
# did not hear our "250" and comes again brings the same bytes: the row is there, and what was said the first time is
# said again. `stored` is not seen by the second half, so what is found there was here before.
_STORE = """
WITH stored AS (
    INSERT INTO channels_inbound_rawdelivery (channel_id, transport, transport_key, trace_id, envelope, size)
    SELECT channel, %(transport)s, %(key)s, %(trace)s, %(envelope)s, %(size)s::int
    FROM unnest(%(channels)s::bigint[]) AS channel
    ON CONFLICT (channel_id, transport_key) DO NOTHING
    RETURNING id
), bodies AS (
    INSERT INTO channels_inbound_rawbody (delivery_id, content) SELECT id, %(content)s FROM stored
)
SELECT id FROM stored
UNION ALL
SELECT id FROM channels_inbound_rawdelivery
WHERE transport_key = %(key)s AND channel_id = ANY(%(channels)s::bigint[])
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
    channels = sorted(set(channel_ids))
    values = {
        "transport": transport,
        "key": transport_key or content_key(content),
        "trace": trace_id[:32],
        "envelope": Jsonb(envelope),
        "size": len(content),
        "channels": channels,
        "content": content,
    }
    with prepared() as cursor:
        cursor.execute(_STORE, values)
        found = sorted(row[0] for row in cursor.fetchall())
        if len(found) < len(channels):  # somebody stored the same at this moment: by now it can be seen
            cursor.execute(_FIND, values)
            found = [row[0] for row in cursor.fetchall()]
    ring(bell)
    return found
