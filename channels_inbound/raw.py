"""Keeping what came in, byte for byte, before anyone tries to understand it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
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
# Many deliveries at once, in the order of their keys, so that two who store the same ones never wait in a circle.
_STORE_MANY = """
WITH given AS (
    SELECT * FROM unnest(%(channels)s::bigint[], %(keys)s::text[], %(traces)s::text[], %(envelopes)s::jsonb[],
        %(contents)s::bytea[]) AS one(channel, key, trace, envelope, content)
), stored AS (
    INSERT INTO channels_inbound_rawdelivery (channel_id, transport, transport_key, trace_id, envelope, size)
    SELECT channel, %(transport)s, key, trace, envelope, length(content) FROM given ORDER BY channel, key
    ON CONFLICT (channel_id, transport_key) DO NOTHING
    RETURNING id, channel_id, transport_key
)
INSERT INTO channels_inbound_rawbody (delivery_id, content)
SELECT stored.id, given.content FROM stored
JOIN given ON given.channel = stored.channel_id AND given.key = stored.transport_key
"""


@dataclass(frozen=True, slots=True)
class Given:
    """One delivery to be kept; without a `transport_key` its bytes are its name."""

    channel_ids: Sequence[int]
    content: bytes = field(repr=False)
    envelope: dict[str, Any]
    trace_id: str = ""
    transport_key: str = ""


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


def store_many(deliveries: Sequence[Given], *, transport: str) -> None:
    """Commit these deliveries, one for each of their channels, all of them or none; what is known already stays as it
    is. Rings nobody: who waits for an answer hears it first.

    When this returns, all of them are ours.
    """
    rows = {
        (channel_id, given.transport_key or content_key(given.content)): given
        for given in deliveries for channel_id in given.channel_ids
    }  # fmt: skip
    values = {
        "transport": transport,
        "channels": [channel_id for channel_id, _ in rows],
        "keys": [key for _, key in rows],
        "traces": [given.trace_id[:32] for given in rows.values()],
        "envelopes": [Jsonb(given.envelope) for given in rows.values()],
        "contents": [given.content for given in rows.values()],
    }
    with prepared() as cursor:
        cursor.execute(_STORE_MANY, values)
