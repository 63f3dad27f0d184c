"""The arithmetic against a reference so slow and plain that it cannot hide a mistake: it looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from metrics.business_time import (
    Calendar,
    Interval,
    NeverOpen,
    OwnDay,
    add_open_seconds,
    explain,
    open_seconds_between,
)

MINUTE = timedelta(minutes=1)
ZONES = ["Europe/Kyiv", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


def local_minute_is_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether the calendar is open in the minute that begins now: every interval of the days around is asked."""
    here = moment.astimezone(ZoneInfo(calendar.zone)).date()
    for back in range(-1, 4):
        on = here - timedelta(days=back)
        own = next((day for day in calendar.own_days if day.on == on), None)
        said = [] if own and own.closed else list(calendar.weekly[on.weekday()])
        for interval in said + list(own.extra if own else ()):
            until = on if interval.end > interval.start else on + timedelta(days=1)
            if (
                first_moment(calendar.zone, on, interval.start)
                <= moment
                < first_moment(calendar.zone, until, interval.end)
            ):
                return True
    return False


def first_moment(zone: str, on: date, minute: int) -> datetime:
    """The first moment at which the wall clock shows this local time or a later one: walked, minute by minute."""
    tz, naive = ZoneInfo(zone), datetime(on.year, on.month, on.day) + timedelta(minutes=minute)
    key = zone, naive
    if key not in _walked:
        moment = naive.replace(tzinfo=UTC) - timedelta(hours=16)
        # The clock of the first pass: what it showed at its furthest.
        while moment.astimezone(tz).replace(tzinfo=None) < naive:
            moment += MINUTE
        _walked[key] = moment
    return _walked[key]


_walked: dict[tuple[str, datetime], datetime] = {}

minutes = st.one_of(st.integers(0, 1439), st.sampled_from([0, 60, 90, 105, 120, 135, 150, 180, 210, 240, 540, 1080]))
intervals = st.builds(Interval, minutes, st.one_of(minutes, st.just(1440)))
weeks = st.tuples(*[st.lists(intervals, max_size=3).map(tuple)] * 7)
# Around the changes of clocks in each zone, and anywhere else in two years.
changes = [
    datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6),
    datetime(2026, 4, 4, 15), datetime(2026, 10, 3, 16), datetime(2028, 2, 28, 12),
]  # fmt: skip
starts = st.one_of(
    st.builds(lambda at, by: at + timedelta(minutes=by), st.sampled_from(changes), st.integers(-2000, 2000)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0)),
).map(lambda at: at.replace(tzinfo=UTC))


@st.composite
def calendars(draw: st.DrawFn, start: datetime | None = None) -> tuple[Calendar, datetime]:
    at = draw(starts)
    days = draw(st.lists(st.integers(-2, 4), unique=True, max_size=3))
    own = tuple(
        OwnDay(at.date() + timedelta(days=by), draw(st.booleans()), tuple(draw(st.lists(intervals, max_size=2))))
        for by in days
    )
    return Calendar(draw(st.sampled_from(ZONES)), draw(weeks), own_days=own), at


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 4000))
def test_open_time_is_what_counting_minutes_finds(drawn: tuple[Calendar, datetime], length: int) -> None:
    calendar, start = drawn
    counted = sum(60 for m in range(length) if local_minute_is_open(calendar, start + m * MINUTE))
    assert open_seconds_between(calendar, start, start + length * MINUTE) == counted


@settings(max_examples=40, deadline=None)
@given(calendars(), st.integers(1, 900))
def test_a_due_moment_is_the_first_by_which_enough_was_open(drawn: tuple[Calendar, datetime], wanted: int) -> None:
    calendar, start = drawn
    moment, left, limit = start, wanted, 9000
    while left and limit:
        left -= local_minute_is_open(calendar, moment)
        moment, limit = moment + MINUTE, limit - 1
    assume(not left)
    assert add_open_seconds(calendar, start, wanted * 60) == moment


@settings(max_examples=150, deadline=None)
@given(calendars(), st.integers(1, 40 * 86400))
def test_adding_and_measuring_are_each_others_reverse(drawn: tuple[Calendar, datetime], seconds: int) -> None:
    calendar, start = drawn
    try:
        due = add_open_seconds(calendar, start, seconds)
    except NeverOpen:
        return
    assert open_seconds_between(calendar, start, due) == seconds
    assert open_seconds_between(calendar, start, due - timedelta(microseconds=1)) < seconds


@settings(max_examples=100, deadline=None)
@given(calendars(), st.integers(0, 20000), st.integers(0, 20000))
def test_time_adds_up_however_it_is_cut(drawn: tuple[Calendar, datetime], one: int, two: int) -> None:
    calendar, start = drawn
    middle, end = start + one * MINUTE, start + (one + two) * MINUTE
    whole = open_seconds_between(calendar, start, end)
    assert whole == open_seconds_between(calendar, start, middle) + open_seconds_between(calendar, middle, end)
    assert 0 <= whole <= (end - start).total_seconds()


@settings(max_examples=100, deadline=None)
@given(calendars(), st.integers(0, 20000))
def test_an_explanation_has_no_gap_and_the_same_sum(drawn: tuple[Calendar, datetime], length: int) -> None:
    calendar, start = drawn
    end = start + length * MINUTE
    stretches = explain(calendar, start, end)
    assert [s.start for s in stretches] + [end] == [start] + [s.end for s in stretches]
    assert all(s.start < s.end for s in stretches)
    counted = sum(s.length.total_seconds() for s in stretches if s.is_open)
    assert counted == open_seconds_between(calendar, start, end)


@given(starts, st.integers(-100000, 0))
@example(datetime(2026, 3, 29, 1, tzinfo=UTC), 0)
def test_nothing_passes_backwards(start: datetime, by: int) -> None:
    whole = Calendar("Europe/Kyiv", ((Interval(0, 1440),),) * 7)
    assert open_seconds_between(whole, start, start + by * MINUTE) == 0
    assert add_open_seconds(whole, start, by) == start


@pytest.mark.parametrize("zone", ZONES)
def test_around_the_clock_is_elapsed_time_in_every_zone(zone: str) -> None:
    """A closed day far away keeps the short cut out of it."""
    far = (OwnDay(date(2031, 1, 1), closed=True),)
    calendar = Calendar(zone, ((Interval(0, 1440),),) * 7, own_days=far)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert not calendar.is_always_open
    assert open_seconds_between(calendar, start, start + timedelta(days=800)) == 800 * 86400
