"""The health page: for admins, whether the helpdesk works, what waits, when it was backed up, how it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from events import replica
from helpdesk import health, signals
from helpdesk.backup.history import backup_history
from helpdesk.doctor.checklist import examine
from helpdesk.doctor.lines import State
from helpdesk.reasons import retold
from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in

# How long each may wait before it is told in red; deploy/alerts.yml rings at the same.
PATIENCE = {"replies": 120, "raw mail": 120, "events": 300, "deadlines": 60, "snoozes": 60, "reminders": 60}


@dataclass(frozen=True, slots=True)
class Part:
    """One server or process and what it says of itself; `fault` is empty while it works."""

    name: str
    fault: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due and not done. `since` is when the oldest was due, None with nothing due."""

    name: str
    number: int | None
    since: Any
    late: bool


@require_safe
@signed_in
def health_page(request: HttpRequest) -> HttpResponse:
    if not agent_of(request).may(Permission.SEE_HEALTH):
        raise PermissionDenied
    results = examine()
    context = {
        "parts": _parts(),
        "waiting": _waiting(),
        "people": _for_people(),
        "backup": (backup := backup_history()),
        "backup_fault": retold(backup.fault),
        "results": results,
        "counts": {state.value: sum(result.state is state for result in results) for state in State},
    }
    return render(request, "helpdesk/health.html", context)


def _parts() -> list[Part]:
    names = {
        "database": _("PostgreSQL"), "redis": _("Redis"), "worker": _("Workers"), "mail": _("Mail listener"),
        "durability": _("Safe from crashes"),
    }  # fmt: skip
    if replica.configured():
        names["replica"] = _("Replica for reading")
    states = {part: health.state_of(part) for part in names}
    return [Part(name, "" if states[part] == "ok" else retold(states[part])) for part, name in names.items()]


def _waiting() -> list[Waiting]:
    names = {
        "raw mail": _("Mail to be read"), "replies": _("Replies to be sent"), "events": _("Changes to be told"),
        "deadlines": _("Deadlines to be told"), "snoozes": _("Snoozed tickets to wake"),
        "reminders": _("Reminders to be told"),
    }  # fmt: skip
    samples, now = list(signals.waiting()), timezone.now()
    numbers = {labels["what"]: value for name, labels, value in samples if name == "helpdesk_waiting"}
    ages = {labels["what"]: value for name, labels, value in samples if name == "helpdesk_oldest_waiting_seconds"}
    rows = []
    for what, name in names.items():
        age, number = ages[what], numbers.get(what)
        since = now - timedelta(seconds=age) if age else None
        rows.append(Waiting(name, None if number is None else int(number), since, age > PATIENCE[what]))
    return rows


def _for_people() -> list[tuple[str, int]]:
    names = {
        "replies with unknown outcome": _("Replies of unknown outcome"),
        "replies not delivered": _("Replies that were not delivered"),
        "mail in quarantine": _("Mail in quarantine"),
        "events given up": _("Changes that could not be told"),
        "mailboxes refused": _("Mailboxes that refuse us"),
    }
    found = {labels["what"]: int(value) for _name, labels, value in signals.needing_people()}
    return [(name, found.get(what, 0)) for what, name in names.items()]
