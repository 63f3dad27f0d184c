"""Fifty agents look at a list and visitors talk to some of them over a bad network (threat R11, promise P4): when it is calm
again each list is what the database has, and each conversation is on both sides in its order, once. `-s` prints the harm.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.pages import cookie_of
from livechat.channels import create_chat_channel
from livechat.doors import door_for, write_pass
from tests.chaos.lossy import Harm, LossyWay
from tests.chaos.machine import wait
from tests.chaos.tabs import WORDS, Desk, Tab, Widget
from tests.people import House, make_agent, make_house, open_ticket
from tests.support.live import LiveStack
from tickets import actions
from tickets.inbound import Address
from tickets.inbox.catalogue import TO_DO
from tickets.models import Message, Status, Ticket

pytestmark = pytest.mark.kill
SEED = int(os.environ.get("HELPDESK_STORM_SEED") or 0) or random.randrange(1, 1 << 30)
AGENTS, CHATS, TICKETS = 50, 3, 12
SECONDS, BETWEEN = 15.0, 0.6
SHOP = "https://shop.example"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def way(live_stack: LiveStack) -> Iterator[LossyWay]:
    way = LossyWay(live_stack.http_port, SEED, Harm())
    way.start()
    yield way
    way.stop()


@pytest.fixture
def tabs(house: House, way: LossyWay) -> Iterator[tuple[list[Desk], list[Widget]]]:
    agents = [make_agent(f"agent{number}", team=house.support) for number in range(AGENTS)]
    chat = create_chat_channel(name="Chat", team=house.support, settings={"origins": [SHOP], "color": "#1f57d6"})[0]
    shown = write_pass(door_for(chat.key, SHOP))
    marks = [f"v{number}" if number < CHATS else f"nobody{number}" for number in range(AGENTS)]
    desks = [Desk(mark, cookie_of(agent), way, way, lossy=True) for mark, agent in zip(marks, agents, strict=True)]
    widgets = [Widget(mark, chat.key, shown, way, lossy=True) for mark in marks[:CHATS]]
    yield desks, widgets
    for tab in (*desks, *widgets):
        tab.over.set()
    for tab in (*desks, *widgets):
        if tab.ident:
            tab.join(10)


def test_after_a_bad_network_every_screen_is_what_the_database_has(
    house: House, way: LossyWay, tabs: tuple[list[Desk], list[Widget]]
) -> None:
    desks, widgets = tabs
    everyone: list[Tab] = [*desks, *widgets]
    tickets = [open_ticket(house.channel, sender=Address("Zoe", f"zoe{n}@customer.example")) for n in range(TICKETS)]
    for tab in everyone:
        tab.start()
    wait(lambda: all(tab.hellos for tab in everyone), 60, everyone)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        change_something(house, tickets)
        time.sleep(BETWEEN)
    for widget in widgets:  # their last lines are still answered
        widget.quiet.set()
    way.calm.set()
    began = time.monotonic()
    wait(lambda: not any(wrong(desks, widgets)), 60, lambda: wrong(desks, widgets))
    ends = sum((tab.ends for tab in everyone), Counter())
    print(f"\nseed {SEED}: {dict(way.done)} to {len(everyone)} sockets and their questions; {sum(ends.values())} times dialled again, "
          f"{sum(desk.resyncs for desk in desks)} gaps seen; {sum(widget.written for widget in widgets)} lines and as many answers; "
          f"all equal {time.monotonic() - began:.1f} s after it was calm")  # fmt: skip
    assert [(tab, tab.failures, tab.error) for tab in everyone if tab.failures or tab.error] == []
    assert min(way.done[harm] for harm in ("cut in a frame", "fell silent", "half closed", "message lost")) > 0
    assert sum(widget.written for widget in widgets) >= 2 * CHATS


def change_something(house: House, tickets: list[Ticket]) -> None:
    """One customer writes, one ticket is solved or opened again, one gets a note."""
    ticket = random.choice(tickets)
    what = random.randrange(3)
    if what == 0:
        number = len(tickets)
        tickets.append(open_ticket(house.channel, sender=Address("Zoe", f"zoe{number}@customer.example")))
    elif what == 1:
        ticket.refresh_from_db()
        to = Status.SOLVED if ticket.status in TO_DO else Status.OPEN
        actions.set_status(ticket.pk, by=house.olena, status=to)
    else:
        actions.add_note(ticket.pk, by=house.olena, text="Looked at.")


def wrong(desks: list[Desk], widgets: list[Widget]) -> list[str]:
    """Every list and every conversation that is not what the database has."""
    held = dict(Ticket.objects.filter(status__in=TO_DO, snoozed_until=None).values_list("pk", "message_sequence"))
    found = [f"{desk.name}: {set(desk.rows.items()) ^ set(held.items())}" for desk in desks if desk.rows != held]
    stored = Message.objects.order_by("ticket_id", "sequence").values_list("text", flat=True)
    talk = [words for words in stored if WORDS.fullmatch(words)]
    for widget, desk in zip(widgets, desks, strict=False):
        said = [f"{what} {widget.name} {n} end" for n in range(widget.written) for what in ("line", "answer")]
        mine = [words for words in talk if words.split()[1] == widget.name]
        sides = {"widget": widget.words, "agent": desk.words, "database": mine}
        found += [f"{widget.name}, {side}: {seen[-3:]} of {len(seen)}, not {said[-3:]} of {len(said)}"
                  for side, seen in sides.items() if seen != said]  # fmt: skip
    return found
