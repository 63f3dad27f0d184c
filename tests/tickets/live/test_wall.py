"""Pages that show figures of this moment hear that something changed, and only of what their agent may see."""

from __future__ import annotations

from tests.people import House, open_ticket
from tickets.actions import move_to_team, set_priority

from .conftest import OpenTab


def test_who_asked_hears_of_changes_they_may_see(house: House, open_tab: OpenTab) -> None:
    ours, theirs = open_ticket(house.channel), open_ticket(house.other_channel)
    wall, outsider, desk = open_tab(house.olena), open_tab(house.mallory), open_tab(house.olena)
    wall.say({"type": "wall"})
    outsider.say({"type": "wall"})
    for tab in (wall, outsider, desk):
        tab.say({"type": "ping"})
        tab.wait("pong")
        tab.frames.clear()
    set_priority(ours.pk, by=house.olena, priority=40)
    assert wall.wait("wall").keys() == {"kind", "n", "view"}  # nothing but that something changed
    assert "wall" not in [frame["kind"] for frame in outsider.settle()]
    assert "wall" not in [frame["kind"] for frame in desk.settle()]
    wall.frames.clear()
    set_priority(theirs.pk, by=house.mallory, priority=40)
    assert outsider.wait("wall")
    assert "wall" not in [frame["kind"] for frame in wall.settle()]
    # What leaves one's sight changes one's figures as well.
    wall.frames.clear()
    move_to_team(ours.pk, by=house.adam, team=house.returns)
    assert wall.wait("wall")
