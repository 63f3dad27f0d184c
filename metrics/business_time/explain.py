"""Why a moment counts or does not: stretches of time with their reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .calendar import Calendar, instant
from .sums import open_spans

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of time without a gap. `reason`: open, hours, day_off, holiday, closed; `note` names holiday or day."""

    start: datetime
    end: datetime
    reason: str
    note: str = ""

    @property
    def is_open(self) -> bool:
        return self.reason == "open"

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def explain(calendar: Calendar, start: datetime, end: datetime) -> list[Stretch]:
    """[start, end) cut into stretches, each with the reason why it is open or closed."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return []
    stretches: list[Stretch] = []
    reached = start
    for opens, closes in open_spans(calendar, start, end):
        opens, closes = max(opens, start), min(closes, end)
        stretches += _closed(calendar, reached, opens)
        stretches.append(Stretch(opens, closes, "open"))
        reached = closes
    stretches += _closed(calendar, reached, end)
    return stretches


def _closed(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    """A closed time by local days, days in a row with the same reason together."""
    held: Stretch | None = None
    while start < end:
        on = start.astimezone(calendar.tz).date()
        until = min(end, _next_day(calendar, on, start))
        reason, note = _why(calendar, on)
        if held and (held.reason, held.note) == (reason, note):
            held = Stretch(held.start, until, reason, note)
        else:
            if held:
                yield held
            held = Stretch(start, until, reason, note)
        start = until
    if held:
        yield held


def _next_day(calendar: Calendar, on: date, after: datetime) -> datetime:
    begins = instant(calendar.tz, on + DAY, 0)
    return begins if begins > after else after + DAY


def _why(calendar: Calendar, on: date) -> tuple[str, str]:
    own = calendar.days.get(on)
    if own and own.closed:
        return "closed", own.note
    if name := calendar.holiday(on):
        return "holiday", name
    if not calendar.weekly[on.weekday()] and not (own and own.extra):
        return "day_off", ""
    return "hours", ""
