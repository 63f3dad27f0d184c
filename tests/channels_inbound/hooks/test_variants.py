"""What real people send beside plain words: every kind the contracts name, made up here, to what an agent reads."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from channels_inbound.hooks.apply import apply_fact
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import Heard, Ignored, Renumbered, TemplateJudged, Trouble
from channels_inbound.hooks.parts import part_texts
from channels_inbound.hooks.registry import provider
from channels_inbound.models import Connection, ConnectionState, RemoteMedia
from tests.channels_inbound.hooks.house import KEY, connect, post
from tests.channels_inbound.hooks.test_parsers import ACCOUNTS, NOW, reading
from tests.people import House, events_of, make_house
from tests.providers.telegram import TOKEN
from tickets.kinds import traits_in, traits_of
from tickets.models import ChannelTemplate, Message, Ticket


def facts(kind: str, content: dict[str, Any]) -> list[Any]:
    handler = provider(kind)
    assert handler is not None
    form = kind in ("sms", "twilio_whatsapp")
    return handler.parse(urlencode(content).encode() if form else json.dumps(content).encode(), reading(kind))


def chat(kind: str, **item: Any) -> dict[str, Any]:
    ends = {"sender": {"id": "55"}, "recipient": {"id": ACCOUNTS[kind]}, "timestamp": 1795255203987}
    entry = {"id": ACCOUNTS[kind], "messaging": [ends | item]}
    return {"object": "page" if kind == "messenger" else "instagram", "entry": [entry]}


def attached(kind: str, **attachment: Any) -> dict[str, Any]:
    return chat(kind, message={"mid": "m1", "attachments": [attachment]})


def wa(value: dict[str, Any], field: str = "messages") -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": ACCOUNTS["whatsapp"]}} | value
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
    }


def wa_said(**said: Any) -> dict[str, Any]:
    return wa({"messages": [{"from": "380671110022", "id": "wamid.1", "timestamp": "1795256000"} | said]})


def flow(answers: dict[str, Any]) -> dict[str, Any]:
    reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(answers)}
    return wa_said(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})


def tg(id: int = 9, **said: Any) -> dict[str, Any]:
    person = {"id": 1, "is_bot": False, "first_name": "Olena"}
    message = {"message_id": id, "date": 1795258000, "from": person, "chat": {"id": 1, "type": "private"}}
    return {"update_id": id, "message": message | said}


TWILIO = {"MessageSid": "SM1", "From": "whatsapp:+380671110022", "To": "whatsapp:+380440000100", "NumMedia": "0"}


def x_event(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    about = {"event_uuid": "-5", "filter": {"user_id": ACCOUNTS["x"]}, "event_type": kind}
    return {"data": about | {"payload": payload}}


@pytest.mark.parametrize(
    ("kind", "content", "words", "about"),
    [
        ("messenger", attached("messenger", type="location", payload={"coordinates": {"lat": 50.4, "long": 30.5}}),
         "Location: 50.4, 30.5", ""),
        ("messenger", attached("messenger", type="location", payload={}),
         "A message of a kind that cannot be shown here (location)", ""),
        ("messenger", attached("messenger", type="fallback", payload={"title": "Shop", "url": "https://shop.example"}),
         "Shop https://shop.example", ""),
        ("whatsapp", wa_said(type="location", location={}),
         "A message of a kind that cannot be shown here (location)", ""),
        ("whatsapp", wa_said(type="text", text={"body": "Look"}, context={"forwarded": True}),
         "Look", "Passed on from somebody else"),
        ("whatsapp", flow({"size": "M", "colours": ["red", "blue"], "agreed": True}),
         "Sent\nsize: M\ncolours: red, blue\nagreed: ✓", ""),
        ("telegram", tg(text="Look", forward_origin={"type": "user"}), "Look", "Passed on from somebody else"),
        ("telegram", tg(text="/startled"), "/startled", ""),
        ("twilio_whatsapp", TWILIO | {"Latitude": "50.4", "Longitude": "30.5", "Label": "Cafe"},
         "Location: Cafe, 50.4, 30.5", ""),
        ("twilio_whatsapp", TWILIO | {"Body": "Hi", "ReferralHeadline": "Lamps"}, "Hi", "From an advertisement: Lamps"),
        ("twilio_whatsapp", TWILIO | {"ButtonText": "Yes"}, "Yes", ""),
        ("x", x_event("chat.received", {"sender_id": "9", "encoded_event": "zz"}),
         "A message in the encrypted chat, which only X itself can open", ""),
    ],
)  # fmt: skip
def test_what_an_agent_reads(kind: str, content: dict[str, Any], words: str, about: str) -> None:
    (fact,) = facts(kind, content)
    assert isinstance(fact, Heard)
    assert (fact.message.text, fact.message.about) == (words, about)


def test_a_number_beside_the_scoped_id_is_kept() -> None:
    who = {"profile": {"name": "Taras"}, "wa_id": "380671110022", "user_id": "UA.1"}
    said = {"from_user_id": "UA.1", "id": "wamid.2", "type": "text", "text": {"body": "Hi"}}
    (fact,) = facts("whatsapp", wa({"contacts": [who], "messages": [said]}))
    assert (fact.message.sender.address, fact.message.also_known_as) == (
        "+380671110022", (("page_user", "whatsapp:UA.1"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("message_template_status_update",
         {"event": "REJECTED", "message_template_name": "hi", "message_template_language": "uk"},
         TemplateJudged("hi", "uk", "refused", NOW)),
        ("message_template_status_update", {"event": "APPROVED"}, Ignored("a template: APPROVED")),
        ("account_update", {"event": "VERIFIED_ACCOUNT"}, Ignored("account_update: VERIFIED_ACCOUNT")),
        ("account_update", {"event": "DISABLED_UPDATE"}, Trouble("account_update: DISABLED_UPDATE")),
        ("phone_number_quality_update", {"event": "UPGRADE"}, Ignored("phone_number_quality_update: UPGRADE")),
    ],
)  # fmt: skip
def test_good_news_of_an_account_turn_nothing_red(field: str, value: dict[str, Any], expected: object) -> None:
    assert facts("whatsapp", wa(value, field)) == [expected]


def test_another_number_of_the_same_person() -> None:
    (fact,) = facts("whatsapp", wa_said(type="system", system={"type": "user_changed_number", "wa_id": "380991112233"}))
    assert isinstance(fact, Renumbered)
    assert (fact.address, fact.now) == ("+380671110022", "+380991112233")


def test_a_public_post_is_short_and_said_to_be_public() -> None:
    post_, direct = traits_in(traits_of("x"), "x-post:7"), traits_in(traits_of("x"), "x:1:2")
    assert (post_.public, post_.max_text, direct.public, direct.max_text) == (True, 280, False, 10_000)
    assert [len(part) <= 280 for part in part_texts("Words. " * 60, "x", "x-post:7")] == [True, True]
    assert len(part_texts("Words. " * 60, "x", "x:1:2")) == 1


# ---- what they change


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def bot(house: House, settings: Any) -> Connection:
    settings.CREDENTIALS_KEYS = [KEY]
    return connect(house, "telegram", {"token": TOKEN})


def hook(bot: Connection, body: dict[str, Any]) -> None:
    assert post(bot, body, X_Telegram_Bot_Api_Secret_Token=bot.verify_token).status_code == 200


def test_an_album_is_one_message_whatever_came_first_or_twice(bot: Connection) -> None:
    pictures = [tg(id, photo=[{"file_id": f"f{id}"}], media_group_id="77") for id in (9, 10, 11)]
    pictures[2]["message"]["caption"] = "All three broke"
    hook(bot, pictures[1])
    drain_hooks()
    for picture in (pictures[0], pictures[2], pictures[0] | {"update_id": 40}):
        hook(bot, picture)
    drain_hooks()
    message = Message.objects.get()
    assert (message.text, message.envelope["files_to_come"]) == ("All three broke", 3)
    assert sorted(RemoteMedia.objects.values_list("ref__file_id", flat=True)) == ["f10", "f11", "f9"]
    assert Ticket.objects.get().preview == "All three broke"
    assert events_of(message.ticket_id) == ["ticket.opened", "message.received", "message.filed", "message.filed"]


def test_what_providers_tell_of_numbers_templates_and_blocks(bot: Connection) -> None:
    now = timezone.now()
    hook(bot, tg(text="Hello"))
    drain_hooks()
    customer = Ticket.objects.get().customer
    moved = Renumbered("page_user", "telegram:1", "telegram:2", now)
    assert [apply_fact(bot.channel_id, one, at=now) for one in (moved, moved)] == ["applied", "applied"]
    assert sorted(customer.identities.values_list("value", flat=True)) == ["telegram:1", "telegram:2"]
    assert apply_fact(bot.channel_id, Renumbered("phone", "+1", "+2", now), at=now) == "ignored"

    ChannelTemplate.objects.create(channel_id=bot.channel_id, name="hi", language="uk", state="approved", text="Hi",
                                   synced_at=now - timedelta(days=1))  # fmt: skip
    judged = TemplateJudged("hi", "uk", "refused", now)
    assert [apply_fact(bot.channel_id, judged, at=now) for _ in range(2)] == ["applied", "ignored"]
    assert ChannelTemplate.objects.get().state == "refused"

    for fact, state in (
        (Trouble("block: spam", refused=True), ConnectionState.REFUSED), (Trouble("unblock", over=True), ConnectionState.OK)
    ):  # fmt: skip
        apply_fact(bot.channel_id, fact, at=now)
        bot.refresh_from_db()
        assert bot.state == state
