"""Lengths of time as managers type them, in both languages."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from metrics.pages.writing import read_duration, write_duration

MINUTE, HOUR, DAY = 60, 3600, 86400
READ = [
    ("4h", 4 * HOUR), ("4 h", 4 * HOUR), ("4H", 4 * HOUR), ("4hr", 4 * HOUR), ("4 hrs", 4 * HOUR),
    ("1 hour", HOUR), ("4 hours", 4 * HOUR), (" 4  Hours ", 4 * HOUR), ("90m", 90 * MINUTE), ("90 min", 90 * MINUTE),
    ("90 mins", 90 * MINUTE), ("90 minutes", 90 * MINUTE), ("1 minute", MINUTE), ("45s", 45), ("45 seconds", 45),
    ("1 day", DAY), ("2 days", 2 * DAY), ("2d 4h", 2 * DAY + 4 * HOUR), ("2d4h", 2 * DAY + 4 * HOUR),
    ("1 week", 7 * DAY), ("1 day, 4 hours", DAY + 4 * HOUR), ("1 hour and 30 minutes", 90 * MINUTE),
    ("1:30", 90 * MINUTE), ("0:45", 45 * MINUTE), ("36:00", 36 * HOUR), ("1.5h", 90 * MINUTE), ("1,5 год", 90 * MINUTE),
    ("4 год", 4 * HOUR), ("4 год.", 4 * HOUR), ("4год", 4 * HOUR), ("1 година", HOUR), ("4 години", 4 * HOUR),
    ("8 годин", 8 * HOUR), ("30 хв", 30 * MINUTE), ("30 хв.", 30 * MINUTE), ("30 хвилин", 30 * MINUTE),
    ("2 хвилини", 2 * MINUTE), ("1 день", DAY), ("2 дні", 2 * DAY), ("5 днів", 5 * DAY), ("1 дн 4 год", DAY + 4 * HOUR),
    ("1\u00a0дн 4\u00a0год", DAY + 4 * HOUR), ("2 год 30 хв", 150 * MINUTE), ("2 години і 30 хвилин", 150 * MINUTE),
    ("1 тиждень", 7 * DAY), ("366d", 366 * DAY), ("", None), ("   ", None),
]  # fmt: skip
UNCLEAR = [
    "4", "90", "1:3", "1:75", "1:30:00", "4x", "4 apples", "h", "hours", "-4h", "4h!", "4h 30", "4 4h", "4h 4h",
    "1h 90", "0h", "0:00", "367d", "9999:00", "tomorrow", "1 місяць", "4 or 5h", "1h and", "1..5h", "4h;30m",
]  # fmt: skip


@pytest.mark.parametrize(("typed", "seconds"), READ)
def test_what_is_understood(typed: str, seconds: int | None) -> None:
    assert read_duration(typed) == seconds


@pytest.mark.parametrize("typed", UNCLEAR)
def test_what_is_unclear_is_refused_with_what_may_be_written(typed: str) -> None:
    with pytest.raises(ValidationError, match="such as 4h, 4 hours, 90 min, 1 day, 2d 4h or 1:30"):
        read_duration(typed)
    with translation.override("uk"), pytest.raises(ValidationError, match=r"4 год.*30 хв.*1 день.*1:30"):
        read_duration(typed)


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize("seconds", [45, 90 * MINUTE, DAY + 4 * HOUR, 30 * DAY + 59])
def test_what_is_written_is_read_again(language: str, seconds: int) -> None:
    with translation.override(language):
        assert read_duration(write_duration(seconds)) == seconds
