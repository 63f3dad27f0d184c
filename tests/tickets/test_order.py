"""Rows in an order that somebody chose: one moves by one place, and all are numbered by where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tickets.order import move_one, place_new


@dataclass
class One:
    name: str
    position: int = 0


def row_of(names: str) -> list[One]:
    """As rows come that were never moved, or of which some are gone: equal numbers, and gaps."""
    return [One(name, 7 * (place // 2)) for place, name in enumerate(names)]


@pytest.mark.parametrize(
    ("name", "up", "there", "after"),
    [("b", True, 0, "bac"), ("b", False, 2, "acb"), ("a", False, 1, "bac"), ("c", True, 1, "acb")],
)
def test_one_changes_places_with_its_neighbour(name: str, up: bool, there: int, after: str) -> None:
    row = row_of("abc")
    assert move_one(row, row["abc".index(name)], up=up) == there
    assert [(one.name, one.position) for one in row] == list(zip(after, range(3), strict=True))


@pytest.mark.parametrize(("name", "up"), [("a", True), ("c", False)])
def test_at_the_end_nothing_changes(name: str, up: bool) -> None:
    row, before = row_of("abc"), row_of("abc")
    assert move_one(row, row["abc".index(name)], up=up) is None
    assert row == before


def test_nothing_leaves_its_part_of_the_row() -> None:
    row, before = row_of("aBCd"), row_of("aBCd")
    assert move_one(row, row[1], up=True, part_of=lambda one: one.name.isupper()) is None
    assert move_one(row, row[2], up=False, part_of=lambda one: one.name.isupper()) is None
    assert row == before
    assert move_one(row, row[2], up=True, part_of=lambda one: one.name.isupper()) == 1
    assert "".join(one.name for one in row) == "aCBd"


@pytest.mark.parametrize(
    ("row", "demands", "after"),
    [
        ([2, 1, 0], 1, [2, "new", 1, 0]),
        ([2, 1, 0], 3, ["new", 2, 1, 0]),
        ([2, 1, 0], 0, [2, 1, "new", 0]),
        ([2, 1], 0, [2, 1, "new"]),
        ([0, 2], 1, ["new", 0, 2]),
        ([], 1, ["new"]),
    ],
)
def test_a_new_one_stands_where_it_is_asked(row: list[int], demands: int, after: list[int | str]) -> None:
    there, new = [One(str(asked), 9) for asked in row], One("new")
    asks = {"new": demands} | {str(asked): asked for asked in row}
    place_new(there, new, demands=lambda one: asks[one.name])
    assert [(one.name, one.position) for one in there] == [(str(name), place) for place, name in enumerate(after)]
