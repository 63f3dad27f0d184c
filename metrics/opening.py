"""When the shop is open, for apps that stand beside this one: settings.OPENING_HOURS names this module."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from metrics.models import BusinessCalendar
from metrics.rules import calendar_content, calendar_of

if TYPE_CHECKING:
    from metrics.business_time import Calendar

LOOKED_AHEAD = 21


def calendars() -> list[tuple[int, str]]:
    """Number and name of each calendar."""
    return list(BusinessCalendar.objects.values_list("pk", "name"))


def opening(calendar_id: int, at: datetime) -> tuple[bool, datetime | None] | None:
    """Whether it is open at a moment, and when it opens next (None: not within three weeks, or it is open); None when
    there is no such calendar."""
    found = BusinessCalendar.objects.filter(pk=calendar_id).first()
    return _opening(calendar_of(calendar_content(found)), at) if found else None


def week(calendar_id: int) -> tuple[list[list[list[int]]], str] | None:
    """The usual hours of a calendar: seven lists of [start, end] in minutes, Monday first, and their time zone."""
    return BusinessCalendar.objects.filter(pk=calendar_id).values_list("weekly", "time_zone").first()


def _opening(calendar: Calendar, at: datetime) -> tuple[bool, datetime | None]:
    today = at.astimezone(calendar.tz).date()
    spans = [span for days in range(-1, LOOKED_AHEAD) for span in calendar.spans_of(today + timedelta(days=days))]
    if any(start <= at < end for start, end in spans):
        return True, None
    return False, min((start for start, _end in spans if start > at), default=None)
