"""Time in which a shop is open: pure arithmetic, without database, settings or clock.

Conventions, the same everywhere:
- What counts is elapsed real time while open. A night on which clocks change is as long as it is.
- An interval belongs to the day it starts on. One whose end is not after its start runs into the next day, also when
  that day is a holiday.
- A local time that a change of clocks skips means the moment of the change; one that it repeats means its first
  occurrence.
- On a holiday or an own closed day the weekly intervals do not open; an extra opening always does.
- Intervals that overlap count once.
"""

from .calendar import Calendar, Interval, NeverOpen, OpeningError, OwnDay
from .explain import Stretch, explain
from .sums import add_open_seconds, add_open_time, open_seconds_between, open_time_between

__all__ = [
    "Calendar",
    "Interval",
    "NeverOpen",
    "OpeningError",
    "OwnDay",
    "Stretch",
    "add_open_seconds",
    "add_open_time",
    "explain",
    "open_seconds_between",
    "open_time_between",
]
