"""A tab that has the ticket open fetches what is new before the hub has read or drawn anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from people.models import Agent
from tests.people import House, make_house, open_ticket
from tickets.live import hub as hubs
from tickets.live.frames import Change, Composer
from tickets.live.hub import Hub
from tickets.live.sight import standings


class Tab:
    """A socket as far as pushing goes."""

    def __init__(self, ticket: int | None) -> None:
        self.ticket = ticket
        self.beside: frozenset[int] = frozenset()
        self.pushed: list[Any] = []

    def push(self, frame: str) -> None:
        self.pushed.append(json.loads(frame))


def hear(hub: Hub, *changes: list[Any]) -> None:
    hub._hear(json.dumps({"changes": changes}).encode())


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_who_has_it_open_is_told_and_nobody_else(hub: Hub) -> None:
    here, elsewhere, nowhere = Tab(7), Tab(8), Tab(None)
    hub._sockets = {here, elsewhere, nowhere}  # type: ignore[assignment]
    hear(hub, [7, "message.received", 12, None])
    assert here.pushed == [{"kind": "message.new", "ticket": 7, "event": 12}], "what is new, and nothing of it"
    assert elsewhere.pushed == nowhere.pushed == []
    assert hub._pending[7].told


def test_a_flood_is_told_of_as_often_as_a_ticket_may_be(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(hubs.time, "monotonic", lambda: clock[0])
    tab = Tab(7)
    hub._sockets = {tab}  # type: ignore[assignment]
    for event in range(50):
        hear(hub, [7, "message.received", event, None])
    assert len(tab.pushed) == 1
    assert not hub._pending[7].told, "the rest is for the reading"
    clock[0] += hubs.TICKET_PAUSE
    hear(hub, [7, "ticket.solved", 51, None])
    assert [one["kind"] for one in tab.pushed] == ["message.new", "ticket.changed"]
    assert hub._pending[7].told, "whoever fetches now has all that came before"


def test_what_may_have_left_somebody_s_sight_waits_for_the_reading(hub: Hub) -> None:
    tab = Tab(7)
    hub._sockets = {tab}  # type: ignore[assignment]
    hear(hub, [7, "ticket.team_changed", 12, [1, None]])
    hear(hub, [7, "message.received", 13, None])
    assert tab.pushed == []
    assert not hub._pending[7].told


@pytest.mark.django_db
def test_the_reading_says_it_once_and_takes_away_what_is_out_of_sight() -> None:
    house: House = make_house()
    ticket = open_ticket(house.channel)

    def frame(agent: Agent, told: bool) -> str:
        composer = Composer({ticket.pk: Change(5, {"message.received"}, told=told)}, [agent.pk])
        return composer.ticket_frame(standings([agent.pk])[agent.pk].sight, ticket.pk)

    assert frame(house.olena, told=True) == ""
    assert json.loads(frame(house.olena, told=False)) == {"kind": "message.new", "ticket": ticket.pk, "event": 5}
    for told in (True, False):
        assert json.loads(frame(house.mallory, told=told)) == {
            "kind": "ticket.remove", "ticket": ticket.pk, "reason": "scope",
        }  # fmt: skip
