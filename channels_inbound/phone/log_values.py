"""Times, durations and numbers as exchanges write them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from channels_inbound.phone.numbers import e164

# What lies near the ends of the calendar has no time in every zone.
_YEARS = range(1990, 2100)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
# How days are written: "" is whatever can mean but one day, the others have to be said.
DATES = {
    "": ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"),
    "dmy": ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y"),
}  # fmt: skip

Row = Mapping[str, str]


class BadRow(ValueError):
    """A row that is no call."""


@dataclass(frozen=True, slots=True)
class LogHow:
    """What a log does not say itself: the exchange's clock, how it writes days (DATES), the country of numbers without
    a country code, and what stands before an extension."""

    zone: tzinfo
    region: str = "UA"
    dates: str = ""
    prefix: str = "Ext."

    def moment(self, value: str) -> datetime:
        """A time. BadRow."""
        found = self._written(value)
        if found is None or found.year not in _YEARS:
            raise BadRow(f"this is no time: {value[:40]!r}")
        return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)

    def _written(self, value: str) -> datetime | None:
        if value.isdecimal() and len(value) == 10:
            return datetime.fromtimestamp(int(value), UTC)
        for day in (*DATES[self.dates], *DATES[""]):
            for clock in _CLOCKS:
                try:
                    return datetime.strptime(value, f"{day} {clock}")
                except ValueError:
                    continue
        try:
            return datetime.fromisoformat(value) if value else None
        except ValueError:
            return None

    def is_time(self, value: str) -> bool:
        """Whether this is a time in any way of writing one, and no name of a column."""
        return any(replace(self, dates=dates)._written(value) is not None for dates in DATES)

    def number(self, typed: str) -> str:
        """As +380671110022; empty for an extension, a hidden caller, nonsense."""
        return "" if self.is_extension(typed) else e164(typed, region=self.region)

    def is_extension(self, typed: str) -> bool:
        """Whether it is somebody's own telephone here: by what stands before it, or by being that short."""
        typed = typed.strip()
        if self.prefix and typed.lower().startswith(self.prefix.lower()):
            return True
        bare = typed.lstrip("*#")  # a code of the exchange's own
        return bare.isdecimal() and len(bare) < 6

    def bare(self, typed: str) -> str:
        """Without what stands before an extension."""
        typed = typed.strip()
        marked = self.prefix and typed.lower().startswith(self.prefix.lower())
        return typed[len(self.prefix) :] if marked else typed


def seconds_of(value: str) -> int:
    """A duration as a number of seconds or as hours:minutes:seconds."""
    parts = value.split(":")
    if not all(part.isdecimal() and len(part) < 7 for part in parts) or len(parts) > 3:
        return 0
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return total
