"""When somebody is at work, by a calendar of the shop. Who keeps calendars stands above us: settings name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import ModuleType

from django.conf import settings

from people.passing import remembered

KEPT_SECONDS = 60


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


def _reckon(calendar_id: int, at: datetime) -> tuple[bool, str]:
    within, opens_at = _keeper().opening(calendar_id, at) or (True, None)
    return within, opens_at.isoformat() if opens_at else ""


def _keeper() -> ModuleType:
    return import_module(settings.OPENING_HOURS)
