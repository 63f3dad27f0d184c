"""An agent's running chats: which they are, in what order, and what is said of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from livechat.chats import accept_chat, end_chat
from livechat.presence import visitor_here
from livechat.running import Queue, running_chats, waiting_for
from people.models import Agent
from tests.livechat.talking import Chat, begin
from tests.people import House, make_house
from tickets.actions import reply
from tickets.models import Seen, Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def three(house: House) -> list[Chat]:
    first = begin(house, secret="a" * 43)
    chats = [first, *(begin(house, secret=letter * 43, connection=first.connection) for letter in "bc")]
    for chat, text in zip(chats, ("Boots", "Coats", "Hats"), strict=True):
        chat.say(text)
    return chats


def numbers(agent: Agent) -> list[int]:
    return [one.number for one in running_chats(agent, at=timezone.now())]


def test_they_are_the_agents_own_and_keep_their_places(house: House) -> None:
    chats = three(house)
    tickets = [chat.ticket.pk for chat in chats]
    assert numbers(house.olena) == []
    assert waiting_for(house.olena) == Queue(3, tickets[0])
    for number in tickets:
        accept_chat(number, by=house.olena)
    chats[0].say("And laces")
    chats[2].say("A warm one")
    assert numbers(house.olena) == tickets, "what is said later moves nothing"
    assert numbers(house.ben) == []
    assert waiting_for(house.olena) == Queue(0, None)


def test_each_says_who_waits_and_what_is_unread(house: House) -> None:
    chat, *_ = three(house)
    number = chat.ticket.pk
    accept_chat(number, by=house.olena)
    chat.say("Size 42")
    (one,) = running_chats(house.olena, at=timezone.now())
    assert (one.unread, one.preview, one.here) == (2, "Size 42", False)
    assert one.waiting_since == chat.ticket.waiting_since
    Seen.objects.update_or_create(agent=house.olena, ticket=chat.ticket, defaults={"sequence": 1})
    assert running_chats(house.olena, at=timezone.now())[0].unread == 1
    visitor_here(chat.visitor.thread, {"url": "https://shop.example/"})
    reply(number, by=house.olena, text="We have it")
    (one,) = running_chats(house.olena, at=timezone.now())
    assert (one.unread, one.waiting_since, one.here) == (0, None, True)


def test_what_ended_or_went_on_as_mail_is_not_among_them(house: House) -> None:
    over, left, stays = three(house)
    for chat in (over, left, stays):
        accept_chat(chat.ticket.pk, by=house.olena)
        reply(chat.ticket.pk, by=house.olena, text="Yes?")
    end_chat(over.ticket.pk, by=house.olena)
    Ticket.objects.filter(pk__in=(left.ticket.pk, stays.ticket.pk)).update(
        last_message_at=timezone.now() - timedelta(hours=1)
    )
    visitor_here(stays.visitor.thread, {"url": "https://shop.example/"})
    assert numbers(house.olena) == [stays.ticket.pk]
    left.say("Are you there?")
    assert numbers(house.olena) == [left.ticket.pk, stays.ticket.pk]


def test_who_waits_is_offered_to_whom_sees_and_may_answer_them(house: House) -> None:
    three(house)
    assert waiting_for(house.mallory) == Queue(0, None)
    assert waiting_for(house.vera) == Queue(0, None)
    assert waiting_for(house.adam).count == 3


def test_of_those_who_wait_who_is_still_here_comes_first(house: House) -> None:
    left, here, later = three(house)
    for chat in (here, later):
        visitor_here(chat.visitor.thread, {"url": "https://shop.example/"})
    assert waiting_for(house.olena) == Queue(3, here.ticket.pk)
    accept_chat(here.ticket.pk, by=house.ben)
    assert waiting_for(house.olena) == Queue(2, later.ticket.pk)
    accept_chat(later.ticket.pk, by=house.ben)
    assert waiting_for(house.olena) == Queue(1, left.ticket.pk)


def test_the_line_is_empty_for_who_has_nothing_and_costs_the_same_for_many(house: House) -> None:
    chats = three(house)
    client = Client()
    client.force_login(house.olena)
    client.get("/chat/running/")
    with CaptureQueriesContext(connection) as few:
        answer = client.get("/chat/running/")
    assert "3 wait" in answer.content.decode()
    for chat in chats:
        accept_chat(chat.ticket.pk, by=house.olena)
    with CaptureQueriesContext(connection) as many:
        answer = client.get("/chat/running/")
    assert len(few) == len(many) == 4, [query["sql"][:90] for query in many]
    assert answer.content.decode().count("<li>") == 3
    client.force_login(house.mallory)
    assert client.get("/chat/running/").content == b""
