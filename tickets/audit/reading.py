"""The audit as people read it: what was seen (its own entries) and what was changed (the ledger), in one order.

Each of the two is walked by its own key, so a page costs two steps in an index however much lies before it; a page is
the newest of both, and where it ends in each is the cursor of the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min, Q, QuerySet
from django.utils.dateparse import parse_datetime

from events.actors import ActorKind
from events.models import AuditEntry, Event
from tickets.events import TICKET_STREAM

CHANGED = "changed"
SHOWN = 50
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for. `kind` is one of the audit's, `changed` for the ledger, or empty for both; `since` is the
    first moment, `until` the first one after."""

    who: int | None = None
    kind: str = ""
    ticket: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended: below this event, before this entry."""

    event: int | None = None
    at: datetime | None = None
    entry: int = 0

    def __str__(self) -> str:
        return f"{self.event or ''}_{self.at.isoformat() if self.at else ''}_{self.entry}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """From an address; whatever else it says is the beginning."""
        event, at, entry = ([*text.split("_"), "", ""])[:3]
        try:
            moment = parse_datetime(at)
        except ValueError:
            return cls()
        if moment is not None and moment.tzinfo is None:
            return cls()
        number = int(event) if event.isdecimal() and len(event) < 19 else None
        return cls(number, moment, int(entry) if entry.isdecimal() and len(entry) < 19 else 0)


Record = AuditEntry | Event


def audit_page(asked: Asked, after: Cursor, *, limit: int = SHOWN) -> tuple[list[Record], Cursor | None]:
    """The newest records after the cursor, and where the next page begins; None when that was all."""
    entries, events = list(_entries(asked, after)[: limit + 1]), list(_events(asked, after)[: limit + 1])
    shown: list[Record] = []
    # Each keeps its own order, which is what its cursor follows; times only say which of the two comes next.
    taken = [0, 0]
    while len(shown) < limit and (taken[0] < len(entries) or taken[1] < len(events)):
        heads = entries[taken[0] : taken[0] + 1], events[taken[1] : taken[1] + 1]
        newer = not heads[1] or (bool(heads[0]) and heads[0][0].at >= heads[1][0].recorded_at)
        shown.append(heads[0][0] if newer else heads[1][0])
        taken[0 if newer else 1] += 1
    if taken == [len(entries), len(events)]:
        return shown, None
    last = entries[taken[0] - 1] if taken[0] else None
    event = events[taken[1] - 1].pk if taken[1] else after.event
    return shown, Cursor(event, last.at if last else after.at, last.pk if last else after.entry)


def every_record(asked: Asked, *, most: int) -> Iterator[Record]:
    """All records, newest first, so many at most."""
    cursor: Cursor | None = Cursor()
    while cursor is not None and most > 0:
        shown, cursor = audit_page(asked, cursor, limit=min(most, 1000))
        most -= len(shown)
        yield from shown


def moment_of(record: Record) -> datetime:
    """When it was noted: of an event not when it happened, which an import may set to years ago."""
    return record.at if isinstance(record, AuditEntry) else record.recorded_at


def _entries(asked: Asked, after: Cursor) -> QuerySet[AuditEntry]:
    if asked.kind == CHANGED:
        return AuditEntry.objects.none()
    found = AuditEntry.objects.order_by("-at", "-id")
    for name, value in (("actor_id", asked.who), ("kind", asked.kind or None), ("ticket_id", asked.ticket),
                        ("at__gte", asked.since), ("at__lt", asked.until)):  # fmt: skip
        if value is not None:
            found = found.filter(**{name: value})
    if asked.what:
        found = found.filter(what__icontains=asked.what)
    if after.at is not None:
        found = found.filter(Q(at__lt=after.at) | Q(at=after.at, id__lt=after.entry))
    return found


def _events(asked: Asked, after: Cursor) -> QuerySet[Event]:
    """What agents did. The ledger has no index by time but a coarse one: the ids of a day bound the walk."""
    if asked.kind not in ("", CHANGED):
        return Event.objects.none()
    found = Event.objects.filter(actor_kind=ActorKind.AGENT).order_by("-id")
    if asked.who is not None:
        found = found.filter(actor_id=asked.who)
    if asked.ticket is not None:
        found = found.filter(stream_type=TICKET_STREAM, stream_id=asked.ticket)
    if asked.what:
        found = found.filter(kind__icontains=asked.what)
    if asked.since is not None:
        first = _ids(asked.since, asked.since + _DAY)[0]
        found = found.filter(recorded_at__gte=asked.since, **({"id__gte": first} if first else {}))
    if asked.until is not None:
        last = _ids(asked.until - _DAY, asked.until)[1]
        found = found.filter(recorded_at__lt=asked.until, **({"id__lte": last} if last else {}))
    return found.filter(id__lt=after.event) if after.event is not None else found


def _ids(since: datetime, until: datetime) -> tuple[int | None, int | None]:
    """The first and the last id recorded in a stretch of time."""
    within = Event.objects.filter(recorded_at__gte=since, recorded_at__lt=until).aggregate(Min("id"), Max("id"))
    return within["id__min"], within["id__max"]
