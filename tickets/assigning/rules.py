"""Who gets the next ticket, and why. Pure.

A ticket weighs so many units of a mail. It fits whom it does not bring above their limit, and anybody who has nothing:
so that what weighs more than a limit does not wait for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

HEAVIEST = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be given tickets now: what they have open and may have, when they last got one,
    and the only channels they see (None: all)."""

    agent_id: int
    load: int
    limit: int
    given_at: datetime | None = None
    channels: frozenset[int] | None = None

    def may_have(self, ticket: Waiting) -> bool:
        """Whether it may be theirs at all, once they have room."""
        return self.agent_id != ticket.not_to and (self.channels is None or ticket.channel in self.channels)

    def takes(self, weight: int) -> bool:
        return self.limit > 0 and (self.load == 0 or self.load + weight <= self.limit)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket nobody has. `before` is whose it was, `not_to` who gave it back by hand."""

    ticket_id: int
    weight: int
    before: int | None = None
    not_to: int | None = None
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """`why` is "back" (it was theirs), "turn" or "fewest"."""

    ticket_id: int
    agent_id: int
    why: str
    load: int
    limit: int


def choose(
    queue: Sequence[Waiting], candidates: Collection[Candidate], *, method: str, last_given: int | None
) -> Choice | None:
    """The first ticket of the queue and who gets it; None while nobody can take it.

    A ticket that nobody here may have is passed over; one that nobody has room for is not: what came
    later and is lighter must not overtake it for ever.
    """
    for ticket in queue:
        allowed = [one for one in candidates if one.may_have(ticket)]
        fitting = [one for one in allowed if one.takes(ticket.weight)]
        if fitting:
            return _choose_among(ticket, fitting, method, last_given)
        if allowed:
            return None
    return None


def _choose_among(ticket: Waiting, fitting: list[Candidate], method: str, last_given: int | None) -> Choice:
    before = next((one for one in fitting if one.agent_id == ticket.before), None)
    if before is not None:
        return _choice(ticket, before, "back")
    if method == "turns":
        return _choice(ticket, _next_in_turn(fitting, last_given), "turn")
    return _choice(ticket, min(fitting, key=_fewest), "fewest")


def _choice(ticket: Waiting, one: Candidate, why: str) -> Choice:
    return Choice(ticket.ticket_id, one.agent_id, why, one.load, one.limit)


def _next_in_turn(fitting: list[Candidate], last_given: int | None) -> Candidate:
    """The circle goes by number, from whoever was last."""
    return min(fitting, key=lambda one: (one.agent_id <= (last_given or 0), one.agent_id))


def _fewest(one: Candidate) -> tuple[int, float, int]:
    """Of those with as few, whoever waits longest for something to do."""
    return one.load, one.given_at.timestamp() if one.given_at else 0.0, one.agent_id
