"""A page that shows tickets besides the open one hears of them too, and only of what its agent may see."""

from __future__ import annotations

from tests.people import House, open_ticket
from tickets.actions import move_to_team, set_priority
from tickets.realtime import tell_ticket_tabs

from .conftest import OpenTab


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
