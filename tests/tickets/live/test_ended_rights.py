"""An open socket does not outlive the rights it was opened with (threat 48)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from events.delivery import drain
from people.actions import end_sessions, save_agent
from people.models import Agent, Role
from people.tokens import create_token, find_token
from tests.people import House
from tickets.models import Ticket

from .conftest import OpenTab

pytestmark = pytest.mark.django_db(transaction=True)


def save(agent: Agent, house: House, **changes: object) -> None:
    values = {name: getattr(agent, name) for name in ("email", "name", "role", "is_active")}
    save_agent(agent, by=house.adam, teams=list(agent.teams.all()), **(values | changes))  # type: ignore[arg-type]


def test_switched_off_the_open_socket_ends_within_seconds(open_tab: OpenTab, house: House) -> None:
    ben, olena = open_tab(house.ben, view="open"), open_tab(house.olena, view="open")
    save(house.ben, house, is_active=False)
    assert ben.wait_closed(timeout=5) >= 4000
    olena.settle()
    assert olena.closed_with is None
    assert not Ticket.objects.visible_to(Agent.objects.get(pk=house.ben.pk)).exists()


def test_another_role_ends_it_too(open_tab: OpenTab, house: House) -> None:
    tab = open_tab(house.ben, view="open")
    save(house.ben, house, role=Role.VIEWER)
    assert tab.wait_closed(timeout=5) >= 4000


def test_a_session_that_ended_takes_its_socket_along(open_tab: OpenTab, house: House) -> None:
    tab = open_tab(house.olena, view="open")
    end_sessions(house.olena)
    assert tab.wait_closed(timeout=5) >= 4000


def test_it_ends_at_once_and_not_at_the_next_look(
    open_tab: OpenTab, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is heard and the hubs look then; here the look of every few seconds is an hour away."""
    monkeypatch.setattr("tickets.live.hub.WATCH_PAUSE", 3600.0)
    off, out, stays = (open_tab(agent, view="open") for agent in (house.ben, house.olena, house.mallory))
    for tab in (off, out, stays):
        tab.settle()
    plain, _ = create_token(house.ben, "script")
    save(house.ben, house, is_active=False)
    end_sessions(house.olena)
    drain()
    assert off.wait_closed(timeout=30) >= 4000
    assert out.wait_closed(timeout=30) >= 4000
    stays.settle()
    assert stays.closed_with is None
    assert find_token(plain, at=timezone.now()) is None
