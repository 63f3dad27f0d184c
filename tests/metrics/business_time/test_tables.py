"""Business time in cases one can check with a calendar on the wall."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics.business_time import (
    Calendar,
    Interval,
    NeverOpen,
    OpeningError,
    OwnDay,
    add_open_seconds,
    explain,
    open_seconds_between,
)

HOUR = 3600


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def every_day(zone: str, *hours: tuple[str, str], **fields: object) -> Calendar:
    return Calendar(zone, (tuple(Interval(minute(a), minute(b)) for a, b in hours),) * 7, **fields)  # type: ignore[arg-type]


def work_week(zone: str, *hours: tuple[str, str], **fields: object) -> Calendar:
    day = tuple(Interval(minute(a), minute(b)) for a, b in hours)
    return Calendar(zone, (day,) * 5 + ((),) * 2, **fields)  # type: ignore[arg-type]


def minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


# zone, interval, from, to, open hours in between. The changes: Kyiv 03:00->04:00 on 29 March and 04:00->03:00 on
# 25 October 2026; New York 02->03 on 8 March, 02->01 on 1 November; Sydney 03->02 on 5 April, 02->03 on 4 October;
# Lord Howe by half an hour: 02:00->01:30 on 5 April, 02:00->02:30 on 4 October.
CHANGES = [
    ("Europe/Kyiv", ("22:00", "06:00"), "2026-03-28 12:00", "2026-03-29 12:00", 7),
    ("Europe/Kyiv", ("22:00", "06:00"), "2026-10-24 12:00", "2026-10-25 12:00", 9),
    ("Europe/Kyiv", ("03:30", "05:00"), "2026-03-29 00:00", "2026-03-29 12:00", 1),
    ("Europe/Kyiv", ("03:10", "03:50"), "2026-03-29 00:00", "2026-03-29 12:00", 0),
    ("Europe/Kyiv", ("03:30", "05:00"), "2026-10-25 00:00", "2026-10-25 12:00", 2.5),
    ("Europe/Kyiv", ("03:10", "03:50"), "2026-10-25 00:00", "2026-10-25 12:00", 40 / 60),
    ("Europe/Kyiv", ("00:00", "24:00"), "2026-03-29 00:00", "2026-03-30 00:00", 23),
    ("Europe/Kyiv", ("00:00", "00:00"), "2026-10-25 00:00", "2026-10-26 00:00", 25),
    ("America/New_York", ("22:00", "06:00"), "2026-03-07 12:00", "2026-03-08 12:00", 7),
    ("America/New_York", ("22:00", "06:00"), "2026-10-31 12:00", "2026-11-01 12:00", 9),
    ("America/New_York", ("01:30", "03:30"), "2026-03-08 00:00", "2026-03-08 12:00", 1),
    ("America/New_York", ("01:30", "03:30"), "2026-11-01 00:00", "2026-11-01 12:00", 3),
    ("Australia/Sydney", ("22:00", "06:00"), "2026-10-03 12:00", "2026-10-04 12:00", 7),
    ("Australia/Sydney", ("22:00", "06:00"), "2026-04-04 12:00", "2026-04-05 12:00", 9),
    ("Australia/Lord_Howe", ("22:00", "06:00"), "2026-10-03 12:00", "2026-10-04 12:00", 7.5),
    ("Australia/Lord_Howe", ("22:00", "06:00"), "2026-04-04 12:00", "2026-04-05 12:00", 8.5),
    ("Australia/Lord_Howe", ("02:10", "02:20"), "2026-10-04 00:00", "2026-10-04 12:00", 0),
    ("Australia/Lord_Howe", ("01:30", "02:00"), "2026-04-05 00:00", "2026-04-05 12:00", 1),
]


@pytest.mark.parametrize(("zone", "hours", "start", "end", "expected"), CHANGES)
def test_nights_on_which_clocks_change(
    zone: str, hours: tuple[str, str], start: str, end: str, expected: float
) -> None:
    calendar = every_day(zone, hours)
    assert open_seconds_between(calendar, at(zone, start), at(zone, end)) == round(expected * HOUR)


def test_a_deadline_that_crosses_a_change_of_clocks() -> None:
    night = every_day("Europe/Kyiv", ("22:00", "06:00"))
    start = at("Europe/Kyiv", "2026-03-28 23:00")
    assert add_open_seconds(night, start, 4 * HOUR) == at("Europe/Kyiv", "2026-03-29 04:00")
    assert add_open_seconds(night, start, 7 * HOUR) == at("Europe/Kyiv", "2026-03-29 23:00")
    start = at("Europe/Kyiv", "2026-10-24 23:00")
    assert add_open_seconds(night, start, 4 * HOUR + 1800) == at("Europe/Kyiv", "2026-10-25 03:30").astimezone(UTC)
    assert add_open_seconds(night, start, 5 * HOUR + 1800) == at("Europe/Kyiv", "2026-10-25 03:30", fold=1).astimezone(
        UTC
    )


def test_lunch_breaks_and_weekends() -> None:
    calendar = work_week("Europe/Kyiv", ("09:00", "13:00"), ("14:00", "18:00"))
    friday = at("Europe/Kyiv", "2026-11-20 12:30")
    assert add_open_seconds(calendar, friday, 30 * 60) == at("Europe/Kyiv", "2026-11-20 13:00")
    assert add_open_seconds(calendar, friday, 31 * 60) == at("Europe/Kyiv", "2026-11-20 14:01")
    assert add_open_seconds(calendar, friday, 5 * HOUR) == at("Europe/Kyiv", "2026-11-23 09:30")
    assert open_seconds_between(calendar, friday, friday + timedelta(days=7)) == 40 * HOUR


def test_holidays_move_with_the_year_and_the_region() -> None:
    nine_to_five = ("09:00", "17:00")
    easter = [date(2026, 4, 6), date(2027, 3, 29), date(2028, 4, 17)]
    germany = work_week("Europe/Berlin", nine_to_five, country="DE")
    for monday in easter:
        start = datetime(monday.year, monday.month, monday.day, tzinfo=ZoneInfo("Europe/Berlin"))
        assert open_seconds_between(germany, start, start + timedelta(days=1)) == 0, monday
        assert open_seconds_between(germany, start + timedelta(days=1), start + timedelta(days=2)) == 8 * HOUR
    # Thanksgiving is the fourth Thursday; Epiphany closes Bavaria and not Berlin.
    states = work_week("America/New_York", nine_to_five, country="US")
    for thursday in (date(2025, 11, 27), date(2026, 11, 26), date(2027, 11, 25)):
        assert states.intervals_of(thursday) == () and states.holiday(thursday) == "Thanksgiving Day"
        assert states.intervals_of(thursday - timedelta(days=7)) != ()
    epiphany = date(2026, 1, 6)
    assert work_week("Europe/Berlin", nine_to_five, country="DE", region="BY").intervals_of(epiphany) == ()
    assert work_week("Europe/Berlin", nine_to_five, country="DE", region="BE").intervals_of(epiphany) != ()


def test_an_extra_opening_counts_on_a_holiday_and_a_closed_day_counts_not() -> None:
    christmas, own = date(2026, 12, 25), date(2026, 12, 28)
    calendar = work_week(
        "Europe/Berlin", ("09:00", "17:00"), country="DE",
        own_days=(
            OwnDay(christmas, extra=(Interval(600, 720),)),
            OwnDay(own, closed=True, note="stocktaking"),
            OwnDay(date(2026, 12, 29), closed=True, extra=(Interval(600, 660),)),
            OwnDay(date(2026, 12, 30), extra=(Interval(480, 600),)),
        ),
    )  # fmt: skip

    def hours(day: int) -> float:
        start = datetime(2026, 12, day, tzinfo=ZoneInfo("Europe/Berlin"))
        return open_seconds_between(calendar, start, start + timedelta(days=1)) / HOUR

    assert [hours(day) for day in (24, 25, 26, 27, 28, 29, 30)] == [8, 2, 0, 0, 0, 1, 9]


def test_a_night_shift_runs_into_a_holiday_and_its_own_evening_does_not_open() -> None:
    calendar = every_day("Europe/Berlin", ("22:00", "06:00"), country="DE")
    eve = datetime(2026, 12, 24, 22, tzinfo=ZoneInfo("Europe/Berlin"))
    assert open_seconds_between(calendar, eve, eve + timedelta(hours=12)) == 8 * HOUR
    assert open_seconds_between(calendar, eve + timedelta(hours=12), eve + timedelta(days=2)) == 0


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("22:00", "06:00", 8), ("09:00", "09:00", 24), ("00:00", "00:00", 24), ("23:59", "00:01", 2 / 60)],
)
def test_an_interval_whose_end_is_not_after_its_start_runs_into_the_next_day(
    start: str, end: str, hours: float
) -> None:
    """On Mondays alone: what begins then goes on into Tuesday, and a start that is its end is a whole day."""
    [interval] = every_day("UTC", (start, end)).weekly[0]
    calendar = Calendar("UTC", ((interval,), *((),) * 6))
    monday = datetime(2026, 5, 4, tzinfo=UTC)
    assert open_seconds_between(calendar, monday, monday + timedelta(days=7)) == pytest.approx(hours * HOUR)
    begins = monday + timedelta(minutes=interval.start)
    assert open_seconds_between(calendar, begins, begins + timedelta(hours=hours)) == pytest.approx(hours * HOUR)
    assert open_seconds_between(calendar, begins + timedelta(hours=hours), monday + timedelta(days=7)) == 0


def test_the_leap_day_is_a_day() -> None:
    calendar = every_day("Europe/Kyiv", ("09:00", "17:00"))
    for year, days in ((2027, 1), (2028, 2)):
        start = at("Europe/Kyiv", f"{year}-02-28 00:00")
        assert open_seconds_between(calendar, start, at("Europe/Kyiv", f"{year}-03-01 00:00")) == days * 8 * HOUR
    assert add_open_seconds(calendar, at("Europe/Kyiv", "2028-02-28 16:00"), 2 * HOUR) == at(
        "Europe/Kyiv", "2028-02-29 10:00"
    )


def test_overlapping_intervals_count_once() -> None:
    calendar = every_day("UTC", ("09:00", "13:00"), ("12:00", "14:00"), ("20:00", "10:00"))
    start = datetime(2026, 5, 4, 0, tzinfo=UTC)
    assert open_seconds_between(calendar, start, start + timedelta(days=1)) == (14 + 4) * HOUR


def test_a_date_that_a_zone_skipped_has_no_time() -> None:
    """Samoa went from 29 to 31 December 2011."""
    calendar = every_day("Pacific/Apia", ("09:00", "17:00"))
    start = datetime(2011, 12, 29, 19, tzinfo=UTC)  # nine o'clock on the 29th
    assert open_seconds_between(calendar, start, start + timedelta(days=1)) == 8 * HOUR
    assert add_open_seconds(calendar, start, 8 * HOUR + 60) == at("Pacific/Apia", "2011-12-31 09:01")


NEVER = [
    Calendar("UTC", ((),) * 7),
    Calendar("UTC", ((),) * 7, own_days=(OwnDay(date(2020, 1, 1), extra=(Interval(0, 600),)),)),
    Calendar("UTC", ((),) * 7, own_days=(OwnDay(date(2026, 6, 1), extra=(Interval(600, 660),)),)),
]


@pytest.mark.parametrize("calendar", NEVER)
def test_a_calendar_that_never_opens_says_so(calendar: Calendar) -> None:
    with pytest.raises(NeverOpen, match="are open after 2026-03-02"):
        add_open_seconds(calendar, datetime(2026, 3, 2, tzinfo=UTC), 2 * HOUR)


def test_an_opening_years_away_is_found() -> None:
    calendar = Calendar("UTC", ((),) * 7, own_days=(OwnDay(date(2031, 6, 1), extra=(Interval(600, 660),)),))
    due = add_open_seconds(calendar, datetime(2026, 3, 2, tzinfo=UTC), HOUR)
    assert due == datetime(2031, 6, 1, 11, tzinfo=UTC)
    assert open_seconds_between(calendar, datetime(2026, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)) == HOUR


@pytest.mark.parametrize("minutes", [(-1, 5), (1440, 10), (0, 1441)])
def test_an_impossible_interval_is_refused(minutes: tuple[int, int]) -> None:
    with pytest.raises(OpeningError):
        Interval(*minutes)


def test_reasons_are_told() -> None:
    calendar = work_week(
        "Europe/Berlin", ("09:00", "12:00"), ("13:00", "17:00"), country="DE",
        own_days=(OwnDay(date(2026, 12, 28), closed=True, note="stocktaking"),),
    )  # fmt: skip
    berlin = ZoneInfo("Europe/Berlin")
    found = explain(calendar, datetime(2026, 12, 24, 11, tzinfo=berlin), datetime(2026, 12, 29, 10, tzinfo=berlin))
    told = [
        (
            s.start.astimezone(berlin).strftime("%d %H:%M"),
            s.end.astimezone(berlin).strftime("%d %H:%M"),
            s.reason,
            s.note,
        )
        for s in found
    ]
    assert told == [
        ("24 11:00", "24 12:00", "open", ""),
        ("24 12:00", "24 13:00", "hours", ""),
        ("24 13:00", "24 17:00", "open", ""),
        ("24 17:00", "25 00:00", "hours", ""),
        ("25 00:00", "26 00:00", "holiday", "Erster Weihnachtstag"),
        ("26 00:00", "27 00:00", "holiday", "Zweiter Weihnachtstag"),
        ("27 00:00", "28 00:00", "day_off", ""),
        ("28 00:00", "29 00:00", "closed", "stocktaking"),
        ("29 00:00", "29 09:00", "hours", ""),
        ("29 09:00", "29 10:00", "open", ""),
    ]


def test_a_year_costs_days_not_minutes() -> None:
    calendar = work_week("Europe/Kyiv", ("09:00", "13:00"), ("14:00", "18:00"), country="DE")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    began = time.process_time()
    open_seconds_between(calendar, start, start + timedelta(days=365))
    first = time.process_time() - began
    began = time.process_time()
    open_seconds_between(calendar, start, start + timedelta(days=365))
    # Generous for a busy machine: measured 9 and 0.3 ms; a loop over minutes takes two seconds.
    assert first < 0.3 and time.process_time() - began < 0.05
