"""When a report by mail is due, and of which days it tells. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Rhythm(StrEnum):
    """Of the day before; on Mondays, of the week before; on the first, of the month before."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def next_moment(rhythm: str, hour: int, zone: str, after: datetime) -> datetime:
    """The first moment after `after` at which it is due, in UTC. An hour the clocks skip is the one after it; one they
    repeat is the first of both."""
    tz = ZoneInfo(zone)
    day = after.astimezone(tz).date()
    while True:
        if _fits(rhythm, day):
            moment = datetime.combine(day, time(hour), tzinfo=tz).astimezone(UTC)
            if moment > after:
                return moment
        day += DAY


def period_of(rhythm: str, due: datetime, zone: str) -> tuple[date, date]:
    """The first and last day a report due then tells of: they are over."""
    last = due.astimezone(ZoneInfo(zone)).date() - DAY
    if rhythm == Rhythm.DAILY:
        return last, last
    return (last - 6 * DAY, last) if rhythm == Rhythm.WEEKLY else (last.replace(day=1), last)


def _fits(rhythm: str, day: date) -> bool:
    if rhythm == Rhythm.WEEKLY:
        return day.weekday() == 0
    return rhythm == Rhythm.DAILY or day.day == 1
