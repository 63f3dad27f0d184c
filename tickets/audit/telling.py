"""Records of the audit in the reader's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.audit import AuditKind
from events.models import AuditEntry
from tickets.events import TICKET_STREAM
from tickets.inbox.directory import Directory
from tickets.inbox.sentences import Names, sentence

from .reading import Record, moment_of
from .words import change, happened, setting

KINDS: dict[str, str | Promise] = {
    AuditKind.TICKET_OPENED: gettext_lazy("Opened a ticket"),
    AuditKind.FILE_DOWNLOADED: gettext_lazy("Downloaded a file"),
    AuditKind.SOURCE_READ: gettext_lazy("Read the source of a mail"),
    AuditKind.MASK_LIFTED: gettext_lazy("Looked at what is masked"),
    AuditKind.SEARCHED: gettext_lazy("Searched"),
    AuditKind.EXPORTED: gettext_lazy("Exported"),
    AuditKind.AUDIT_READ: gettext_lazy("Read this page"),
    AuditKind.SIGNED_IN: gettext_lazy("Signed in"),
    AuditKind.SIGNED_OUT: gettext_lazy("Signed out"),
    AuditKind.SIGN_IN_FAILED: gettext_lazy("Failed to sign in"),
    AuditKind.VIEW_AS_BEGAN: gettext_lazy("Began to look as somebody else"),
    AuditKind.VIEW_AS_ENDED: gettext_lazy("Stopped looking as somebody else"),
    AuditKind.BUDGET_STOPPED: gettext_lazy("Was stopped by the daily budget"),
    AuditKind.SETTING_CHANGED: gettext_lazy("Changed a setting"),
    AuditKind.LEDGER_AMENDED: gettext_lazy("Changed history on purpose"),
}
LONGEST_DATA = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One record as the page and the file show it."""

    at: datetime
    who: str
    seen_as: str
    text: SafeString | str
    kind: str
    ticket: int | None
    what: str
    data: str = ""  # small facts as they are kept


def line_of(record: Record, directory: Directory) -> Line:
    """The record in words; names are those of now."""
    if isinstance(record, AuditEntry):
        eyes = directory.agent_name(record.seen_as) if record.seen_as else ""
        text = str(KINDS.get(record.kind, record.kind))
        who = _name(record.actor_id, directory) if record.actor_kind == "agent" else _("Somebody unknown")
        what, data = record.what, record.data
        if record.kind in (AuditKind.VIEW_AS_BEGAN, AuditKind.VIEW_AS_ENDED):
            what, data = directory.agent_name(data.get("agent")), {}
        facts = facts_of(data)
        if record.kind == AuditKind.SETTING_CHANGED:
            what, facts = setting(what), changes_of(data)
        return Line(record.at, who, eyes, text, record.kind, record.ticket_id, what, facts)
    ticket = record.stream_id if record.stream_type == TICKET_STREAM else None
    told = sentence(record, Names(directory, _("the customer"), {})) if ticket else None
    about = "" if ticket else f"#{record.stream_id}"
    data = "" if ticket else facts_of(record.data)
    text = told.html if told else happened(record.kind)
    return Line(moment_of(record), _name(record.actor_id, directory), "", text, record.kind, ticket, about, data)


def facts_of(data: Mapping[str, Any]) -> str:
    """Small facts by the names they are kept under, each in its plainest form; at most `LONGEST_DATA` characters."""
    said = (
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in data.items()
    )
    return " · ".join(said)[:LONGEST_DATA]


def changes_of(data: Mapping[str, Any]) -> str:
    """What became of each value of a setting, which is kept as [before, after]; as long as `facts_of`."""
    pairs = {name: value for name, value in data.items() if isinstance(value, list) and len(value) == 2}
    said = [change(name, *pair) for name, pair in pairs.items()]
    rest = facts_of({name: value for name, value in data.items() if name not in pairs})
    return " · ".join([*said, *filter(None, [rest])])[:LONGEST_DATA]


def _name(id: int | None, directory: Directory) -> str:
    return directory.agent_name(id) or _("A former agent")
