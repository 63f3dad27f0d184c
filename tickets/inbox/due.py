"""The pill that counts down to a ticket's nearest deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, pgettext

from tickets.models import DueState, Ticket

FIELDS = ("due_state", "due_target", "next_due_at", "due_amber_at", "due_red_at")


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline as the list shows it. The browser counts on from the moments; this is what stands there until then."""

    state: str
    target: str
    at: datetime | None
    amber_at: datetime | None
    red_at: datetime | None

    @property
    def label(self) -> str:
        return time_left(self.at) if self.at else ""

    @property
    def level(self) -> str:
        """How it is coloured: nothing, `warn` or `bad`."""
        return level(self, timezone.now())

    @property
    def name(self) -> str:
        """What is due, for whoever cannot see the clock's picture."""
        names = {
            "first": gettext("First answer due"),
            "next": gettext("Next answer due"),
            "resolution": gettext("Solution due"),
        }
        return names.get(self.target, gettext("Due"))


def due_of(values: Mapping[str, Any]) -> Due | None:
    """The deadline among a ticket's values; None where there is none."""
    return Due(*(values[name] for name in FIELDS)) if values["due_state"] else None


def due_of_ticket(ticket: Ticket) -> Due | None:
    return due_of({name: getattr(ticket, name) for name in FIELDS})


def level(due: Due, now: datetime) -> str:
    if due.state == DueState.LATE or (due.at and due.at <= now) or (due.red_at and due.red_at <= now):
        return "bad"
    return "warn" if due.amber_at and due.amber_at <= now else ""


def time_left(at: datetime, now: datetime | None = None) -> str:
    """45s, 12m, 3h 05m, 2d 4h; after the deadline how late it is."""
    left = at - (now or timezone.now())
    if left < timedelta():
        return gettext("%s late") % span(-left)
    return span(left)


def span(length: timedelta) -> str:
    """A length of time in two units."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if seconds < 60:
        return pgettext("seconds, short", "%ds") % seconds
    if not days and not hours:
        return pgettext("minutes, short", "%dm") % minutes
    if not days:
        return pgettext("hours and minutes, short", "%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}
    return pgettext("days and hours, short", "%(days)dd %(hours)dh") % {"days": days, "hours": hours}
