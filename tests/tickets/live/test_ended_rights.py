"""An open socket does not outlive the rights it was opened with (threat 48)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from events.delivery import drain
from people.actions import end_sessions, save_agent
from people.models import Agent, Role
from people.tokens import create_token, find_token
from tests.people import House, open_ticket, signed_in
from tickets.actions import reply
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


def test_off_the_team_the_next_word_is_not_heard_and_nothing_is_fetched(open_tab: OpenTab, house: House) -> None:
    ticket = open_ticket(house.channel)
    ben, olena = (open_tab(agent, view="open", ticket=ticket.pk) for agent in (house.ben, house.olena))
    assert signed_in(house.ben).get(f"/tickets/{ticket.pk}/updates/?event=0").status_code == 200
    values = {name: getattr(house.ben, name) for name in ("email", "name", "role", "is_active")}
    save_agent(house.ben, by=house.adam, teams=[house.returns], **values)
    drain()
    ben.settle()
    ben.frames.clear()
    reply(ticket.pk, by=house.olena, text="NEXT-CANARY")
    olena.wait("ticket.changed", ticket=ticket.pk)
    heard = ben.settle()
    assert "CANARY" not in str(heard) and not any(frame.get("ticket") == ticket.pk for frame in heard)
    client = signed_in(house.ben)
    for path in ("", "updates/?event=0"):
        assert client.get(f"/tickets/{ticket.pk}/{path}", follow=True).status_code == 404
