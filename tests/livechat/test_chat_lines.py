"""Chats in their ticket's timeline: a line above each says with whom, from when until when, and how much was said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from livechat.chats import end_chat
from tests.livechat.talking import Chat, begin
from tests.people import House, make_house, signed_in
from tests.tickets.test_page_costs import PAGES, counted
from tickets.actions import add_note, reply

pytestmark = pytest.mark.django_db
AT = timezone.now() - timedelta(hours=5)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def chat(house: House) -> Chat:
    return begin(house)


def lines(house: House, chat: Chat) -> list[str]:
    html = signed_in(house.olena).get(f"/tickets/{chat.ticket.pk}/pane/").json()["thread"]
    return told(html)


def told(html: str) -> list[str]:
    return re.findall(r'id="chat-\d+">.*?<span>(.*?)</span>', html, re.DOTALL)


def clock(at: datetime) -> str:
    return date_format(timezone.localtime(at), "H:i")


def minutes(*numbers: int) -> Sequence[datetime]:
    return [AT + timedelta(minutes=number) for number in numbers]


def test_a_chat_says_with_whom_when_and_how_much(house: House, chat: Chat) -> None:
    first, second, third = minutes(0, 5, 18)
    chat.say("Hello?", at=first)
    number = chat.ticket.pk
    reply(number, by=house.ben, text="Hello!", at=second)
    add_note(number, by=house.olena, text="He knows her", at=second)
    chat.say("Thanks", at=third)
    assert lines(house, chat) == [f"Chat with Ben, {clock(first)}–{clock(third)}, 3 messages"]
    html = signed_in(house.olena).get(f"/tickets/{number}/pane/").json()["thread"]
    assert len(re.findall(r'class="msg chat"', html)) == 3
    assert len(re.findall(r'class="msg note"', html)) == 1


def test_whoever_comes_back_later_begins_another(house: House, chat: Chat) -> None:
    first, again = minutes(0, 90)
    chat.say("Hello?", at=first)
    chat.say("Still me", at=again)
    assert lines(house, chat) == [
        f"Chat, {clock(first)}–{clock(first)}, 1 message", f"Chat, {clock(again)}–{clock(again)}, 1 message",
    ]  # fmt: skip


def test_one_that_goes_on_ends_in_the_open_page_too(house: House, chat: Chat) -> None:
    began = timezone.now() - timedelta(minutes=3)
    chat.say("Hello?", at=began)
    number = chat.ticket.pk
    client = signed_in(house.olena)
    assert lines(house, chat) == [f"Chat, since {clock(began)}"]
    before = client.get(f"/tickets/{number}/updates/?event=0").json()["event"]
    reply(number, by=house.olena, text="Hello!")
    fresh = client.get(f"/tickets/{number}/updates/?event={before}").json()
    assert 'class="msg chat new"' in fresh["items"] and "chat-" not in "".join(fresh["changed"])
    end_chat(number, by=house.olena)
    ended = client.get(f"/tickets/{number}/updates/?event={fresh['event']}").json()["changed"]
    head = next(html for place, html in ended.items() if place.startswith("chat-"))
    assert told(head) == [f"Chat with Olena, {clock(began)}–{clock(timezone.now())}, 2 messages"]


def test_a_long_chat_says_only_what_is_shown_of_it(house: House, chat: Chat) -> None:
    for number in range(152):
        chat.say(f"{number}", at=AT + timedelta(seconds=number))
    last = AT + timedelta(seconds=151)
    assert lines(house, chat) == [f"Chat, until {clock(last)}"]
    client = signed_in(house.olena)
    client.get(f"/tickets/{chat.ticket.pk}/pane/")
    with counted(PAGES["pane"] + 1):  # whose chat it is, in the panel above
        client.get(f"/tickets/{chat.ticket.pk}/pane/")
