"""Replies nobody looked at go by mail: once, together, without the visitor's words, and only where there is an address."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from channels_inbound.delivery import drain_outbound
from channels_inbound.models import Connection, DemoMail
from events.doorbell import probe_client
from events.models import Event
from livechat.doors import door_for
from livechat.models import Round, UnseenReplies, Visitor
from livechat.presence import visitor_here
from livechat.standing import standing
from livechat.talk import before_place, say, visitor_got
from livechat.transcript import mail_transcript
from livechat.unseen import mail_due
from livechat.visitors import digest_of, visitor_begins, visitor_claims
from people.storage import store_blob
from tests.livechat.shop import make_chat
from tests.people import House, make_house, signed_in
from tickets.actions import reply, upload_attachment
from tickets.inbound import InboundAttachment
from tickets.models import Channel, Message, OutboxState, Participant, Ticket

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


def test_they_go_together_once_the_time_is_over(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    # A later reply is a mail of its own in the same thread, does not repeat the first ones, and gathers longer.
    later = now + timedelta(minutes=7)
    monkeypatch.setattr("livechat.provider.timezone.now", lambda: later)
    answer(house, "third")
    assert mail_due(at=later + timedelta(minutes=14)) == 0
    answer(house, "fourth")
    assert mail_due(at=later + timedelta(minutes=16)) == 1
    latest = Message.objects.filter(thread_layer="automatic").latest("pk")
    assert "third" in latest.text and "fourth" in latest.text and "second" not in latest.text
    assert latest.conversation_id == Message.objects.filter(thread_layer="automatic").earliest("pk").conversation_id


def test_whoever_left_need_not_wait_and_whoever_looked_gets_none(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="", email="iryna@customer.example")
    answer(house, "first")
    now = timezone.now()
    assert mail_due(at=now + timedelta(seconds=30)) == 0
    place = before_place(visitor, 0, at=now)[0][-1]["n"]
    visitor_got(visitor, got=[place], seen=[place], at=now)
    assert not UnseenReplies.objects.exists()
    answer(house, "second")
    assert mail_due(at=timezone.now() + timedelta(seconds=90)) == 1
    text = Message.objects.get(thread_layer="automatic").text
    assert "second" in text and "first" not in text


def waits() -> list[dict[str, Any]]:
    """What the timeline says of replies that wait for their mail."""
    return list(Event.objects.filter(kind="chat.mail_waits").order_by("sequence").values_list("data", flat=True))


def test_without_an_address_it_is_said_and_goes_once_there_is_one(house: House, visitor: Visitor) -> None:
    answer(house, "first")
    now = timezone.now()
    assert [mail_due(at=now + timedelta(hours=hours)) for hours in (1, 2, 3)] == [0, 0, 0]
    assert waits() == [{"why": "address"}], "said once"
    assert before_place(visitor, 0, at=timezone.now())[0][-1]["text"] == "first"
    html = signed_in(house.olena).get(f"/tickets/{Ticket.objects.get().pk}/", follow=True).content.decode()
    assert "left no address: it waits in the chat" in html
    assert visitor_claims(visitor, name="", email="iryna@customer.example")
    assert mail_due(at=now + timedelta(hours=3, minutes=1)) == 1
    assert "first" in Message.objects.get(thread_layer="automatic").text
    assert not UnseenReplies.objects.exists()


def test_without_a_mail_channel_it_is_said_and_nobody_is_promised_any(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="", email="iryna@customer.example")
    Channel.objects.filter(kind="email").update(is_active=False)
    answer(house, "first")
    assert mail_due(at=timezone.now() + timedelta(hours=1)) == 0
    assert waits() == [{"why": "channel"}]
    number, client = Ticket.objects.get().pk, signed_in(house.olena)
    panel = client.get(f"/chat/tickets/{number}/panel/").content.decode()
    assert "No mail channel: they see the answer when they return" in panel and "go on to" not in panel
    door = door_for(Connection.objects.get(provider="chat").key, SHOP)
    assert standing(door, visitor, {}, language="en", at=timezone.now())["mails"] is False
    page = signed_in(house.adam).get(f"/channels/chat/{visitor.channel_id}/").content.decode()
    assert "No mail channel takes over" in page
    Channel.objects.filter(kind="email").update(is_active=True)
    assert standing(door, visitor, {}, language="en", at=timezone.now())["mails"] is True
    assert "Answers go on to iryna@customer.example" in client.get(f"/chat/tickets/{number}/panel/").content.decode()
    assert (
        "No mail channel takes over"
        not in signed_in(house.adam).get(f"/channels/chat/{visitor.channel_id}/").content.decode()
    )
    assert mail_due(at=timezone.now() + timedelta(hours=3)) == 1


def test_a_week_without_a_way_ends_the_waiting(house: House, visitor: Visitor) -> None:
    answer(house, "first")
    now = timezone.now()
    mail_due(at=now + timedelta(hours=1))
    mail_due(at=now + timedelta(days=8))
    assert not UnseenReplies.objects.exists() and len(waits()) == 1


def test_a_strangers_address_gets_a_few_mails_a_day_and_none_is_lost(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="", email="victim@elsewhere.example")
    sent, said = 0, ""
    for number in range(9):
        answer(house, f"n{number}")
        UnseenReplies.objects.exclude(waits="limit").update(due_at=timezone.now())
        sent += mail_due(at=timezone.now())
        said += Message.objects.filter(thread_layer="automatic").latest("pk").text
    assert sent == 6 and "n5" in said and "n6" not in said
    [event] = waits()
    assert event["why"] == "limit" and parse_datetime(event["until"]) == UnseenReplies.objects.get().due_at
    html = signed_in(house.olena).get(f"/tickets/{Ticket.objects.get().pk}/", follow=True).content.decode()
    assert "their address got its mails of today, so it goes at" in html
    for key in probe_client().scan_iter("chat:mail:*"):
        probe_client().delete(key)  # the day is over
    assert mail_due(at=timezone.now() + timedelta(days=1, minutes=1)) == 1
    text = Message.objects.filter(thread_layer="automatic").latest("pk").text
    assert all(f"n{number}" in text for number in (6, 7, 8)) and "n5" not in text


def test_whom_the_shop_signed_gets_more_of_them(house: House, visitor: Visitor) -> None:
    Visitor.objects.update(subject="7", email="zoe@customer.example", email_signed=True)
    for number in range(9):
        answer(house, f"n{number}")
        UnseenReplies.objects.update(due_at=timezone.now())
        assert mail_due(at=timezone.now()) == 1
    assert waits() == []


def upload(house: House, name: str, content: bytes) -> Any:
    return upload_attachment(Ticket.objects.get().pk, by=house.olena, filename=name, upload=BytesIO(content)).public_id


def test_files_go_along_and_what_is_too_large_has_a_link(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor_claims(visitor, name="Iryna", email="iryna@customer.example")
    monkeypatch.setattr("livechat.mailed_files.MOST_BYTES", 100)
    number = Ticket.objects.get().pk
    reply(number, by=house.olena, text="", attachments=[upload(house, "label.pdf", b"%PDF-1.4 small")])
    reply(number, by=house.olena, text="And this", attachments=[upload(house, "big.pdf", b"%PDF-1.4 " + b"x" * 200)])
    drain_outbound()
    assert mail_due(at=timezone.now() + timedelta(minutes=6)) == 1
    text = Message.objects.get(thread_layer="automatic").text
    assert "[label.pdf]" in text and "And this\nbig.pdf (209\xa0" in text
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=timezone.now())
    drain_outbound()
    mail = message_from_bytes(bytes(DemoMail.objects.get().content), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("label.pdf", b"%PDF-1.4 small")
    link = urlsplit(text.split("): ", 1)[1].split()[0])
    fetched = Client().get(f"{link.path}?{link.query}")
    assert fetched.status_code == 200 and b"".join(fetched.streaming_content) == b"%PDF-1.4 " + b"x" * 200  # type: ignore[attr-defined]
    assert fetched["Content-Disposition"].startswith("attachment") and fetched["Cache-Control"] == "private, no-store"
    assert Client().get(f"{link.path}?{link.query}x").status_code == 404


def test_a_transcript_names_files_and_takes_those_of_agents_along(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="Iryna", email="iryna@customer.example")
    own = InboundAttachment("CANARY-own.pdf", "application/pdf", 4, store_blob(b"%PDF"))
    door = door_for(Connection.objects.get(provider="chat").key, SHOP)
    say(door, visitor, client_id=uuid4(), text="Here", files=[own], at=timezone.now())
    reply(Ticket.objects.get().pk, by=house.olena, text="", attachments=[upload(house, "label.pdf", b"%PDF-1.4 small")])
    drain_outbound()
    mail = mail_transcript(visitor, at=timezone.now())
    assert mail is not None and "Olena:\n[label.pdf]" in mail.text and "CANARY" not in mail.text
    assert list(mail.attachments.values_list("filename", flat=True)) == ["label.pdf"]
    Round.objects.update(transcript_at=None)
    Visitor.objects.update(subject="7", email_signed=True)
    visitor.refresh_from_db()
    mail = mail_transcript(visitor, at=timezone.now())
    assert mail is not None and "[CANARY-own.pdf]" in mail.text
    assert list(mail.attachments.values_list("filename", flat=True)) == ["label.pdf"]


def test_a_stranger_is_not_written_to_under_what_somebody_typed(house: House, visitor: Visitor) -> None:
    visitor_claims(visitor, name="CANARY win at evil.example", email="victim@stranger.example")
    answer(house, "hello")
    assert mail_due(at=timezone.now() + timedelta(minutes=6)) == 1
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=timezone.now())
    drain_outbound()
    mail = DemoMail.objects.get()
    assert mail.rcpt_tos == ["victim@stranger.example"]
    assert b"CANARY" not in bytes(mail.content)
