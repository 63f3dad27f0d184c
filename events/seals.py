"""Seals: the chain that proves that no row of the audit or of the ledger is missing, added between or different.

Rows are sealed some seconds after their commit, by one process at a time, in the order in which they became visible
(`events.feed`): writers know nothing of it and wait for nothing. A seal holds a digest of each of its rows and the mark
of the seal before it.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from .audit import content_of, mark_holds, mark_of
from .feed import adopt_restored_events
from .models import AuditEntry, AuditSeal

SOURCES = ("entry", "event")
MOST_ROWS = 2_000
DIGEST_OCTETS = 16
# After a restore the positions of before mean nothing: then so many rows back are compared by their ids.
_OVERLAP = 5_000
_LOCK = 7_203_008
_DIGEST = {
    "entry": """substr(sha256(convert_to(jsonb_build_array(id, extract(epoch FROM at), actor_kind, actor_id, seen_as,
        kind, ticket_id, what, data, encode(mark, 'hex'))::text, 'UTF8')), 1, 16)""",
    "event": """substr(sha256(convert_to(jsonb_build_array(id, stream_type, stream_id, sequence, kind, actor_kind,
        actor_id, extract(epoch FROM at), data, cause_id, depth)::text, 'UTF8')), 1, 16)""",
}
_TABLE = {"entry": "events_auditentry", "event": "events_event"}
_SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_ADOPT = """
UPDATE events_auditentry SET xid = 0 WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""


def seal_all(*, at: datetime, seconds: float = 20.0) -> int:
    """Seal whatever is settled and not sealed yet, as far as the time goes; how many rows. Does nothing while another
    process is at it."""
    sealed, until = 0, time.monotonic() + seconds
    for source in SOURCES:
        for rows in _seal_source(source, at=at):
            sealed += rows
            if time.monotonic() > until:
                return sealed
    return sealed


def adopt_restored_entries() -> int:
    """Give entries restored from another server's dump a place at the front, as `events.feed` does with events."""
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT)
        return cursor.rowcount


def _seal_source(source: str, *, at: datetime) -> Iterator[int]:
    while True:
        with transaction.atomic():
            if not _alone():
                return
            last = AuditSeal.objects.filter(source=source).order_by("-number").first()
            rows = _unsealed(source, last)
            if rows:
                _write(source, last, rows, at=at)
        yield len(rows)
        if len(rows) < MOST_ROWS:
            return


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


Row = tuple[int, int, bytes]  # xid, id, digest


def _unsealed(source: str, last: AuditSeal | None) -> list[Row]:
    """The next rows in the order of the feed, which no running transaction can still get in front of."""
    found = _rows(source, f"(xid, id) > (%s, %s) AND {_SETTLED}", [last.xid, last.ids[-1]] if last else [0, 0])
    if found or last is None or not _from_elsewhere(last.xid):
        return found
    adopt_restored_entries()
    adopt_restored_events()
    recent = AuditSeal.objects.filter(source=source).order_by("-number")[:20].values_list("ids", flat=True)
    sealed = [id for ids in recent for id in ids]
    return _rows(source, f"id > %s AND id <> ALL(%s) AND {_SETTLED}", [max(sealed) - _OVERLAP, sealed])


def _rows(source: str, condition: str, values: Sequence[Any]) -> list[Row]:
    sql = (
        f"SELECT xid, id, {_DIGEST[source]} FROM {_TABLE[source]} WHERE {condition} ORDER BY xid, id LIMIT {MOST_ROWS}"  # noqa: S608 - constants of this file
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(xid, id, bytes(digest)) for xid, id, digest in cursor.fetchall()]


def _from_elsewhere(xid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", [xid])
        return bool(cursor.fetchone()[0])


def _write(source: str, last: AuditSeal | None, rows: Sequence[Row], *, at: datetime) -> None:
    seal = AuditSeal(
        source=source, number=last.number + 1 if last else 1, at=at, xid=rows[-1][0],
        ids=[id for _xid, id, _digest in rows], digests=b"".join(digest for _xid, _id, digest in rows),
    )  # fmt: skip
    seal.mark = mark_of(_content(seal, bytes(last.mark) if last else b""))
    seal.save(force_insert=True)


def _content(seal: AuditSeal, previous: bytes) -> bytes:
    head = f"{seal.source} {seal.number} {seal.at.timestamp():.6f} {seal.xid} {len(seal.ids)}\n".encode()
    return head + previous + struct.pack(f">{len(seal.ids)}q", *seal.ids) + bytes(seal.digests)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `source` is entry, event or seal, `id` the row's (a seal's number)."""

    source: str
    id: int
    trouble: str


class Verification:
    """Looks through all seals and rows; `findings` yields what is wrong, the counts tell what was looked at."""

    def __init__(self) -> None:
        self.seals = self.rows = self.unsealed = 0
        self.unknown_keys = 0
        self.heads: dict[str, str] = {}

    def findings(self) -> Iterator[Finding]:
        amended = _amended()
        for source in SOURCES:
            yield from self._of_source(source, amended.get(source, set()))
        yield from self._marks()

    def _of_source(self, source: str, amended: set[int]) -> Iterator[Finding]:
        previous, number, sealed, last_xid = b"", 0, set[int](), 0
        for seal in AuditSeal.objects.filter(source=source).order_by("number").iterator(50):
            self.seals += 1
            if seal.number != number + 1:
                yield Finding("seal", number + 1, f"the seals of {source} up to {seal.number - 1} are missing")
            elif (held := mark_holds(_content(seal, previous), bytes(seal.mark))) is False:
                yield Finding("seal", seal.number, f"this seal of {source} was changed, or the one before it")
            else:
                self.unknown_keys += held is None
            yield from self._of_seal(seal, sealed, amended)
            previous, number, last_xid = bytes(seal.mark), seal.number, seal.xid
            sealed.update(seal.ids)
        self.heads[source] = f"{number}:{previous.hex()}"
        yield from self._beside(source, sealed, last_xid)

    def _of_seal(self, seal: AuditSeal, sealed: set[int], amended: set[int]) -> Iterator[Finding]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {_DIGEST[seal.source]} FROM {_TABLE[seal.source]} WHERE id = ANY(%s)",  # noqa: S608
                [seal.ids],
            )
            found: Mapping[int, Any] = dict(cursor.fetchall())
        digests = bytes(seal.digests)
        for place, id in enumerate(seal.ids):
            self.rows += 1
            if id in amended:
                continue
            if id not in found:
                yield Finding(seal.source, id, "removed")
            elif bytes(found[id]) != digests[place * DIGEST_OCTETS : (place + 1) * DIGEST_OCTETS]:
                yield Finding(seal.source, id, "changed")

    def _beside(self, source: str, sealed: set[int], last_xid: int) -> Iterator[Finding]:
        """Rows in no seal: new ones wait for the next; what lies before the last seal was put there afterwards."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, xid FROM {_TABLE[source]} ORDER BY id")  # noqa: S608
            while rows := cursor.fetchmany(10_000):
                for id, xid in rows:
                    if id in sealed:
                        continue
                    if sealed and (xid < last_xid or id < min(sealed)):
                        yield Finding(source, id, "inserted")
                    else:
                        self.unsealed += 1

    def _marks(self) -> Iterator[Finding]:
        """Every entry against its own mark, which also tells of those not sealed yet."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM events_auditentry GROUP BY mark HAVING count(*) > 1 ORDER BY 1")
            yield from (Finding("entry", id, "a copy of another entry") for (id,) in cursor.fetchall())
        for entry in AuditEntry.objects.order_by("pk").iterator(2000):
            held = mark_holds(content_of(vars(entry)), bytes(entry.mark))
            if held is False:
                yield Finding("entry", entry.pk, "not written by this helpdesk, or changed")
            self.unknown_keys += held is None


def _amended() -> dict[str, set[int]]:
    """Rows of the ledger that were changed on purpose, said so by an entry whose mark holds."""
    found: dict[str, set[int]] = {}
    for entry in AuditEntry.objects.filter(kind="ledger.amended"):
        if mark_holds(content_of(vars(entry)), bytes(entry.mark)) is not False:
            found.setdefault("event", set()).update(entry.data.get("events", ()))
    return found
