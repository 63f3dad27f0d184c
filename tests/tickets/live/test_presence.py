"""Who is at a ticket: leases, typing that passes, and nobody told of a ticket they may not see."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.people import House, events_of, open_ticket
from tickets.actions import move_to_team
from tickets.live.presence import (
    LEASE_SECONDS,
    TYPING_SECONDS,
    Place,
    Presence,
    State,
    shown_people,
    stored_places,
    tell_places,
)

from .conftest import OpenTab
from .site import Tab

HERE, IDLE, TYPING, AWAY = State.HERE, State.IDLE, State.TYPING, State.AWAY


def at(tab: str, agent: int, ticket: int | None, state: State = HERE) -> Place:
    return Place(tab, agent, ticket, state)


# ---- the rules


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([at("a", 1, 7)], {7: {1: HERE}}),
        ([at("a", 1, 7), at("b", 2, 7, TYPING)], {7: {1: HERE, 2: TYPING}}),
        ([at("a", 1, 7), at("a", 1, 8)], {8: {1: HERE}}),  # a tab is at one ticket
        ([at("a", 1, 7, IDLE), at("b", 1, 7)], {7: {1: HERE}}),  # of two tabs of one agent the livelier counts
        ([at("a", 1, 7), at("b", 1, 7, TYPING), at("b", 1, None)], {7: {1: HERE}}),
        ([at("a", 1, 7), at("a", 1, 7, AWAY)], {}),
        ([at("a", 1, None)], {}),
    ],
)
def test_where_everybody_is(places: list[Place], expected: dict[int, Any]) -> None:
    known = Presence()
    known.take(places, at=100)
    assert known.everywhere(at=100) == expected


def test_typing_passes_and_leases_end() -> None:
    known = Presence()
    known.take([at("a", 1, 7, TYPING)], at=100)
    assert known.next_end(at=100) == TYPING_SECONDS
    assert known.everywhere(at=100 + TYPING_SECONDS) == {7: {1: HERE}}
    known.renew(["a", "unknown"], at=150)
    assert known.everywhere(at=150 + LEASE_SECONDS - 1) == {7: {1: HERE}}
    assert known.everywhere(at=150 + LEASE_SECONDS) == {}
    assert known.next_end(at=300) is None


def test_an_end_that_came_while_nobody_looked_is_still_due() -> None:
    known = Presence()
    known.take([at("a", 1, 7, TYPING)], at=100)
    assert known.differences(at=100 + TYPING_SECONDS - 0.001) == {7: {1: TYPING}}
    assert known.next_end(at=100 + TYPING_SECONDS + 0.3) == 0
    assert known.differences(at=100 + TYPING_SECONDS + 0.3) == {7: {1: HERE}}
    assert known.next_end(at=110) == LEASE_SECONDS - 10


def test_only_differences_are_told() -> None:
    known = Presence()
    known.take([at("a", 1, 7)], at=100)
    assert known.differences(at=100) == {7: {1: HERE}}
    assert known.differences(at=100) == {}
    known.take([at("a", 1, 7), at("b", 1, 7)], at=101)
    assert known.differences(at=101) == {}
    known.forget()
    known.take([at("c", 2, 8)], at=102)
    assert known.differences(at=102) == {7: {}, 8: {2: HERE}}


# ---- what is kept


def test_places_are_kept_for_a_lease_and_typing_is_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_places([at("a", 1, 7, TYPING), at("b", 2, 8, IDLE), at("c", 3, 9)])
    tell_places([at("c", 3, 9, AWAY)])
    assert sorted(stored_places(), key=lambda place: place.tab) == [at("a", 1, 7), at("b", 2, 8, IDLE)]
    monkeypatch.setattr("tickets.live.presence.time.time", lambda: time.monotonic() + 10**10)
    assert stored_places() == []
    monkeypatch.undo()
    assert stored_places() == []  # cleared away


# ---- who is told


def test_two_queries_and_nobody_is_told_of_what_they_may_not_see(house: House) -> None:
    ours, theirs = open_ticket(house.channel), open_ticket(house.other_channel)
    places = {ours.pk: {house.ben.pk: TYPING, house.olena.pk: HERE}, theirs.pk: {house.mallory.pk: HERE}, 10**9: {}}
    viewers = [house.olena.pk, house.ben.pk, house.mallory.pk, house.adam.pk]
    with CaptureQueriesContext(connection) as queries:
        shown = shown_people(places, viewers)
    assert len(queries) == 2
    names = {
        viewer: {int(id): [(one["name"], one["state"]) for one in people] for id, people in tickets.items()}
        for viewer, tickets in shown.items()
    }
    assert names == {
        house.olena.pk: {ours.pk: [("Ben", "typing")]},
        house.ben.pk: {ours.pk: [("Olena", "here")]},
        house.mallory.pk: {theirs.pk: []},
        house.adam.pk: {ours.pk: [("Ben", "typing"), ("Olena", "here")], theirs.pk: [("Mallory", "here")]},
    }


def people_at(tab: Tab, number: int, expected: list[tuple[str, str]], timeout: float = 8) -> None:
    """Wait until the tab was told that exactly these are at the ticket."""
    deadline = time.monotonic() + timeout
    while True:
        told = [frame["tickets"].get(str(number)) for frame in tab.frames if frame["kind"] == "presence"]
        known = [people for people in told if people is not None]
        if known and [(one["name"], one["state"]) for one in known[-1]] == expected:
            return
        assert time.monotonic() < deadline, f"{known} instead of {expected}"
        tab.settle(quiet=0.1)


@pytest.mark.django_db(transaction=True)
def test_told_at_once_to_who_may_see_it_and_to_nobody_else(open_tab: OpenTab, house: House) -> None:
    ticket = open_ticket(house.channel)
    olena, mallory = open_tab(house.olena, view="open"), open_tab(house.mallory, view="open")
    ben = open_tab(house.ben, view="open", ticket=ticket.pk)
    people_at(olena, ticket.pk, [("Ben", "here")])
    ben.say({"type": "here", "state": "typing"})
    people_at(olena, ticket.pk, [("Ben", "typing")])
    people_at(olena, ticket.pk, [("Ben", "here")], timeout=TYPING_SECONDS + 8)
    ben.say({"type": "here", "state": "idle"})
    people_at(olena, ticket.pk, [("Ben", "idle")])
    ben.say({"type": "here", "state": "away"})
    people_at(olena, ticket.pk, [])
    ben.say({"type": "here", "state": "here"})
    people_at(olena, ticket.pk, [("Ben", "here")])
    ben.show(view="open", ticket=None)
    people_at(olena, ticket.pk, [])
    ben.show(view="open", ticket=ticket.pk)
    people_at(olena, ticket.pk, [("Ben", "here")])
    ben.close()
    people_at(olena, ticket.pk, [])
    mallory.settle()
    assert all(frame["tickets"] == {} for frame in mallory.frames if frame["kind"] == "presence")
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]


@pytest.mark.django_db(transaction=True)
def test_whoever_comes_later_is_told_of_those_who_are_there(open_tab: OpenTab, house: House) -> None:
    ticket, other = open_ticket(house.channel), open_ticket(house.other_channel)
    open_tab(house.ben, view="open", ticket=ticket.pk)
    open_tab(house.mallory, view="open", ticket=other.pk)
    olena = open_tab(house.olena, view="open")
    people_at(olena, ticket.pk, [("Ben", "here")])
    assert all(str(other.pk) not in frame["tickets"] for frame in olena.frames if frame["kind"] == "presence")


@pytest.mark.django_db(transaction=True)
def test_a_ticket_out_of_sight_takes_nobody_there(open_tab: OpenTab, house: House) -> None:
    """Mallory asks to look at what she may not see: nobody is told that she did."""
    ticket = open_ticket(house.channel)
    olena = open_tab(house.olena, view="open")
    open_tab(house.mallory, view="open", ticket=ticket.pk)
    assert all(not frame["tickets"] for frame in olena.settle() if frame["kind"] == "presence")
    move_to_team(ticket.pk, team=house.returns, by=house.adam)
    mallory = open_tab(house.mallory, view="open", ticket=ticket.pk)
    mallory.settle()
    assert all(not frame["tickets"] for frame in olena.settle() if frame["kind"] == "presence")


@pytest.mark.parametrize("state", ["gone", "", None, 1, ["here"]])
@pytest.mark.django_db(transaction=True)
def test_a_state_that_is_none_ends_the_socket(open_tab: OpenTab, house: House, state: Any) -> None:
    tab = open_tab(house.ben, view="open")
    tab.say({"type": "here", "state": state})
    assert tab.wait_closed() == 4400
