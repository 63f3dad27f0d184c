"""Writing the ledger: facts in order, and one row for everyone who must hear of them, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from .actors import Actor
from .audit import is_looking_as
from .doorbell import ring
from .statements import prepared
from .subscribers import listeners

Stream = tuple[str, int]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A fact about to be recorded. `cause` is the event that led to it; its depth bounds automation."""

    stream: Stream
    kind: str
    by: Actor
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    cause_id: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    id: int
    sequence: int


# The sequence is read under the caller's lock of what the stream describes; the unique constraint catches whoever
# forgot the lock. Pairs are made in the same statement, so no event can miss its subscribers.
_TYPES = ("text", "bigint", "text", "text", "bigint", "timestamptz", "jsonb", "bigint", "smallint")
_COLUMNS = "stream_type, stream_id, kind, actor_kind, actor_id, at, data, cause_id, depth"
# So few travel as values, which cost half of what arrays of one or two do.
_FEW = 4
_INSERT = """
WITH given({columns}, ord) AS ({given}), recorded AS (
    INSERT INTO events_event (stream_type, stream_id, sequence, kind, actor_kind, actor_id, at, data, cause_id, depth)
    SELECT g.stream_type, g.stream_id,
           COALESCE((SELECT max(e.sequence) FROM events_event e
                     WHERE e.stream_type = g.stream_type AND e.stream_id = g.stream_id), 0)
             + row_number() OVER (PARTITION BY g.stream_type, g.stream_id ORDER BY g.ord),
           g.kind, g.actor_kind, g.actor_id, g.at, g.data, g.cause_id, g.depth
    FROM given g ORDER BY g.ord
    RETURNING id, stream_type, stream_id, sequence, kind
){pairs}
SELECT id, sequence FROM recorded ORDER BY id
"""
_PAIRS = """, pairs AS (
    INSERT INTO events_eventdelivery (event_id, subscriber, stream_type, stream_id, sequence)
    SELECT r.id, s.subscriber, r.stream_type, r.stream_id, r.sequence
    FROM recorded r JOIN unnest(%s::text[], %s::text[]) AS s(kind, subscriber) ON s.kind = r.kind
)"""


@cache
def _statement(count: int, *, heard: bool) -> str:
    """The insert of `count` events (0: of any number, as arrays), with their pairs if somebody listens.

    Built from constants of this file only.
    """
    row = ", ".join(f"%s::{kind}" for kind in _TYPES)
    arrays = ", ".join(f"%s::{kind}[]" for kind in _TYPES)
    given = ", ".join(f"({row}, {number})" for number in range(count))
    given = f"VALUES {given}" if count else f"SELECT * FROM unnest({arrays}) WITH ORDINALITY"  # noqa: S608
    return _INSERT.format(columns=_COLUMNS, given=given, pairs=_PAIRS if heard else "")


def record_event(
    stream: Stream,
    kind: str,
    *,
    by: Actor,
    at: datetime,
    data: dict[str, Any] | None = None,
    cause_id: int | None = None,
    depth: int = 0,
) -> Recorded:
    """Record one fact inside the caller's transaction, which holds the lock of what the stream describes."""
    return record_events([NewEvent(stream, kind, by, at, data or {}, cause_id, depth)])[0]


def record_events(new: Sequence[NewEvent]) -> list[Recorded]:
    """Record facts in the order given, with the pairs of everyone listening; ids and sequences in that order."""
    if is_looking_as():
        raise PermissionError("looking with somebody else's eyes changes nothing")
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("events are recorded in the transaction of what they describe")
    if not new:
        return []
    heard = listeners({event.kind for event in new})
    few = len(new) <= _FEW
    rows = [_row(event) for event in new]
    values = [value for row in rows for value in row] if few else [list(column) for column in zip(*rows, strict=True)]
    pairs = [[kind for kind, _ in heard], [name for _, name in heard]] if heard else []
    with prepared() as cursor:
        cursor.execute(_statement(len(new) if few else 0, heard=bool(heard)), [*values, *pairs])
        recorded = [Recorded(*row) for row in cursor.fetchall()]
    if heard:
        ring("events")
    return recorded


def _row(event: NewEvent) -> tuple[Any, ...]:
    by, data = event.by, Jsonb(event.data)
    return (*event.stream, str(event.kind), by.kind.value, by.id, event.at, data, event.cause_id, event.depth)
