"""When a shop is open: a zone, weekly intervals, holidays, own days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from .holiday_names import holiday_name

DAY_MINUTES = 24 * 60
Span = tuple[datetime, datetime]


class OpeningError(ValueError):
    """A calendar that says something impossible."""


class NeverOpen(OpeningError):
    """A calendar that does not open (any more), or not for long enough; nothing can be due by it."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Minutes of the local day. `end` not after `start` means the next day; 1440 is midnight at its end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY_MINUTES and 0 <= self.end <= DAY_MINUTES):
            raise OpeningError(f"{self.start}-{self.end} is not within a day")


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A date of the shop's own: closed, or with extra openings, or both (then only those)."""

    on: date
    closed: bool = False
    extra: tuple[Interval, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Calendar:
    """`weekly` has seven entries, Monday first. Around the clock is every day 0-1440."""

    zone: str
    weekly: tuple[tuple[Interval, ...], ...]
    country: str = ""
    region: str = ""
    own_days: tuple[OwnDay, ...] = ()
    _spans: dict[date, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise OpeningError("a week has seven days")

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def days(self) -> dict[date, OwnDay]:
        return {day.on: day for day in self.own_days}

    @cached_property
    def is_always_open(self) -> bool:
        """Around the clock without exception, where all arithmetic is subtraction."""
        whole = all(covers_day(intervals) for intervals in self.weekly)
        return whole and not self.country and not any(day.closed for day in self.own_days)

    def holiday(self, on: date) -> str:
        """The public holiday's name, or nothing."""
        return holiday_name(self.country, self.region, on) if self.country else ""

    def intervals_of(self, on: date) -> tuple[Interval, ...]:
        """What opens on a local date, as the calendar says it."""
        own = self.days.get(on)
        regular = () if (own and own.closed) or self.holiday(on) else self.weekly[on.weekday()]
        return tuple(sorted({*regular, *(own.extra if own else ())}))

    def spans_of(self, on: date) -> tuple[Span, ...]:
        """The same as moments in UTC, by start; they may overlap and reach into the next day."""
        if on not in self._spans:
            spans = (self._span(on, interval) for interval in self.intervals_of(on))
            self._spans[on] = tuple(sorted(span for span in spans if span[0] < span[1]))
        return self._spans[on]

    def _span(self, on: date, interval: Interval) -> Span:
        ends_on = on if interval.end > interval.start else on + timedelta(days=1)
        return instant(self.tz, on, interval.start), instant(self.tz, ends_on, interval.end)


def covers_day(intervals: tuple[Interval, ...]) -> bool:
    """Whether the intervals leave no minute of their own day closed."""
    reached = 0
    for interval in sorted(intervals):
        if interval.start > reached:
            return False
        reached = max(reached, interval.end if interval.end > interval.start else DAY_MINUTES)
    return reached >= DAY_MINUTES


def instant(tz: ZoneInfo, on: date, minute: int) -> datetime:
    """The moment of a local time: the first occurrence of a repeated one, the change itself for a skipped one."""
    naive = datetime(on.year, on.month, on.day) + timedelta(minutes=minute)
    local = naive.replace(tzinfo=tz)
    moment = local.astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None) == naive:
        return moment
    return _jump(tz, moment - _shift(local), moment)


def _shift(local: datetime) -> timedelta:
    """How far the clocks were put on over a skipped local time."""
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert before is not None and after is not None
    return after - before


def _jump(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second in (low, high] with the offset of `high`: where the clocks were changed."""
    after = high.astimezone(tz).utcoffset()
    seconds_low, seconds_high = 0, int((high - low).total_seconds())
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if (low + timedelta(seconds=middle)).astimezone(tz).utcoffset() == after:
            seconds_high = middle
        else:
            seconds_low = middle
    return low + timedelta(seconds=seconds_high)
