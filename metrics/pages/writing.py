"""Durations, hours and own days as people write them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# How people write the units, in the languages of those who set them.
_NAMES = {
    7 * 86400: "w week weeks тиж тиждень тижні тижня тижнів",
    86400: "d day days д дн день дні дня днів доба доби добу діб",
    3600: "h hr hrs hour hours г год година години годину годин",
    60: "m min mins minute minutes хв хвилина хвилини хвилину хвилин",
    1: "s sec secs second seconds с сек секунда секунди секунду секунд",
}
_UNITS = {name: seconds for seconds, names in _NAMES.items() for name in names.split()}
# A number with its unit; a comma, or a word, before the next.
_PART = re.compile(r"(\d{1,6}(?:[.,]\d{1,2})?)\s*([a-zа-яіїє]+)\.?(?:\s*,\s+|\s+(?:and|і|й|та)\s+(?=\d)|\s*)")
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)")
_HOURS = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")
LONGEST = 366 * 86400


def read_duration(text: str) -> int | None:
    """Seconds of "4h", "4 hours", "2d 4h", "90 min", "1:30" (hours and minutes), "4 години", "30 хв"; None for nothing.
    ValidationError for what may mean several things, such as a number alone, and beyond a year."""
    text = text.strip().lower()
    if not text:
        return None
    clock = _CLOCK.fullmatch(text)
    seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 if clock else _told_in_units(text)
    if not 1 <= seconds <= LONGEST:
        raise ValidationError(
            _("Write a length of time such as 4h, 4 hours, 90 min, 1 day, 2d 4h or 1:30; a year at most.")
        )
    return seconds


def _told_in_units(text: str) -> int:
    """Seconds; 0 for what cannot be read, and where a unit is said twice."""
    place, told = 0, {}
    while match := _PART.match(text, place):
        size = _UNITS.get(match[2])
        if size is None or size in told:
            return 0
        told[size] = Decimal(match[1].replace(",", ".")) * size
        place = match.end()
    return int(sum(told.values())) if place == len(text) else 0


def write_duration(seconds: int | None) -> str:
    """1d 4h, 2h 30m, 45s as the reader's language writes them everywhere; nothing for None."""
    if not seconds:
        return ""
    parts = []
    units = (pgettext("days, short", "%dd"), pgettext("hours, short", "%dh"), pgettext("minutes, short", "%dm"),
             pgettext("seconds, short", "%ds"))  # fmt: skip
    for unit, size in zip(units, (86400, 3600, 60, 1), strict=True):
        count, seconds = divmod(seconds, size)
        parts += [unit % count] if count else []
    return " ".join(parts)


def read_hours(text: str) -> list[list[int]]:
    """[[540, 780], [840, 1080]] of "9:00-13:00, 14:00-18:00"."""
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        match = _HOURS.fullmatch(part)
        if match is None:
            raise ValidationError(_("Write hours such as 9:00-13:00, 14:00-18:00."))
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if start >= 1440 or end > 1440 or int(match[2]) > 59 or int(match[4]) > 59:
            raise ValidationError(_("A day has the hours from 0:00 to 24:00."))
        found.append([start, end])
    return sorted(found)


def write_hours(pairs: list[list[int]]) -> str:
    return ", ".join(f"{a // 60}:{a % 60:02}-{b // 60}:{b % 60:02}" for a, b in pairs)


def read_own_days(text: str) -> list[dict[str, object]]:
    """One day a line: "2026-12-24 closed stocktaking", "2026-12-26 10:00-14:00"."""
    days: dict[str, dict[str, object]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        on, _space, rest = line.partition(" ")
        try:
            date.fromisoformat(on)
        except ValueError:
            raise ValidationError(
                _("“%(line)s” does not begin with a date such as 2026-12-24.") % {"line": line}
            ) from None
        day = days.setdefault(on, {"on": on, "closed": False, "extra": [], "note": ""})
        match = _HOURS.match(rest)
        if match:
            hours = re.match(rf"(?:{_HOURS.pattern}[,;]?\s*)+", rest)
            assert hours is not None  # the pattern above is its beginning
            day["extra"], day["note"] = read_hours(hours[0]), rest[hours.end() :].strip()[:80]
        else:
            word, _space, note = rest.partition(" ")
            if word.lower() not in ("closed", str(_("closed"))):
                raise ValidationError(_("“%(line)s”: after the date write closed, or hours.") % {"line": line})
            day["closed"], day["note"] = True, note.strip()[:80]
    return [days[on] for on in sorted(days)]


def write_own_days(days: list[dict[str, object]]) -> str:
    lines = []
    for day in days:
        if day.get("closed"):
            lines.append(f"{day['on']} {_('closed')} {day.get('note', '')}".strip())
        if day.get("extra"):
            lines.append(f"{day['on']} {write_hours(day['extra'])} {day.get('note', '')}".strip())  # type: ignore[arg-type]
    return "\n".join(lines)
