"""The audit: who saw, took out, signed in, looked as somebody else. Append-only; what changed is in the ledger itself.

A row carries a mark that only this helpdesk's key makes, so that whoever reaches the table alone can neither write one
nor alter one unnoticed. That none is missing is proved by seals (`events.seals`), made after the fact, so that no
writer ever waits for another: docs/adr/0008-audit.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils import timezone
from psycopg.types.json import Jsonb

from .actors import Actor
from .statements import prepared

LONGEST_WHAT = 200
KEY_OCTETS, MARK_OCTETS = 4, 20


class AuditKind(StrEnum):
    """What leaves an entry. Higher apps add no kinds of their own: this is what an admin chooses from."""

    TICKET_OPENED = "ticket.opened"
    FILE_DOWNLOADED = "file.downloaded"
    SOURCE_READ = "source.read"
    MASK_LIFTED = "mask.lifted"
    SEARCHED = "searched"
    EXPORTED = "exported"
    AUDIT_READ = "audit.read"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in.failed"
    VIEW_AS_BEGAN = "view_as.began"
    VIEW_AS_ENDED = "view_as.ended"
    BUDGET_STOPPED = "budget.stopped"
    SETTING_CHANGED = "setting.changed"
    LEDGER_AMENDED = "ledger.amended"


@dataclass(frozen=True, slots=True)
class Looking:
    """Who really looks, while everything is drawn for somebody else."""

    actor: Actor
    seen_as: int


# Set for the time of a request by whoever lets an admin look as somebody else.
_looking: ContextVar[Looking | None] = ContextVar("audit_looking", default=None)


@contextmanager
def looking_as(actor: Actor, seen_as: int) -> Iterator[None]:
    """Whatever is noted meanwhile was done by `actor`, with the eyes of the agent `seen_as`."""
    token = _looking.set(Looking(actor, seen_as))
    try:
        yield
    finally:
        _looking.reset(token)


def is_looking_as() -> bool:
    """Whether this request looks with somebody else's eyes."""
    return _looking.get() is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry about to be written; `by` None is somebody unknown."""

    kind: AuditKind
    by: Actor
    at: datetime
    ticket_id: int | None = None
    what: str = ""
    data: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """The columns, with the mark; who really acts comes before whose eyes they use."""
        looking = _looking.get()
        actor, seen_as = (looking.actor, looking.seen_as) if looking else (self.by, None)
        row = {
            "at": self.at, "actor_kind": actor.kind.value, "actor_id": actor.id, "seen_as": seen_as,
            "kind": self.kind.value, "ticket_id": self.ticket_id, "what": cleaned(self.what),
            "data": dict(self.data or {}),
        }  # fmt: skip
        return row | {"mark": mark_of(content_of(row)), "data": Jsonb(row["data"])}


COLUMNS = "at, actor_kind, actor_id, seen_as, kind, ticket_id, what, data, mark"
GIVEN = (
    "%(at)s::timestamptz, %(actor_kind)s::text, %(actor_id)s::bigint, %(seen_as)s::bigint, %(kind)s::text, "
    "%(ticket_id)s::bigint, %(what)s::text, %(data)s::jsonb, %(mark)s::bytea"
)
_INSERT = f"INSERT INTO events_auditentry ({COLUMNS}) VALUES ({GIVEN})"  # noqa: S608 - constants of this file
# Not twice for the same within a few minutes.
_INSERT_ONCE = f"""
INSERT INTO events_auditentry ({COLUMNS}) SELECT {GIVEN}
WHERE NOT EXISTS (
    SELECT 1 FROM events_auditentry e
    WHERE e.actor_id = %(actor_id)s::bigint AND e.at > %(lately)s::timestamptz AND e.kind = %(kind)s::text
      AND e.what = %(what)s::text AND e.ticket_id IS NOT DISTINCT FROM %(ticket_id)s::bigint)
"""  # noqa: S608 - constants of this file


def note(
    kind: AuditKind,
    *,
    by: Actor,
    ticket_id: int | None = None,
    what: str = "",
    data: Mapping[str, Any] | None = None,
    once_since: datetime | None = None,
    at: datetime | None = None,
) -> None:
    """Write one entry, in one statement. With `once_since` nothing, if the same was noted after that moment."""
    values = Entry(kind, by, at or timezone.now(), ticket_id, what, data).values()
    with prepared() as cursor:
        if once_since is None:
            cursor.execute(_INSERT, values)
        else:
            cursor.execute(_INSERT_ONCE, values | {"lately": once_since})


def note_amended(event_ids: Collection[int], *, by: Actor, reason: str) -> None:
    """Say that rows of the ledger are changed or removed on purpose (erasure), in the transaction that does it: from
    then on `verify_audit` expects no more of them."""
    note(AuditKind.LEDGER_AMENDED, by=by, what=reason, data={"events": sorted(event_ids)})


# What is never told, only that it is another one.
_SECRET = ("secret", "password", "token", "key", "credential")


def note_setting(what: str, before: Mapping[str, Any], after: Mapping[str, Any], *, by: Actor) -> None:
    """Note which values of a setting are others now, each as [before, after]; nothing where none is. Of secrets only
    that they changed."""
    changed = {
        name: ["…", "…"] if any(word in name.lower() for word in _SECRET) else [_told(before.get(name)), _told(value)]
        for name, value in after.items()
        if before.get(name) != value
    }
    if changed:
        note(AuditKind.SETTING_CHANGED, by=by, what=what, data=changed)


def _told(value: Any) -> Any:
    """A value as the entry keeps it: short, and the same whenever it is read again."""
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)[:500]


def cleaned(what: str) -> str:
    return what.replace("\x00", "")[:LONGEST_WHAT]


def content_of(row: Mapping[str, Any]) -> bytes:
    """All that a row says, as bytes that depend on nothing but that."""
    moment = f"{row['at'].timestamp():.6f}"
    parts = [moment, row["actor_kind"], row["actor_id"], row["seen_as"], row["kind"], row["ticket_id"], row["what"],
             row["data"]]  # fmt: skip
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def mark_of(content: bytes) -> bytes:
    """The mark of our present key: which key it is, and what only that key makes of this content."""
    return _marked(keys()[0], content)


def mark_holds(content: bytes, mark: bytes) -> bool | None:
    """Whether one of our keys made this mark; None when it names a key that we have no more."""
    known = [key for key in keys() if _name(key) == mark[:KEY_OCTETS]]
    return any(hmac.compare_digest(_marked(key, content), mark) for key in known) if known else None


def keys() -> list[bytes]:
    """The present one first. They follow from the secret key and its fallbacks, and so lie outside the database."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(b"helpdesk audit\x00" + secret.encode()).digest() for secret in secrets]


def _marked(key: bytes, content: bytes) -> bytes:
    return _name(key) + hmac.new(key, content, hashlib.sha256).digest()[: MARK_OCTETS - KEY_OCTETS]


def _name(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_OCTETS]
