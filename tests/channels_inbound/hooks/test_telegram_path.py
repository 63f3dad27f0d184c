"""The whole path on one provider: webhook, raw delivery, 2xx, worker, ticket; answer, Bot API, receipt; and faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.connections import change_connection
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.greetings import send_greetings
from channels_inbound.hooks.media import drain_media
from channels_inbound.models import (
    Connection,
    ConnectionState,
    Greeting,
    ParkedFact,
    RawDelivery,
    RawState,
    RemoteMedia,
    SentPart,
)
from events.models import Event
from people.models import Identity
from tests.channels_inbound.hooks.house import KEY, connect, payload, payload_json, post
from tests.people import House, events_of, make_house
from tests.providers.server import Reply, running
from tests.providers.telegram import BLOCKED, BROKEN, TOKEN, TOO_MANY, UNAUTHORISED, TelegramServer
from tickets.actions import confirm_delivered, reply
from tickets.errors import InvalidInput
from tickets.models import Attachment, Channel, ChannelHealth, ChannelRefusal, Message, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any) -> Iterator[TelegramServer]:
    with running(TelegramServer()) as simulator:
        settings.PROVIDER_ENDPOINTS = {"telegram": simulator.url}
        settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.CREDENTIALS_KEYS = [KEY]
        yield simulator  # type: ignore[misc]


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def bot(house: House, server: TelegramServer) -> Connection:
    return connect(house, "telegram", {"token": TOKEN})


def hook(bot: Connection, body: Any) -> int:
    status: int = post(bot, body, X_Telegram_Bot_Api_Secret_Token=bot.verify_token).status_code
    return status


def test_written_answered_and_written_again(house: House, bot: Connection, server: TelegramServer) -> None:
    assert hook(bot, payload("telegram_text.json")) == 200
    assert RawDelivery.objects.get().state == RawState.STORED
    assert drain_hooks() == {"new": 1}
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.channel_id) == ("Привіт! Коли приїде замовлення #1042?", bot.channel_id)
    assert ticket.customer.name == "Olena Kovalenko"

    message = reply(ticket.pk, by=house.olena, text="Завтра!", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    message.refresh_from_db()
    assert (message.outbox, server.sent_texts()) == (OutboxState.SENT, ["Завтра!"])
    assert server.accepted[0]["chat_id"] == "551230001"
    assert server.accepted[0]["reply_parameters"] == {"message_id": 41, "allow_sending_without_reply": True}
    assert SentPart.objects.get().external_id == "telegram:7100000001:551230001:45"

    more = payload_json("telegram_text.json")
    more["update_id"] += 50
    more["message"] |= {"message_id": 60, "text": "Дякую!"}
    assert hook(bot, more) == 200
    assert drain_hooks() == {"threaded": 1}
    assert Ticket.objects.count() == 1
    assert Message.objects.latest("sequence").thread_layer == "external_id"
    assert events_of(ticket.pk) == [
        "ticket.opened", "message.received", "message.queued", "message.sent", "delivery.accepted", "message.received",
    ]  # fmt: skip


def test_a_wrong_secret_leaves_nothing_but_a_count(bot: Connection) -> None:
    for wrong in ("", "x", bot.verify_token[:-1], bot.verify_token + "x", "ключ"):
        headers = {"X_Telegram_Bot_Api_Secret_Token": wrong.encode().decode("latin-1")} if wrong else {}
        assert post(bot, payload("telegram_text.json"), **headers).status_code == 403
    assert RawDelivery.objects.count() == 0
    bot.refresh_from_db()
    assert bot.refused == 5


def test_an_unknown_address_is_404(bot: Connection) -> None:
    for provider, key in (("telegram", "0" * 32), ("nobody", bot.key)):
        stranger = Connection(provider=provider, key=key)
        assert post(stranger, b"{}", X_Telegram_Bot_Api_Secret_Token=bot.verify_token).status_code == 404
    Channel.objects.filter(pk=bot.channel_id).update(is_active=False)
    assert hook(bot, payload("telegram_text.json")) == 404


def test_the_same_twice_is_one_message(bot: Connection) -> None:
    for _ in range(3):
        assert hook(bot, payload("telegram_text.json")) == 200
    other_bytes = {"again": 1} | payload_json("telegram_text.json")
    assert hook(bot, other_bytes) == 200
    assert drain_hooks() == {"new": 1, "duplicate": 1}
    assert Message.objects.count() == 1


def test_an_edit_keeps_the_old_words_and_may_come_first(bot: Connection) -> None:
    assert hook(bot, payload("telegram_edited.json")) == 200
    assert drain_hooks() == {"parked": 1}
    assert hook(bot, payload("telegram_text.json")) == 200
    assert drain_hooks() == {"new": 1}
    message = Message.objects.get()
    assert message.text == "Привіт! Коли приїде замовлення #1043?"
    assert [edit["text"] for edit in message.marks["edits"]] == ["Привіт! Коли приїде замовлення #1042?"]
    assert ParkedFact.objects.count() == 0
    assert hook(bot, payload_json("telegram_edited.json") | {"update_id": 5}) == 200
    assert drain_hooks() == {"duplicate": 1}
    assert events_of(message.ticket_id) == ["ticket.opened", "message.received", "message.edited"]


def test_a_picture_is_fetched_after_the_message(bot: Connection, server: TelegramServer) -> None:
    hook(bot, payload("telegram_photo_reply.json"))
    assert drain_hooks() == {"new": 1}
    message = Message.objects.get()
    assert (message.text, message.envelope["files_to_come"]) == ("Ось тріщина", 1)
    assert drain_media() == {"done": 1}
    file = Attachment.objects.get()
    assert (file.message_id, file.content_type, file.filename) == (message.pk, "image/png", "AgACAgIAAxkBAAIx.png")
    assert drain_media() == {}
    assert "token" not in str(RemoteMedia.objects.get().ref)


def test_unknown_kinds_are_kept_with_their_reason(bot: Connection) -> None:
    hook(bot, {"update_id": 1, "poll": {"id": "1"}})
    hook(bot, payload("telegram_start.json"))
    hook(bot, b"[1, 2")
    hook(bot, {"update_id": 3, "message": {"text": "whose?"}})
    assert drain_hooks() == {"ignored": 2, "quarantined": 2}
    reasons = list(RawDelivery.objects.order_by("pk").values_list("state", "reason"))
    assert reasons == [
        ("ignored", "an update of another kind: poll"),
        ("ignored", "the bot was started (o1042)"),
        ("quarantined", "not as the provider's contract says: the body is no JSON"),
        ("quarantined", "not as the provider's contract says: a message without its id or chat"),
    ]


def test_a_pressed_button_is_said_and_answered_once(bot: Connection, server: TelegramServer) -> None:
    hook(bot, payload("telegram_text.json"))
    for n in range(2):
        hook(bot, payload_json("telegram_callback_query.json") | {"n": n})
    drain_hooks()
    pressed = Message.objects.latest("pk")
    assert (Message.objects.count(), pressed.text) == (2, "5")
    assert (pressed.envelope["payload"], pressed.envelope.get("files_to_come", 0)) == ("csat:018f2c1e:5", 0)
    told = events_of(pressed.ticket_id)
    assert drain_media() == {"done": 1} and drain_media() == {}
    assert server.answered == ["2367400000000000001"]
    assert events_of(pressed.ticket_id) == told, "answering it tells nobody anything"


def test_what_is_pressed_is_shown_with_the_message(house: House, bot: Connection) -> None:
    hook(bot, payload("telegram_callback_query.json"))
    drain_hooks()
    client = Client()
    client.force_login(house.olena)
    page = client.get(f"/tickets/{Ticket.objects.get().pk}/pane/").content.decode()
    assert "Pressed: csat:018f2c1e:5" in page
    client.force_login(house.mallory)
    assert client.get(f"/tickets/{Ticket.objects.get().pk}/pane/").status_code == 404


def test_a_chat_that_is_not_found_marks_whom_it_was(house: House, bot: Connection, server: TelegramServer) -> None:
    ticket = opened(bot)
    gone = Reply(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
    server.faults = [gone]
    reply(ticket.pk, by=house.olena, text="Hello?", undo_seconds=0)
    assert drain_outbound() == {"permanent": 1}
    assert ChannelRefusal.objects.get().refuses == "unreachable"
    hook(bot, payload_json("telegram_text.json") | {"update_id": 77, "message": payload_json("telegram_text.json")[
        "message"] | {"message_id": 77, "date": int(timezone.now().timestamp()) + 1}})  # fmt: skip
    drain_hooks()
    assert ChannelRefusal.objects.get().refuses == "", "who writes is reached"


HELLO = "Hello! Write to us here at any time."


@pytest.fixture
def greeter(house: House, server: TelegramServer) -> Connection:
    return connect(house, "telegram", {"token": TOKEN, "greeting": HELLO})


def test_whoever_starts_the_bot_is_greeted_once_and_has_no_ticket(greeter: Connection, server: TelegramServer) -> None:
    server.faults = [TOO_MANY]
    for n in range(2):
        hook(greeter, payload_json("telegram_start.json") | {"update_id": n})
    drain_hooks()
    assert send_greetings() == {"later": 1} and send_greetings() == {}
    Greeting.objects.update(next_try_at=timezone.now())
    assert send_greetings() == {"done": 1}
    hook(greeter, payload_json("telegram_start.json") | {"update_id": 9})
    assert drain_hooks() == {"duplicate": 1}
    assert send_greetings() == {}
    assert [(one["chat_id"], one["text"]) for one in server.accepted] == [("551230001", HELLO)]
    assert not Ticket.objects.exists() and not Message.objects.exists()


@pytest.mark.parametrize(("fault", "ended"), [("hang up", "done"), (BLOCKED, "failed")])
def test_a_greeting_without_an_answer_is_not_sent_again(
    fault: Any, ended: str, greeter: Connection, server: TelegramServer
) -> None:
    server.faults = [fault]
    hook(greeter, payload("telegram_start.json"))
    drain_hooks()
    assert send_greetings() == {ended: 1}
    Greeting.objects.update(next_try_at=timezone.now())
    assert send_greetings() == {}


def test_without_words_nobody_is_greeted(bot: Connection, server: TelegramServer) -> None:
    hook(bot, payload("telegram_start.json"))
    assert drain_hooks() == {"ignored": 1}
    assert not Greeting.objects.exists()


def opened(bot: Connection) -> Ticket:
    hook(bot, payload("telegram_text.json"))
    drain_hooks()
    return Ticket.objects.get()


def due_now() -> None:
    Message.objects.filter(outbox=OutboxState.QUEUED).update(not_before=timezone.now())
    Connection.objects.update(quiet_until=None)


@pytest.mark.parametrize("fault", ["hang up"])
def test_silence_after_accepting_is_shown_and_never_sent_again(
    house: House, bot: Connection, server: TelegramServer, fault: str
) -> None:
    ticket = opened(bot)
    server.faults = [fault]
    message = reply(ticket.pk, by=house.olena, text="Завтра!", undo_seconds=0)
    assert drain_outbound() == {"unknown": 1}
    assert drain_outbound() == {}
    message.refresh_from_db()
    assert (message.outbox, message.error) == (OutboxState.UNKNOWN, "127.0.0.1 did not answer (RemoteDisconnected)")
    confirm_delivered(message.pk, by=house.olena)
    assert server.sent_texts() == ["Завтра!"]


def test_too_many_waits_as_long_as_asked(house: House, bot: Connection, server: TelegramServer) -> None:
    ticket = opened(bot)
    server.faults = [TOO_MANY]
    message = reply(ticket.pk, by=house.olena, text="Завтра!", undo_seconds=0)
    before = timezone.now()
    assert drain_outbound() == {"temporary": 1}
    message.refresh_from_db()
    assert message.not_before is not None
    assert 6 < (message.not_before - before).total_seconds() < 12
    assert server.sent_texts() == []
    bot.refresh_from_db()
    assert bot.quiet_until is not None
    due_now()
    assert drain_outbound() == {"accepted": 1}
    assert server.sent_texts() == ["Завтра!"]


def test_a_server_error_is_tried_again(house: House, bot: Connection, server: TelegramServer) -> None:
    ticket = opened(bot)
    server.faults = [BROKEN]
    reply(ticket.pk, by=house.olena, text="Завтра!", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    due_now()
    assert drain_outbound() == {"accepted": 1}
    assert server.sent_texts() == ["Завтра!"]


def test_an_expired_token_turns_red_and_what_waits_goes_after_reconnecting(
    house: House, bot: Connection, server: TelegramServer
) -> None:
    ticket = opened(bot)
    server.faults = [UNAUTHORISED]
    first = reply(ticket.pk, by=house.olena, text="One", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    channel = Channel.objects.get(pk=bot.channel_id)
    bot.refresh_from_db()
    assert (bot.state, channel.health, channel.health_detail) == (
        ConnectionState.REFUSED, ChannelHealth.FAILING, "Unauthorized",
    )  # fmt: skip
    told = Event.objects.filter(stream_type="channel", kind="connection.refused")
    assert told.count() == 1
    second = reply(ticket.pk, by=house.olena, text="Two", undo_seconds=0)
    asked = len(server.requests)
    assert drain_outbound() == {"temporary": 1}
    assert len(server.requests) == asked, "a provider that refuses us is not asked again"
    change_connection(
        bot.channel_id, {"token": TOKEN + " "}, by=house.adam, name="Telegram", team=house.support, locale="en",
        is_active=True,
    )  # fmt: skip
    assert drain_outbound() == {}, "the same token is no new one"
    Connection.objects.update(secret="")
    change_connection(
        bot.channel_id, {"token": TOKEN}, by=house.adam, name="Telegram", team=house.support, locale="en",
        is_active=True,
    )  # fmt: skip
    assert drain_outbound() == {"accepted": 2}
    assert sorted(server.sent_texts()) == ["One", "Two"]
    for message in (first, second):
        message.refresh_from_db()
        assert message.outbox == OutboxState.SENT
    channel.refresh_from_db()
    assert (channel.health, told.count()) == (ChannelHealth.OK, 1)


def test_who_has_blocked_us_is_not_written_to(house: House, bot: Connection, server: TelegramServer) -> None:
    ticket = opened(bot)
    server.faults = [BLOCKED]
    message = reply(ticket.pk, by=house.olena, text="Hello?", undo_seconds=0)
    assert drain_outbound() == {"permanent": 1}
    message.refresh_from_db()
    assert (message.outbox, message.error) == (OutboxState.FAILED, "Forbidden: bot was blocked by the user")
    assert ChannelRefusal.objects.get(identity=Identity.objects.get(), channel=bot.channel_id).refuses == "blocked"
    with pytest.raises(InvalidInput):
        reply(ticket.pk, by=house.olena, text="Are you there?", undo_seconds=0)
    assert Message.objects.count() == 2
    back = payload_json("telegram_blocked.json")
    back["my_chat_member"]["new_chat_member"]["status"] = "member"
    hook(bot, back)
    assert drain_hooks() == {"ignored": 1}, "from before"
    back["my_chat_member"]["date"] = int(timezone.now().timestamp()) + 1
    hook(bot, back | {"update_id": 99})
    assert drain_hooks() == {"applied": 1}
    assert ChannelRefusal.objects.get().refuses == ""
    reply(ticket.pk, by=house.olena, text="Are you there?", undo_seconds=0)


def test_a_long_text_goes_in_parts_and_only_the_rest_is_tried_again(
    house: House, bot: Connection, server: TelegramServer
) -> None:
    ticket = opened(bot)
    text = " ".join(f"Sentence number {n} of a long answer." for n in range(260))
    reply(ticket.pk, by=house.olena, text=text, undo_seconds=0)
    server.faults = [None, BROKEN]
    assert drain_outbound() == {"temporary": 1}
    due_now()
    assert drain_outbound() == {"accepted": 1}
    sent = server.sent_texts()
    assert len(sent) == 3
    assert " ".join(sent) == text
    assert all(len(part) <= 4096 and part.endswith(".") for part in sent)


def test_while_nothing_can_be_written_the_provider_is_asked_to_come_again(bot: Connection) -> None:
    """503 and nothing kept; the same webhook afterwards is one delivery."""
    body = payload_json("telegram_text.json")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("LOCK TABLE channels_inbound_rawdelivery IN ACCESS EXCLUSIVE MODE")
        answer = post(bot, body, X_Telegram_Bot_Api_Secret_Token=bot.verify_token)
        other.rollback()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert not RawDelivery.objects.exists()
    assert hook(bot, body) == 200
    assert RawDelivery.objects.count() == 1
