"""Adding and measuring open time. A step is a day, never a minute: a year is a few hundred steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from .calendar import Calendar, NeverOpen, Span

DAY = timedelta(days=1)
# No weekly rhythm with holidays leaves a year and a month without an opening.
PATIENCE_DAYS = 400
# An interval reaches into the next day at most, and a zone may have skipped a date (Samoa, 2011).
LOOK_BACK_DAYS = 3


def open_seconds_between(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Real seconds within [start, end) in which the calendar is open."""
    return open_time_between(calendar, start, end).total_seconds()


def add_open_seconds(calendar: Calendar, start: datetime, seconds: float) -> datetime:
    """The first moment by which that many open seconds have passed since `start`."""
    return add_open_time(calendar, start, timedelta(seconds=seconds))


def open_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """`open_seconds_between`, exact."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return timedelta()
    if calendar.is_always_open:
        return end - start
    total = timedelta()
    for opens, closes in open_spans(calendar, start, end):
        total += min(closes, end) - max(opens, start)
    return total


def add_open_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """`add_open_seconds`, exact. NeverOpen if that much open time does not come."""
    left, start = amount, start.astimezone(UTC)
    if amount <= timedelta():
        return start
    if calendar.is_always_open:
        return start + amount
    for opens, closes in open_spans(calendar, start):
        opens = max(opens, start)
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise NeverOpen(f"of {amount} only {amount - left} are open after {start.isoformat()}")


def open_spans(calendar: Calendar, start: datetime, end: datetime | None = None) -> Iterator[Span]:
    """Open stretches that end after `start`, in order and apart, until `end` or for as long as there are any."""
    held: Span | None = None
    for span in _day_spans(calendar, start, end):
        if held is not None and span[0] <= held[1]:
            held = held[0], max(held[1], span[1])
            continue
        if held is not None and held[1] > start:
            yield held
        held = span
    if held is not None and held[1] > start:
        yield held


def _day_spans(calendar: Calendar, start: datetime, end: datetime | None) -> Iterator[Span]:
    """What the days open, by start: the days' own order is the order of their moments."""
    on = start.astimezone(calendar.tz).date() - LOOK_BACK_DAYS * DAY
    last_own = max((day.on for day in calendar.own_days if day.extra), default=date.min)
    idle = 0
    while idle <= PATIENCE_DAYS or on <= last_own:
        spans = calendar.spans_of(on)
        for span in spans:
            if end is not None and span[0] >= end:
                return
            yield span
        idle = 0 if spans else idle + 1
        if end is not None and not spans and _begins(calendar, on) >= end:
            return
        if on == date.max:
            return
        on += DAY


def _begins(calendar: Calendar, on: date) -> datetime:
    """A moment that is not after the local date's begin, whatever its offset."""
    return datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=15)
