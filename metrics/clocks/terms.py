"""By what a clock is measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from metrics.business_time import Calendar


class Target(StrEnum):
    """What is promised: the first answer of a period, every later one, the solution."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Terms:
    """One policy as it was written at some time, with its calendar."""

    policy_id: int
    policy: str
    calendar_id: int
    calendar: Calendar
    targets: Mapping[str, timedelta]
    warn: tuple[int, ...] = (75, 90)
    pauses: frozenset[str] = frozenset({"pending", "on_hold", "snoozed"})
    bot_counts: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What policies ask of a ticket, as it is at some point of its history."""

    channel_id: int | None = None
    channel_kind: str = ""
    language: str = ""
    priority: int = 20
    team_id: int | None = None
