"""When somebody is at work, by a calendar of the shop. Who keeps calendars stands above us: settings name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from types import ModuleType

from django.conf import settings

from people.passing import remembered

KEPT_SECONDS = 60
BREAK = timedelta(hours=4)  # closed for less than that, a shift goes on afterwards


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is within hours now, and from when it will be again."""

    within: bool
    opens_at: datetime | None = None


ALWAYS = Opening(within=True)


def calendars() -> list[tuple[int, str]]:
    """Number and name of each calendar that may be followed."""
    return list(_keeper().calendars())


def opening_of(calendar_id: int | None, *, at: datetime) -> Opening:
    """How a calendar stands; without one it is always within hours."""
    if calendar_id is None:
        return ALWAYS
    within, opens = remembered(f"hours:{calendar_id}", KEPT_SECONDS, lambda: _reckon(calendar_id, at))
    return Opening(within, datetime.fromisoformat(opens) if opens else None)


def shift_over(calendar_id: int | None, grace: timedelta, *, at: datetime) -> bool:
    """Whether the hours of a calendar ended at least so long ago, and not for a break in the middle of the day."""
    if calendar_id is None:
        return False
    name = f"hours:{calendar_id}:over:{grace.total_seconds():.0f}"
    return bool(remembered(name, KEPT_SECONDS, lambda: _is_over(calendar_id, grace, at)))


def _is_over(calendar_id: int, grace: timedelta, at: datetime) -> bool:
    within, opens_at = _keeper().opening(calendar_id, at) or (True, None)
    if within or (_keeper().opening(calendar_id, at - grace) or (True, None))[0]:
        return False
    return opens_at is None or not (_keeper().opening(calendar_id, opens_at - BREAK) or (True, None))[0]


@dataclass(frozen=True, slots=True)
class Week:
    """The usual hours: seven lists of [start, end] in minutes, Monday first, and the zone they are meant in."""

    days: list[list[list[int]]]
    zone: str


def week_of(calendar_id: int | None) -> Week | None:
    """A calendar's usual week; None without one."""
    if calendar_id is None:
        return None
    found = remembered(f"hours:{calendar_id}:week", KEPT_SECONDS, lambda: _keeper().week(calendar_id) or [])
    return Week(*found) if found else None


def was_open(calendar_id: int | None, *, at: datetime) -> bool:
    """Whether it was within hours at another moment than now."""
    return calendar_id is None or _reckon(calendar_id, at)[0]


def _reckon(calendar_id: int, at: datetime) -> tuple[bool, str]:
    within, opens_at = _keeper().opening(calendar_id, at) or (True, None)
    return within, opens_at.isoformat() if opens_at else ""


def _keeper() -> ModuleType:
    return import_module(settings.OPENING_HOURS)
