"""Threat 12 by the widget: visitors who type victims' addresses and are answered by the bot, and one who types a thousand. What
no person of ours has written goes to none of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from assistant.models import Bot
from channels_inbound.delivery import drain_outbound
from channels_inbound.models import Connection
from events.delivery import drain
from livechat.doors import Door, door_for
from livechat.models import UnseenReplies, Visitor
from livechat.talk import say
from livechat.transcript import mail_transcript
from livechat.unseen import mail_due
from livechat.visitors import digest_of, visitor_begins, visitor_claims
from tests.assistant.house import open_shelf
from tests.livechat.shop import make_chat
from tests.people import House, make_house
from tickets.actions import reply
from tickets.models import Message, MessageKind, ThreadLayer, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
VICTIMS, ASKED_OF_THE_BOT = 1000, 200
SHOP = "https://shop.example"
QUESTION = "How can I return my boots? slowik5528 http://evil.example"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def connection(house: House) -> Connection:
    return make_chat(house, SHOP)[0]


def chat(door: Door, number: int) -> Visitor:
    """A visitor who types the address of somebody else, and asks what the bot can answer."""
    visitor = visitor_begins(door, digest_of(f"{number:043}"), language="en")
    visitor_claims(visitor, name="kanarek7391", email=f"victim{number}@elsewhere{number}.example")
    say(door, visitor, client_id=uuid4(), text=QUESTION, at=timezone.now())
    return visitor


def mails() -> list[Message]:
    return list(Message.objects.filter(thread_layer=ThreadLayer.AUTOMATIC, conversation__channel__kind="email"))


def leave_for_a_day() -> None:
    """Nobody is at the widget any more, and every mail that waits for its time may go."""
    for hours in range(0, 25, 2):
        mail_due(at=timezone.now() + timedelta(hours=hours, minutes=2))


def test_what_the_bot_says_goes_to_no_address_that_somebody_typed(house: House, connection: Connection) -> None:
    open_shelf()
    Bot.objects.create(channel=connection.channel, when="always", languages=["en"], fallback_team=house.support)
    door = door_for(connection.key, SHOP)
    visitors = [chat(door, number) for number in range(ASKED_OF_THE_BOT)]
    drain(seconds=900)
    answered = Message.objects.filter(kind=MessageKind.OUTBOUND, auto_kind="bot")
    assert answered.values("ticket").distinct().count() == ASKED_OF_THE_BOT
    while drain_outbound():
        pass
    assert UnseenReplies.objects.count() > 0
    assert [mail_transcript(visitor, at=timezone.now()) for visitor in visitors[:20]] == [None] * 20
    leave_for_a_day()
    assert mails() == []
    assert UnseenReplies.objects.count() == 0  # it stands in the chat, and nothing waits for ever


def test_once_a_person_has_answered_it_goes_with_what_the_bot_said_before(house: House, connection: Connection) -> None:
    open_shelf()
    Bot.objects.create(channel=connection.channel, when="always", languages=["en"], fallback_team=house.support)
    chat(door_for(connection.key, SHOP), 1)
    drain()
    drain_outbound()
    reply(Ticket.objects.get().pk, by=house.olena, text="A person says so.")
    drain_outbound()
    leave_for_a_day()
    [mail] = mails()
    assert "A person says so." in mail.text and "kanarek7391" not in mail.text and "evil.example" not in mail.text


def test_one_chat_is_mailed_once_whatever_addresses_are_typed(house: House, connection: Connection) -> None:
    visitor = chat(door_for(connection.key, SHOP), 0)
    reply(Ticket.objects.get().pk, by=house.olena, text="It is on its way.")
    drain_outbound()
    for number in range(VICTIMS):
        visitor_claims(visitor, name="", email=f"victim{number}@elsewhere{number}.example")
        mail_transcript(visitor, at=timezone.now())
    assert len(mails()) == 1
    leave_for_a_day()
    assert len(mails()) == 2  # what they did not look at, once
    for mail in mails():
        assert not [word for word in ("kanarek7391", "slowik5528", "evil.example") if word in mail.text + mail.subject]


def test_one_victim_of_many_chats_gets_six_a_day(house: House, connection: Connection) -> None:
    door = door_for(connection.key, SHOP)
    for number in range(20):
        visitor = chat(door, number)
        visitor_claims(visitor, name="", email="victim@elsewhere.example")
    for ticket in Ticket.objects.all():
        reply(ticket.pk, by=house.olena, text="It is on its way.")
    while drain_outbound():
        pass
    mail_due(at=timezone.now() + timedelta(minutes=6))
    mail_due(at=timezone.now() + timedelta(minutes=7))
    for visitor in Visitor.objects.all():
        mail_transcript(visitor, at=timezone.now())
    assert len(mails()) == 6
