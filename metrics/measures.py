"""What is counted: kinds of facts, where their rows are, and by which traits they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Case, F, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, ExtractHour, Floor, Greatest, Ln

from metrics.clocks.machine import State
from metrics.clocks.terms import Target
from metrics.facts import KEPT, MISSED, Scope, answers, ended, opened
from metrics.surveys.scales import Kind

# Lengths of time fall into bins, eight to each doubling.
BINS = 8 / 0.6931471805599453


class What(IntEnum):
    PROMISE = 1
    SCORE = 2
    ARRIVAL = 3
    ELAPSED = 4
    OPEN = 5


class Dim(IntEnum):
    """By which trait facts are told apart."""

    ALL = 0
    CHANNEL = 1
    TEAM = 2
    AGENT = 3
    LANGUAGE = 4


class Outcome(IntEnum):
    """How a promise went: kept, answered late, never answered though due, or over before it was due."""

    KEPT = 1
    LATE = 2
    LOST = 3
    DROPPED = 4


TARGETS = {target.value: number for number, target in enumerate(Target, 1)}
KINDS = {kind.value: number for number, kind in enumerate(Kind, 1)}


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of fact: where its rows are, when each happened, its value, and the columns of its traits."""

    what: What
    moment: str
    facts: Callable[[Scope], QuerySet[Any]]
    key: Callable[[ZoneInfo], Any]
    channel: str
    team: str
    agent: str
    language: str
    ticket: str  # how a column of the ticket is named from here
    length: str = ""  # the column of its length of time, where it has one

    def column(self, dim: Dim) -> Any:
        if dim == Dim.LANGUAGE:
            return _LanguageNumber(F(self.language), output_field=BigIntegerField())
        return {Dim.ALL: Value(0), Dim.CHANNEL: F(self.channel), Dim.TEAM: F(self.team), Dim.AGENT: F(self.agent)}[dim]


class _LanguageNumber(Func):
    """The letters of a language's code as one number, so that it stands where the numbers of channels do. None is 0."""

    template = "CAST(CAST('x' || encode(convert_to(%(expressions)s, 'UTF8'), 'hex') AS bit(64)) AS bigint)"


def language_number(code: str) -> int:
    """The same here."""
    return int.from_bytes(code.encode()[:8].ljust(8, b"\0"), "big", signed=True)


def _numbered(column: str, numbers: dict[str, int]) -> Case:
    return Case(*[When(**{column: name}, then=Value(number)) for name, number in numbers.items()], default=Value(0))


def _promise(_zone: ZoneInfo) -> Any:
    outcome = Case(
        When(KEPT, then=Value(Outcome.KEPT)), When(MISSED & Q(state=State.FULFILLED), then=Value(Outcome.LATE)),
        When(MISSED, then=Value(Outcome.LOST)), When(state=State.CANCELLED, then=Value(Outcome.DROPPED)),
        default=Value(0), output_field=IntegerField(),
    )  # fmt: skip
    return _numbered("target", TARGETS) * 10 + outcome


def bin_of(column: str) -> Any:
    """The bin of a length of time; what is below a second falls into the first."""
    return Cast(Floor(Ln(Greatest(F(column), Value(1.0))) * Value(BINS)), IntegerField())


def first_given(scope: Scope, column: str) -> QuerySet[Any]:
    """First answers that were given, with their length of time."""
    return ended(scope).filter(target=Target.FIRST, state=State.FULFILLED, **{f"{column}__isnull": False})


_CLOCK = {"channel": "channel_id", "team": "team_id", "agent": "answered_by", "language": "ticket__language",
          "ticket": "ticket__"}  # fmt: skip
PROMISES = Measure(What.PROMISE, "stopped_at", ended, _promise, **_CLOCK)
SCORES = Measure(
    What.SCORE, "answered_at", answers, lambda _zone: _numbered("kind", KINDS) * 100 + F("score"), "channel_id",
    "team_id", "agent_id", "language", "ticket__",
)  # fmt: skip
ARRIVALS = Measure(
    What.ARRIVAL, "opened_at", opened, lambda zone: ExtractHour("opened_at", tzinfo=zone), "channel_id", "team_id",
    "assignee_id", "language", "",
)  # fmt: skip
WAITS = {
    "wall_seconds": Measure(What.ELAPSED, "stopped_at", lambda scope: first_given(scope, "wall_seconds"),
                            lambda _zone: bin_of("wall_seconds"), **_CLOCK, length="wall_seconds"),
    "used_seconds": Measure(What.OPEN, "stopped_at", lambda scope: first_given(scope, "used_seconds"),
                            lambda _zone: bin_of("used_seconds"), length="used_seconds", **_CLOCK),
}  # fmt: skip
MEASURES = (PROMISES, SCORES, ARRIVALS, *WAITS.values())
