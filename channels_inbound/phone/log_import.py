"""A log of calls becomes calls, as a job: looked at first, begun by a person, resumable at every call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.hooks.facts import CallHeard
from channels_inbound.hooks.reading import storable
from channels_inbound.models import CallImport, CallImportState
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.exchange_logs import LogError, ReadLog, read_log
from channels_inbound.phone.log import KIND
from channels_inbound.phone.log_rows import WANTED, columns_of
from channels_inbound.phone.log_values import LogHow
from channels_inbound.quarantine import channels_visible_to
from events.actors import SYSTEM, Actor
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.file_imports import LEASE, MOST_PROBLEMS, run_due

LARGEST_FILE = 10 * 1024 * 1024
# What a page reads of a file to show how it would come in.
LOOKED_AT = 256 * 1024
# A file nobody began is forgotten.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class How:
    """How a log is read: its kind, the exchange's clock and days, the country of short numbers, what stands before an
    extension, which column is what."""

    kind: str
    zone: str
    region: str
    mapping: Mapping[str, str]
    dates: str = ""
    prefix: str = "Ext."

    def log_how(self) -> LogHow:
        return LogHow(ZoneInfo(self.zone), self.region or "UA", self.dates, self.prefix)


def imports_visible_to(agent: Agent) -> QuerySet[CallImport]:
    """Logs of lines this person sees, if they bring in logs at all."""
    if not agent.may(Permission.MANAGE_SERVICE_LEVELS):
        return CallImport.objects.none()
    return CallImport.objects.filter(channel__in=channels_visible_to(agent).filter(kind=KIND))


def upload_log(channel_id: int, *, by: Agent, upload: UploadedFile, how: How) -> CallImport:
    """Keep a file to be looked at; nothing is brought in yet. NotFound, InvalidInput, PermissionDenied."""
    _may(by)
    if not channels_visible_to(by).filter(pk=channel_id, kind=KIND).exists():
        raise NotFound(_("There is no such line."))
    if not 0 < (upload.size or 0) <= LARGEST_FILE:
        raise InvalidInput("file", _("Choose a file of at most %(size)d MB.") % {"size": LARGEST_FILE // 1024 // 1024})
    stored = storages["attachments"].save(f"imports/{uuid4().hex}.log", upload)
    columns = columns_of(how.kind, _content(stored, LOOKED_AT), how.log_how())
    name = storable(str(upload.name or "log.csv").replace("\\", "/").rpartition("/")[2])[:255]
    return CallImport.objects.create(
        channel_id=channel_id, by=by, filename=name or "log.csv", stored_as=stored, kind=how.kind, zone=how.zone,
        region=how.region, dates=how.dates, prefix=how.prefix, mapping=_mapping(how.kind, columns, how.mapping),
    )  # fmt: skip


def set_log(import_id: int, *, by: Agent, how: How, start: bool, at: datetime | None = None) -> CallImport:
    """Say how the log is read, and begin. Begun once, it is as it is. NotFound, PermissionDenied."""
    _may(by)
    with transaction.atomic():
        row = imports_visible_to(by).select_for_update(of=("self",)).filter(pk=import_id).first()
        if row is None:
            raise NotFound(_("There is no such file."))
        if row.state != CallImportState.LOOKING:
            return row
        row.kind, row.zone, row.region = how.kind, how.zone, how.region
        row.dates, row.prefix = how.dates, how.prefix
        columns = columns_of(how.kind, _content(row.stored_as, LOOKED_AT), how.log_how())
        row.mapping = _mapping(how.kind, columns, how.mapping)
        if start:
            row.state = CallImportState.WAITING
            lock_channel(row.channel_id)
            record_event(
                channel_stream(row.channel_id), ChannelEvent.CALL_LOG_BEGUN, by=by.actor, at=at or timezone.now(),
                data={"import": row.pk, "file": row.filename},
            )  # fmt: skip
        row.save(update_fields=["kind", "zone", "region", "dates", "prefix", "mapping", "state"])
    return row


@dataclass(frozen=True, slots=True)
class Look:
    """How the first rows would come in, whether that is all of them, and the columns there are."""

    log: ReadLog
    whole: bool
    columns: dict[str, str]


def look_at(row: CallImport) -> Look:
    """A look into the file; nothing is kept."""
    content = _content(row.stored_as, LOOKED_AT + 1)
    whole = len(content) <= LOOKED_AT
    shown = content if whole else content[: content.rfind(b"\n") + 1]
    return Look(_read(row, shown), whole, columns_of(row.kind, shown, _how(row)))


def run_due_call_imports(*, at: datetime | None = None) -> int:
    """Logs that wait or were left in the middle, oldest first; how many. Safe in several processes at once."""
    now = at or timezone.now()
    _forget_unbegun(now)
    return run_due(CallImport, _run, at=now)


def _run(import_id: int) -> None:
    row = CallImport.objects.get(pk=import_id)
    log = _read(row, _content(row.stored_as))
    problems = list(log.errors)
    CallImport.objects.filter(pk=row.pk).update(total=len(log.calls))
    for number, call in enumerate(log.calls[row.read :], row.read):
        try:
            if not _keep(row, number, call):
                return  # somebody else goes on with it
        except DataError as error:
            problems.append(LogError(0, f"{call.external_id[:80]}: {type(error).__name__}"))
            CallImport.objects.filter(pk=row.pk, read=number).update(read=number + 1)
    _finish(row, problems)


def _keep(row: CallImport, number: int, call: CallHeard) -> bool:
    """The call and the count in one: cut off, the next try begins with it or after it, never beside it."""
    now = timezone.now()
    with transaction.atomic():
        new = int(call_heard(row.channel_id, call, at=now) == "applied")
        mine = CallImport.objects.filter(pk=row.pk, read=number, state=CallImportState.RUNNING).update(
            read=number + 1, kept=F("kept") + new, lease_until=now + LEASE
        )
        if not mine:
            transaction.set_rollback(True)
    return bool(mine)


def _finish(row: CallImport, problems: list[LogError]) -> None:
    now = timezone.now()
    with transaction.atomic():
        lock_channel(row.channel_id)
        found = CallImport.objects.select_for_update().filter(pk=row.pk, state=CallImportState.RUNNING).first()
        if found is None:
            return
        found.state, found.finished_at, found.lease_until = CallImportState.DONE, now, None
        found.refused = len(problems)
        found.problems = [[one.line, one.reason] for one in problems[:MOST_PROBLEMS]]
        found.save()
        record_event(
            channel_stream(found.channel_id), ChannelEvent.CALL_LOG_IMPORTED, at=now,
            by=Actor.agent(found.by_id) if found.by_id else SYSTEM,
            data={"import": found.pk, "calls": found.read, "new": found.kept, "refused": found.refused},
        )  # fmt: skip
        # Numbers of people, which are calls by now.
        transaction.on_commit(lambda: storages["attachments"].delete(found.stored_as), robust=True)


def _forget_unbegun(at: datetime) -> None:
    old = CallImport.objects.filter(state=CallImportState.LOOKING, created_at__lt=at - KEPT)
    for row in old.order_by("id")[:20]:
        storages["attachments"].delete(row.stored_as)
        row.delete()


def _read(row: CallImport, content: bytes) -> ReadLog:
    return read_log(row.kind, content, _how(row), columns=row.mapping)


def _how(row: CallImport) -> LogHow:
    return How(row.kind, row.zone, row.region, {}, row.dates, row.prefix).log_how()


def _mapping(kind: str, columns: Collection[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Which column holds what: as somebody chose, else by their own names."""
    wanted = WANTED[kind]
    found = {name: column for name, column in chosen.items() if name in wanted and column in columns}
    return found or {name: name for name in wanted if name in columns}


def _content(stored_as: str, most: int = LARGEST_FILE) -> bytes:
    with storages["attachments"].open(stored_as, "rb") as file:
        return bytes(file.read(most))


def _may(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.MANAGE_SERVICE_LEVELS)):
        raise PermissionDenied(_("Your role does not allow this."))
