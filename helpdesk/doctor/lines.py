"""What a line of the checklist can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import messages as levels

Look = Callable[[], Iterator["Problem"]]


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be, in words for operators, and what to do in one line."""

    state: State
    said: str
    cure: str


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the checklist after a look."""

    number: int
    title: Any  # translated when it is shown
    problems: tuple[Problem, ...]

    @property
    def state(self) -> State:
        states = {problem.state for problem in self.problems}
        return State.FAIL if State.FAIL in states else State.WARN if State.WARN in states else State.OK


def warn(said: str, cure: str) -> Problem:
    return Problem(State.WARN, said, cure)


def fail(said: str, cure: str) -> Problem:
    return Problem(State.FAIL, said, cure)


def as_problem(message: CheckMessage) -> Problem:
    """What Django's and our own checks say, as a line says it."""
    state = State.FAIL if message.level >= levels.ERROR else State.WARN
    return Problem(state, str(message.msg).strip(), str(message.hint or "").strip() or f"See {message.id}.")
