"""The ledger as one feed that a reader can follow without missing anything.

Ids are given out before a transaction commits, so a lower id may become visible after a higher one, and a cursor on
ids would step over it. Ordered by (transaction id, id) and cut below the oldest transaction still running, what lies
behind a position never changes: whatever is recorded later belongs to a later transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

from .models import Event


class Position(NamedTuple):
    """Where a reader stands: after this event. `START` is before the first."""

    xid: int
    id: int


START = Position(0, 0)


class FeedEntry(NamedTuple):
    """What a reader needs to know to decide whether an event is for them."""

    xid: int
    id: int
    stream_type: str
    stream_id: int
    kind: str

    @property
    def position(self) -> Position:
        return Position(self.xid, self.id)


_SETTLED = """
SELECT xid, id, stream_type, stream_id, kind FROM events_event
WHERE (xid, id) > (%s, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid, id LIMIT %s
"""
_FROM_ELSEWHERE = "SELECT %s >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_OVERLAP = 1_000
_NEWEST = """
SELECT xid, id FROM events_event WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid DESC, id DESC LIMIT 1
"""
# A dump keeps the transaction ids of the server it was made on; a new server counts from the start again.
_ADOPT = "UPDATE events_event SET xid = 0 WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


def read_settled(after: Position, *, limit: int) -> list[FeedEntry]:
    """The next events after a position that no running transaction can still get in front of."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED, [after.xid, after.id, limit])
        found = cursor.fetchall()
        if not found and after.xid:
            cursor.execute(_FROM_ELSEWHERE, [after.xid])
            if cursor.fetchone() == (True,):
                # A position of the server this one was restored from: go on by id, with some events told twice.
                cursor.execute(_SETTLED, [0, max(0, after.id - _OVERLAP), limit])
                found = cursor.fetchall()
    return [FeedEntry(*row) for row in found]


def newest_settled() -> Position:
    """The position after everything settled: where a reader starts who wants only what is new."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        row = cursor.fetchone()
    return Position(*row) if row else START


def load_events(ids: Collection[int]) -> list[Event]:
    """The events with these ids, in feed order."""
    return list(Event.objects.filter(pk__in=ids).order_by("xid", "id"))


def adopt_restored_events() -> int:
    """Give events restored from another server's dump a place at the front of the feed; the number adopted.

    Their transaction ids lie in this server's future, where they would stay invisible for months and then be in the
    wrong order. Finding none (the usual case) is one step in an index.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT)
        return cursor.rowcount
