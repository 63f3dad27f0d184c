"""Rows that stand in the order somebody chose (fields, views, policies): moved by one place, or joined by a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from events.audit import note_setting
from people.models import Agent


class Placed(Protocol):
    position: Any


P = TypeVar("P", bound=Placed)


def move_one(
    row: list[P], one: P, *, up: bool, part_of: Callable[[P], object] = lambda _one: None
) -> int | None:  # fmt: skip
    """Put one before its neighbour, or after it, and number the whole row by where each now stands; its new place.

    None, and nothing is changed, at the end of the row, or of its own part. The caller keeps the positions.
    """
    here = row.index(one)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(row) or part_of(row[there]) != part_of(one):
        return None
    row[here], row[there] = row[there], row[here]
    for position, each in enumerate(row):
        each.position = position
    return there


def note_place(what: str, there: int, *, up: bool, by: Agent) -> None:
    """Note in the audit that one of a row was moved there by one place."""
    note_setting(what, {"position": there + (1 if up else -1)}, {"position": there}, by=by.actor)


def place_new(row: list[P], new: P, *, demands: Callable[[P], int]) -> None:
    """Put a new one before the first that demands no more than it does, and number the whole row. At the end it would
    stand behind what fits everything and never be asked. The caller keeps the positions."""
    there = next((place for place, one in enumerate(row) if demands(one) <= demands(new)), len(row))
    row.insert(there, new)
    for position, each in enumerate(row):
        each.position = position
