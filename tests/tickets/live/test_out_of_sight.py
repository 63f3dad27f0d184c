"""Every message a browser may send, by those who may not see a ticket: its socket tells nothing of it, ever."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from people.models import Agent, Role
from tests.people import House, make_agent, open_ticket
from tests.security.world import changed, everything
from tickets.actions import add_note, assign_ticket, set_priority
from tickets.live.consumers import AgentConsumer
from tickets.live.presence import State

from .conftest import OpenTab

WORD = "kanarek7391"
KINDS = {
    "another team's agent": lambda house: house.mallory,
    "a viewer elsewhere": lambda house: make_agent("Vlad", role=Role.VIEWER, team=house.returns),
    "a light agent elsewhere": lambda house: make_agent("Leo", role=Role.LIGHT, team=house.returns),
    "a contractor of the team": lambda house: make_agent("Carl", role=Role.CONTRACTOR, team=house.support),
    "limited to another channel": lambda house: make_agent(
        "Liam", team=house.support, channels=[house.other_channel.pk]
    ),
}


# By type, what a browser may say of a ticket: each is tried by those who may not see it.
MESSAGES: dict[str, Callable[[House, int], list[dict[str, Any]]]] = {
    "ping": lambda house, ticket: [{"ticket": ticket}],
    "view": lambda house, ticket: [
        {"view": view, "ticket": ticket}
        for view in ("open", "unassigned", "mine", f"team-{house.support.pk}", f"channel-{house.channel.pk}", "made up", None)
    ],
    "beside": lambda house, ticket: [{"tickets": [ticket]}],
    "wall": lambda house, ticket: [{"ticket": ticket}],
    "here": lambda house, ticket: [{"state": state, "ticket": ticket} for state in sorted(STATES)],
}  # fmt: skip
STATES = {one.value for one in State}


def types_heard(consumer: type) -> set[str]:
    """The types of message its code compares with, read from the code itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(consumer)))
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and "type" in ast.unparse(node.left)]
    return {
        one.value for node in asked for one in ast.walk(node.comparators[0])
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }  # fmt: skip


def test_every_type_of_message_is_tried() -> None:
    """A new one fails here until it stands in the table above."""
    assert types_heard(AgentConsumer) == set(MESSAGES)


@pytest.mark.parametrize("who", KINDS)
def test_no_frame_tells_of_a_hidden_ticket(house: House, open_tab: OpenTab, who: str) -> None:
    agent = KINDS[who](house)
    ticket = open_ticket(house.channel, subject=f"About {WORD}", text=f"The {WORD} is missing.")
    before = everything()
    spy = open_tab(agent)
    for kind, said in MESSAGES.items():
        for one in said(house, ticket.pk):
            spy.say({"type": kind} | one)
            if kind == "view":
                shown = spy.wait("viewing")
                assert (shown["ticket"], shown["sequence"], shown["event_sequence"]) == (None, 0, 0)
                spy.frames.clear()
    spy.say({"type": "ping"})
    spy.wait("pong")
    before_session = changed(before, everything())
    assert not [table for table in before_session if table != "people_agentsession"]
    spy.frames.clear()
    olena = open_tab(house.olena, view="open", ticket=ticket.pk)
    add_note(ticket.pk, by=house.olena, text=f"The {WORD} again")
    set_priority(ticket.pk, by=house.olena, priority=40)
    assign_ticket(ticket.pk, by=house.olena, assignee=house.ben)
    olena.wait("ticket.upsert", ticket=ticket.pk)
    told = json.dumps(spy.settle())
    assert WORD not in told
    assert not [frame for frame in spy.frames if frame.get("ticket") == ticket.pk]
    assert not [frame for frame in spy.frames if str(ticket.pk) in frame.get("tickets", {})]


def test_a_contractor_is_told_of_what_they_are_given_and_no_longer_of_what_is_taken(
    house: House, open_tab: OpenTab
) -> None:
    carl = make_agent("Carl", role=Role.CONTRACTOR, team=house.support)
    ticket = open_ticket(house.channel)
    spy = open_tab(carl, view="open")
    assign_ticket(ticket.pk, by=house.olena, assignee=carl)
    spy.wait("ticket.upsert", ticket=ticket.pk)
    assert spy.show(view="open", ticket=ticket.pk)["ticket"] == ticket.pk
    assign_ticket(ticket.pk, by=house.olena, assignee=None)
    spy.wait("ticket.remove", ticket=ticket.pk, reason="scope")
    assert spy.show(view="open", ticket=ticket.pk)["ticket"] is None


def test_limited_to_channels_from_one_moment_to_the_next(house: House, open_tab: OpenTab) -> None:
    ticket = open_ticket(house.channel)
    spy = open_tab(house.ben, view="open", ticket=ticket.pk)
    Agent.objects.filter(pk=house.ben.pk).update(channels=[house.other_channel.pk])
    set_priority(ticket.pk, by=house.olena, priority=40)
    spy.wait("resync", reason="scope")
    assert not [frame for frame in spy.settle() if frame["kind"] == "ticket.upsert"]
