"""Moments to snooze until, counted in the agent's own day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MORNING = time(9)
EVENING = time(17)


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    name: str | Promise
    at: datetime


def snooze_choices(now: datetime) -> list[Choice]:
    """What to offer at a local moment; every choice lies ahead, none twice."""
    tomorrow = _at(now, 1, MORNING)
    monday = _at(now, 7 - now.weekday(), MORNING)
    offered = [
        Choice("hours", _("In 3 hours"), _whole(now + timedelta(hours=3))),
        Choice("evening", _("This evening"), _at(now, 0, EVENING)),
        Choice("tomorrow", _("Tomorrow"), tomorrow),
        Choice("monday", _("Monday"), monday),
        Choice("week", _("In a week"), _at(now, 7, MORNING)),
    ]
    seen: set[datetime] = set()
    kept: list[Choice] = []
    for choice in offered:
        if choice.at > now and choice.at not in seen:
            seen.add(choice.at)
            kept.append(choice)
    return kept


def _at(now: datetime, days: int, clock: time) -> datetime:
    """That time of day so many days on; wall time, so that a change of clocks does not move nine o'clock."""
    day = now.date() + timedelta(days=days)
    return datetime.combine(day, clock, tzinfo=now.tzinfo)


def _whole(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
