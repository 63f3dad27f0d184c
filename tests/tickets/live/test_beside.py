"""A page that shows tickets besides the open one hears of them too, and only of what its agent may see."""

from __future__ import annotations

import pytest

from events.delivery import drain
from people.actions import save_agent
from tests.people import House, open_ticket
from tickets.actions import add_note, move_to_team, set_priority
from tickets.realtime import tell_ticket_tabs

from .conftest import OpenTab
from .site import Tab


def test_who_shows_a_ticket_beside_hears_of_it(house: House, open_tab: OpenTab) -> None:
    ours, theirs = open_ticket(house.channel), open_ticket(house.other_channel)
    desk, outsider = open_tab(house.olena), open_tab(house.mallory)
    for tab in (desk, outsider):
        tab.say({"type": "beside", "tickets": [ours.pk, theirs.pk]})
        tab.say({"type": "ping"})
        tab.wait("pong")
        tab.frames.clear()
    set_priority(ours.pk, by=house.olena, priority=40)
    assert desk.wait("ticket.changed")["ticket"] == ours.pk
    tell_ticket_tabs(ours.pk, "panel", typing=True)
    assert desk.wait("panel")["typing"] is True
    assert [frame for frame in outsider.settle() if frame.get("ticket") == ours.pk] == []
    desk.frames.clear()
    set_priority(theirs.pk, by=house.mallory, priority=40)
    assert outsider.wait("ticket.changed")["ticket"] == theirs.pk
    assert [frame for frame in desk.settle() if frame.get("ticket") == theirs.pk] == []
    move_to_team(ours.pk, by=house.adam, team=house.returns)
    assert desk.wait("ticket.remove", ticket=ours.pk)["reason"] == "scope"


def test_nonsense_ends_the_connection(house: House, open_tab: OpenTab) -> None:
    for said in ("all", [0], ["1"], [True], list(range(1, 32))):
        tab = open_tab(house.olena)
        tab.say({"type": "beside", "tickets": said})
        assert tab.wait_closed() == 4400


@pytest.mark.parametrize("shown", ["open", "beside"])
def test_a_page_that_does_not_turn_away_from_what_left_its_sight_hears_no_more(
    house: House, open_tab: OpenTab, shown: str
) -> None:
    ticket = open_ticket(house.channel)
    tab, colleague = open_tab(house.olena), open_tab(house.adam)
    for one in (tab, colleague):
        _show(one, ticket.pk, shown)
    move_to_team(ticket.pk, by=house.adam, team=house.returns)
    assert tab.wait("ticket.remove", ticket=ticket.pk)["reason"] == "scope"
    tab.frames.clear()

    tell_ticket_tabs(ticket.pk, "panel", draft="my card is")
    add_note(ticket.pk, by=house.adam, text="Between us")

    assert colleague.wait("panel")["draft"] == "my card is"
    assert [frame for frame in tab.settle() if frame.get("ticket") == ticket.pk] == []


@pytest.mark.parametrize("shown", ["open", "beside"])
def test_who_leaves_a_team_hears_no_more_of_its_tickets(house: House, open_tab: OpenTab, shown: str) -> None:
    ticket = open_ticket(house.channel)
    move_to_team(ticket.pk, by=house.adam, team=house.support)
    tab = open_tab(house.olena)
    _show(tab, ticket.pk, shown)
    save_agent(
        house.olena, by=house.adam, teams=[house.returns], email=house.olena.email, name=house.olena.name,
        role=house.olena.role, is_active=True,
    )  # fmt: skip
    drain()
    tab.wait("resync", reason="scope")
    tab.settle()
    tab.frames.clear()

    tell_ticket_tabs(ticket.pk, "panel", draft="my card is")

    assert [frame for frame in tab.settle() if frame.get("ticket") == ticket.pk] == []


def _show(tab: Tab, ticket_id: int, shown: str) -> None:
    if shown == "open":
        assert tab.show(view="open", ticket=ticket_id)["ticket"] == ticket_id
    else:
        tab.say({"type": "beside", "tickets": [ticket_id]})
        tab.say({"type": "ping"})
        tab.wait("pong")
    tab.frames.clear()
