"""Telling less often than committing: at once outside, soon within, always at the end."""

from __future__ import annotations

import pytest

from events import gathering


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr(gathering.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(gathering._waiting, "told_at", 0.0)
    return now


def test_outside_everything_is_told_at_once(told: list[str]) -> None:
    for number in ("1", "2"):
        gathering.tell("bell", lambda number=number: told.append(number))

    assert told == ["1", "2"]


def test_within_the_first_is_told_at_once_and_the_next_ones_once_at_the_end(told: list[str]) -> None:
    with gathering.gathered():
        for number in ("1", "2", "3"):
            gathering.tell("bell", lambda number=number: told.append(number))
        assert told == ["1"]

    assert told == ["1", "3"]


def test_what_waited_long_enough_goes_with_the_next(told: list[str], clock: list[float]) -> None:
    with gathering.gathered():
        gathering.tell("bell", lambda: told.append("first"))
        gathering.tell("bell", lambda: told.append("second"))
        clock[0] += gathering.SECONDS
        gathering.tell("live", lambda: told.append("live"))

        assert told == ["first", "second", "live"]
    assert told == ["first", "second", "live"]


def test_before_work_that_may_take_long_what_is_due_is_told(told: list[str], clock: list[float]) -> None:
    with gathering.gathered():
        gathering.tell("bell", lambda: told.append("first"))
        gathering.tell("bell", lambda: told.append("second"))
        gathering.tell_due()
        assert told == ["first"]
        clock[0] += gathering.SECONDS
        gathering.tell_due()
        assert told == ["first", "second"]


def test_work_that_fails_tells_what_was_committed_before(told: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), gathering.gathered():
        gathering.tell("bell", lambda: told.append("first"))
        gathering.tell("bell", lambda: told.append("second"))
        raise ZeroDivisionError

    assert told == ["first", "second"]


def test_one_within_another_waits_for_the_outer_end(told: list[str]) -> None:
    with gathering.gathered():
        gathering.tell("bell", lambda: told.append("first"))
        with gathering.gathered():
            gathering.tell("bell", lambda: told.append("second"))
        assert told == ["first"]

    assert told == ["first", "second"]
