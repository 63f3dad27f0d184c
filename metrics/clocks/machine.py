"""What a ticket's history makes of its clocks. Pure: the same steps give the same clocks, whenever they are asked for.

Conversation (asked, answered) counts by its own moment, however late it was recorded. What changes the ticket (status,
snooze, priority, team, new rules) counts in the order of the ledger, which is the order in which it was true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from metrics.business_time import NeverOpen, add_open_time, open_time_between

from .terms import Target, Terms, Traits

Key = tuple[int, str, int]  # cycle, target, how many of that kind in the cycle
CONVERSATION = frozenset({"asked", "answered", "called"})


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. Which fields say something depends on `kind`:

    opened (traits, value: status) · asked (message, thanks) · answered (message, by, who) ·
    called (message, waited, who, value: "answered" or how the call ended without) · status (value, by) ·
    reopened (value, message, slip) · snoozed · woken · trait (traits) · replanned (rules) · cancelled (value) ·
    restored (value: "waiting" while somebody waits) · released (gone: messages no longer here, value as before)
    """

    kind: str
    at: datetime
    sequence: int
    value: str = ""
    message: int | None = None
    by: str = "human"
    who: int | None = None
    thanks: bool = False
    slip: bool = False
    rules: int = 0
    waited: timedelta = timedelta()
    traits: dict[str, Any] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()


@dataclass(slots=True)
class Clock:
    """One promise and how it went. `parts` are the stretches in which it ran."""

    key: Key
    started_at: datetime
    message: int | None
    rules: int
    terms: Terms | None
    parts: list[tuple[datetime, datetime]] = field(default_factory=list)
    running_since: datetime | None = None
    state: State = State.RUNNING
    stopped_at: datetime | None = None
    reason: str = ""
    answered_by: int | None = None
    breached_at: datetime | None = None
    last_due: datetime | None = None
    promised: bool = False

    def copy(self) -> Clock:
        other = copy(self)
        other.parts = self.parts[:]
        return other

    @property
    def target(self) -> timedelta | None:
        return self.terms.targets.get(self.key[1]) if self.terms else None

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None

    def moment(self, amount: timedelta) -> datetime | None:
        """When so much open time has been used; None while it stands or if that never comes."""
        if self.terms is None:
            return None
        left = amount
        for start, end in self.parts:
            used = open_time_between(self.terms.calendar, start, end)
            if used >= left:
                return add_open_time(self.terms.calendar, start, left)
            left -= used
        if self.running_since is None:
            return None
        try:
            return add_open_time(self.terms.calendar, self.running_since, left)
        except NeverOpen:
            return None

    @property
    def due_at(self) -> datetime | None:
        """The deadline; the one it missed if it was late before its terms changed."""
        if self.breached_at is not None:
            return self.breached_at
        if not self.is_open:
            return self.last_due
        return self.moment(self.target) if self.target is not None else None

    def alarms(self) -> list[tuple[int, datetime]]:
        """(percent, moment) of the warnings and of the deadline (100), by moment."""
        if self.target is None or self.terms is None:
            return []
        found = [(percent, self.moment(self.target * percent / 100)) for percent in self.terms.warn]
        return [*((percent, at) for percent, at in found if at), *([(100, self.due_at)] if self.due_at else [])]

    def used(self, until: datetime) -> timedelta:
        """Open time used until a moment."""
        if self.terms is None:
            return timedelta()
        running = [(self.running_since, until)] if self.running_since is not None else []
        calendar = self.terms.calendar
        return sum((open_time_between(calendar, start, end) for start, end in [*self.parts, *running]), timedelta())

    def pause(self, at: datetime) -> None:
        if self.running_since is not None:
            self.parts.append((self.running_since, max(at, self.running_since)))
            self.running_since = None
            self.state = State.PAUSED

    def run(self, at: datetime) -> None:
        if self.running_since is None:
            self.running_since = max(at, self.parts[-1][1] if self.parts else self.started_at)
            self.state = State.RUNNING

    def stop(self, at: datetime, state: State, reason: str) -> None:
        """End it at a moment, which may lie before its last pause: what was recorded late cuts off what ran since."""
        at = max(at, self.started_at)
        ran_on = self.running_since is not None
        if self.running_since is not None:
            self.parts.append((self.running_since, at))
        self.parts = [(start, min(end, at)) for start, end in self.parts if start < at]
        self.running_since = at if ran_on else None
        self.last_due = self.due_at
        if self.last_due is not None and self.last_due < at:
            self.breached_at = self.last_due
        self.running_since, self.state, self.stopped_at, self.reason = None, state, at, reason


class Rulebook(Protocol):
    """Which rules a clock lives by, and what they promise a ticket."""

    def at_start(self, key: Key, at: datetime) -> int: ...
    def terms(self, rules: int, traits: Traits) -> Terms | None: ...


def clocks_of(steps: Iterable[Step], book: Rulebook) -> list[Clock]:
    """All clocks of a ticket that were ever promised, in the order they started."""
    machine = _Machine(book)
    ordered = in_order(list(steps))
    machine.reopening = {step.message for step in ordered if step.kind == "reopened" and step.message is not None}
    machine.said = {step.message: step for step in ordered if step.kind == "asked" and step.message is not None}
    for step in ordered:
        machine.take(step)
    return [clock for clock in machine.clocks.values() if clock.promised]


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Steps as they count: changes of the ticket in ledger order, conversation where its moment lies among them."""
    latest: datetime | None = None
    placed: list[tuple[datetime, int, Step]] = []
    for step in sorted(steps, key=lambda step: step.sequence):
        at = step.at
        if step.kind not in CONVERSATION:
            at = latest = max(at, latest) if latest else at
        placed.append((at, step.sequence, step if step.at == at else replace(step, at=at)))
    return [step for _at, _sequence, step in sorted(placed, key=lambda entry: entry[:2])]


class _Machine:
    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.traits = Traits()
        self.status, self.snoozed, self.cancelled = "open", False, False
        self.cycle, self.answered = 1, False
        self.clocks: dict[Key, Clock] = {}
        self.before_solving: tuple[dict[Key, Clock], bool] | None = None
        self.before_cancelling: tuple[list[Clock], datetime] | None = None
        self.reopening: set[int] = set()
        self.said: dict[int, Step] = {}

    def take(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)

    # The ticket changes

    def _opened(self, step: Step) -> None:
        self.traits = replace(self.traits, **step.traits)
        self.status = step.value or "open"
        self.cancelled = self.status == "spam"

    def _status(self, step: Step) -> None:
        if step.value == "solved":
            self.before_solving = {key: clock.copy() for key, clock in self.clocks.items()}, self.answered
            for clock in self._open():
                # What the bot solved is nobody's promise kept, unless the policy lets the bot's answers count.
                counts = step.by == "human" or (clock.terms is not None and clock.terms.bot_counts)
                done = clock.key[1] == Target.RESOLUTION and counts
                clock.stop(step.at, State.FULFILLED if done else State.CANCELLED, "solved")
            self.snoozed = False
        self.status = step.value
        self._pause_or_run(step.at)

    def _reopened(self, step: Step) -> None:
        if step.slip and self.before_solving:
            self.clocks, self.answered = self.before_solving
            self.status = step.value or "open"
            self._pause_or_run(step.at)
            return
        self.cycle += 1
        self.answered = False
        self.status = step.value or "open"
        asked = self.said.get(step.message) if step.message is not None else None
        if asked is None and step.message is None:
            self._start(Target.RESOLUTION, 1, step.at, None)
        elif asked is not None and not asked.thanks:
            self._ask(asked)

    def _snoozed(self, step: Step) -> None:
        self.snoozed = True
        self._pause_or_run(step.at)

    def _woken(self, step: Step) -> None:
        self.snoozed = False
        self._pause_or_run(step.at)

    def _trait(self, step: Step) -> None:
        self.traits = replace(self.traits, **step.traits)
        for clock in self._open():
            self._plan_again(clock, step.at)

    def _replanned(self, step: Step) -> None:
        for clock in self._open():
            clock.rules = max(clock.rules, step.rules)
            self._plan_again(clock, step.at)

    def _cancelled(self, step: Step) -> None:
        self.cancelled = True
        self.before_cancelling = [clock.copy() for clock in self._open()], step.at
        for clock in self._open():
            clock.stop(step.at, State.CANCELLED, step.value)

    def _restored(self, step: Step) -> None:
        """Clocks go on where they stood; the time between is nobody's. Who was answered meanwhile waits for nothing."""
        self.cancelled = False
        self.status = "open" if self.status == "spam" else self.status
        stood, since = self.before_cancelling or ([], step.at)
        self.before_cancelling = None
        for clock in stood:
            if step.value == "waiting" or clock.key[1] == Target.RESOLUTION:
                clock.pause(since)
                self.clocks[clock.key] = clock
                self._settle(clock, step.at)
        if step.value == "waiting":
            self._ask(step)

    def _released(self, step: Step) -> None:
        for clock in self._open():
            if clock.message in step.gone and clock.key[1] != Target.RESOLUTION:
                clock.stop(step.at, State.CANCELLED, "moved")
        if step.value == "waiting":
            self._ask(step)

    # People talk

    def _asked(self, step: Step) -> None:
        if step.message not in self.reopening and self.status not in ("solved", "closed"):
            self._ask(step)

    def _ask(self, step: Step) -> None:
        if self.cancelled:
            return
        if (self.cycle, Target.RESOLUTION, 1) not in self.clocks:
            self._start(Target.RESOLUTION, 1, step.at, step.message)
        waiting = [c for c in self._open() if c.key[0] == self.cycle and c.key[1] != Target.RESOLUTION]
        if waiting:
            return
        if not self.answered and (self.cycle, Target.FIRST, 1) not in self.clocks:
            self._start(Target.FIRST, 1, step.at, step.message)
        else:
            earlier = sum(1 for key in self.clocks if key[:2] == (self.cycle, Target.NEXT))
            self._start(Target.NEXT, earlier + 1, step.at, step.message)

    def _answered(self, step: Step) -> None:
        self.answered = self.answered or step.by == "human"
        for clock in self._open():
            counts = step.by == "human" or (clock.terms is not None and clock.terms.bot_counts)
            if clock.key[1] != Target.RESOLUTION and counts and step.at >= clock.started_at:
                self.answered = True
                clock.answered_by = step.who
                clock.stop(step.at, State.FULFILLED, "answered")

    def _called(self, step: Step) -> None:
        """A call is over when it is heard of: its wait begins and ends at once. Who gave up in time was promised
        nothing that was broken."""
        number = 1 + sum(1 for key in self.clocks if key[:2] == (self.cycle, Target.WAIT))
        clock = self._begin(Target.WAIT, number, step.at, step.message)
        taken = step.value == "answered"
        clock.answered_by = step.who
        clock.stop(step.at + step.waited, State.FULFILLED if taken else State.CANCELLED, step.value)

    # Clocks

    def _open(self) -> list[Clock]:
        return [clock for clock in self.clocks.values() if clock.is_open]

    def _start(self, target: Target, number: int, at: datetime, message: int | None) -> None:
        self._settle(self._begin(target, number, at, message), at)

    def _begin(self, target: Target, number: int, at: datetime, message: int | None) -> Clock:
        key = (self.cycle, target.value, number)
        rules = self.book.at_start(key, at)
        clock = Clock(key, at, message, rules, self.book.terms(rules, self.traits))
        clock.promised = clock.target is not None
        self.clocks[key] = clock
        clock.run(at)
        return clock

    def _plan_again(self, clock: Clock, at: datetime) -> None:
        """New terms count from the clock's start; what was late before them stays late by the old ones."""
        due = clock.due_at
        if due is not None and due < at:
            clock.breached_at = due
            return
        clock.terms = self.book.terms(clock.rules, self.traits)
        clock.promised = clock.promised or clock.target is not None
        self._settle(clock, at)

    def _pause_or_run(self, at: datetime) -> None:
        for clock in self._open():
            self._settle(clock, at)

    def _settle(self, clock: Clock, at: datetime) -> None:
        pauses = clock.terms.pauses if clock.terms else frozenset()
        if self.status in pauses or (self.snoozed and "snoozed" in pauses):
            clock.pause(at)
        else:
            clock.run(at)
