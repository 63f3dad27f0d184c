"""Replies nobody looked at go by mail: once, together, without the visitor's words, and only where there is an address."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.models import Connection, DemoMail
from livechat.doors import door_for
from livechat.models import UnseenReplies, Visitor
from livechat.presence import visitor_here
from livechat.talk import conversation, say, visitor_got
from livechat.unseen import mail_due
from livechat.visitors import digest_of, visitor_begins, visitor_claims
from tests.livechat.shop import make_chat
from tests.people import House, make_house
from tickets.actions import reply
from tickets.models import Message, OutboxState, Participant, Ticket

SHOP = "https://shop.example"


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def visitor(house: House) -> Visitor:
    connection: Connection = make_chat(house, SHOP, unseen_minutes=5)[0]
    door = door_for(connection.key, SHOP)
    visitor = visitor_begins(door, digest_of("s" * 43), language="uk")
    say(door, visitor, client_id=uuid4(), text="VISITOR-CANARY", at=timezone.now())
    return visitor


def answer(house: House, text: str) -> Message:
    message = reply(Ticket.objects.get().pk, by=house.olena, text=text)
    drain_outbound()
    message.refresh_from_db()
    assert message.outbox == OutboxState.SENT
    return message


def test_they_go_together_once_the_time_is_over(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="Iryna", email="iryna@customer.example")
    answer(house, "first")
    answer(house, "second")
    now = timezone.now()
    visitor_here(visitor.thread, {})
    assert mail_due(at=now + timedelta(minutes=4)) == 0
    assert mail_due(at=now + timedelta(minutes=6)) == 1
    assert mail_due(at=now + timedelta(minutes=7)) == 0
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=now)
    drain_outbound()
    mail = DemoMail.objects.get()
    text = Message.objects.get(thread_layer="automatic").text
    assert mail.rcpt_tos == ["iryna@customer.example"]
    assert "first" in text and "second" in text and "CANARY" not in text
    assert text.startswith("Ви вийшли з чату")
    assert Participant.objects.filter(identity__value="iryna@customer.example", state="active").count() == 1
    # A later reply is a mail of its own in the same thread, and does not repeat the first ones.
    answer(house, "third")
    assert mail_due(at=timezone.now() + timedelta(minutes=6)) == 1
    latest = Message.objects.filter(thread_layer="automatic").latest("pk")
    assert "third" in latest.text and "second" not in latest.text
    assert latest.conversation_id == Message.objects.filter(thread_layer="automatic").earliest("pk").conversation_id


def test_whoever_left_need_not_wait_and_whoever_looked_gets_none(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="", email="iryna@customer.example")
    answer(house, "first")
    now = timezone.now()
    assert mail_due(at=now + timedelta(seconds=30)) == 0
    place = conversation(visitor, after=0, at=now)[-1]["n"]
    visitor_got(visitor, got=place, seen=place, at=now)
    assert not UnseenReplies.objects.exists()
    answer(house, "second")
    assert mail_due(at=timezone.now() + timedelta(seconds=90)) == 1
    text = Message.objects.get(thread_layer="automatic").text
    assert "second" in text and "first" not in text


def test_without_an_address_nothing_goes_and_it_is_still_there(house: House, visitor: Visitor) -> None:
    answer(house, "first")
    assert mail_due(at=timezone.now() + timedelta(hours=1)) == 0
    assert not DemoMail.objects.exists() and not Message.objects.filter(thread_layer="automatic").exists()
    assert conversation(visitor, after=0, at=timezone.now())[-1]["text"] == "first"


def test_a_strangers_address_gets_a_few_mails_a_day_at_most(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="", email="victim@elsewhere.example")
    sent = 0
    for number in range(9):
        answer(house, f"n{number}")
        sent += mail_due(at=timezone.now() + timedelta(minutes=6))
    assert sent == 6
    assert Message.objects.filter(thread_layer="automatic").count() == 6


def test_a_stranger_is_not_written_to_under_what_somebody_typed(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="CANARY win at evil.example", email="victim@stranger.example")
    answer(house, "hello")
    assert mail_due(at=timezone.now() + timedelta(minutes=6)) == 1
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=timezone.now())
    drain_outbound()
    mail = DemoMail.objects.get()
    assert mail.rcpt_tos == ["victim@stranger.example"]
    assert b"CANARY" not in bytes(mail.content)
