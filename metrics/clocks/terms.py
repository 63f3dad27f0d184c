"""By what a clock is measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from metrics.business_time import Calendar


class Target(StrEnum):
    """What is promised: the first answer of a period, every later one, the solution; and that a caller is answered."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"
    WAIT = "wait"


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


# What is asked of the customer: noted in the ticket's history as far as a policy asks for it.
CUSTOMER_TRAITS = ("segment", "tier", "region")
# The segment of who is in none.
NEVER_BOUGHT = "never_bought"


@dataclass(frozen=True, slots=True)
class Traits:
    """What policies ask of a ticket and its customer, as it is at some point of its history. A customer may be in
    several segments; one of those allowed is enough."""

    channel_id: int | None = None
    channel_kind: str = ""
    language: str = ""
    priority: int = 20
    team_id: int | None = None
    segment: frozenset[str] = frozenset()
    tier: str = ""
    region: str = ""
