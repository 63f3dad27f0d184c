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
from channels_inbound.hooks.facts import Agreed, Heard, Ignored, Reacted, Renumbered, TemplateJudged, Trouble
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
        ("messenger", attached("messenger", type="share", payload={"title": "Lamp", "url": "https://www.facebook.com/p/1"}),
         "Lamp https://www.facebook.com/p/1", ""),
        ("instagram", attached("instagram", type="ig_reel", payload={"title": "Reel", "url": "/reel/7"}), "Reel /reel/7", ""),
        ("messenger", attached("messenger", type="poll", payload={"url": "https://www.facebook.com/poll/1"}),
         "https://www.facebook.com/poll/1", ""),
        ("messenger", chat("messenger", message={"mid": "m1", "text": "Look", "attachments": [
            {"type": "poll", "payload": {}}, {"type": "poll", "payload": {}}, {"type": "game"}]}),
         "Look\nA message of a kind that cannot be shown here (poll)\nA message of a kind that cannot be shown here (game)",
         ""),
        ("whatsapp", wa_said(type="location", location={}),
         "A message of a kind that cannot be shown here (location)", ""),
        ("whatsapp", wa_said(type="text", text={"body": "Look"}, context={"forwarded": True}),
         "Look", "Passed on from somebody else"),
        ("whatsapp", wa_said(type="order", order={"text": "Soon, please", "product_items": [
            {"product_retailer_id": "lamp-7", "quantity": 2, "item_price": 19.9, "currency": "EUR"},
            {"product_retailer_id": "bulb", "quantity": "1"}]}), "Order: 2 × lamp-7 (19.90 EUR), 1 × bulb\nSoon, please", ""),
        ("whatsapp", wa_said(type="text", text={"body": "Is it in stock?"}, context={
            "from": "1", "id": "wamid.0", "referred_product": {"catalog_id": "5", "product_retailer_id": "lamp-7"}}),
         "Is it in stock?", "About the product: lamp-7"),
        ("whatsapp", flow({"size": "M", "colours": ["red", "blue"], "agreed": True}),
         "Sent\nsize: M\ncolours: red, blue\nagreed: ✓", ""),
        ("telegram", tg(text="Look", forward_origin={"type": "user"}), "Look", "Passed on from somebody else"),
        ("telegram", tg(text="/startled"), "/startled", ""),
        ("telegram", tg(text="👍 See this lamp", entities=[{"type": "text_link", "offset": 7, "length": 9, "url":
            "https://shop.example/lamp"}]), "👍 See this lamp (https://shop.example/lamp)", ""),
        ("telegram", tg(photo=[{"file_id": "f"}], caption="Here", caption_entities=[
            {"type": "text_link", "offset": 0, "length": 4, "url": "https://a.example"},
            {"type": "text_link", "offset": 90, "length": 4, "url": "https://b.example"}]), "Here (https://a.example)", ""),
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


@pytest.mark.parametrize(
    "name", ["new_chat_title", "video_chat_started", "users_shared", "forum_topic_created", "gift"]
)
def test_what_nobody_wrote_opens_nothing(name: str) -> None:
    assert facts("telegram", tg(**{name: {"x": 1}})) == [Ignored(f"a service message ({name})")]


def test_a_live_location_is_one_message_however_often_it_moves() -> None:
    place = {"latitude": 50.4, "longitude": 30.5, "live_period": 900}
    (first,) = facts("telegram", tg(location=place))
    assert isinstance(first, Heard) and first.message.text == "Location: 50.4, 30.5"
    moved = {"update_id": 10, "edited_message": tg(location=place, edit_date=1795258100)["message"]}
    assert facts("telegram", moved) == [Ignored("a live location moved")]


def test_what_another_app_answers_is_kept_and_marked() -> None:
    for kind in ("messenger", "instagram"):
        content = chat(kind, message={"mid": "m1", "text": "Hi"})
        entry = content["entry"][0]
        entry["standby"] = entry.pop("messaging")
        (fact,) = facts(kind, content)
        assert fact.message.standby
        assert fact.message.about == "Another app answers this conversation at the provider"


def test_the_page_s_own_comments_prove_what_we_sent() -> None:
    page, account = ACCOUNTS["fb_comments"], ACCOUNTS["ig_comments"]
    value = {"item": "comment", "verb": "add", "post_id": "p", "parent_id": "1_1", "comment_id": "1_2",
             "from": {"id": page}, "message": "Sorry!"}  # fmt: skip
    entry = {"id": page, "time": 1795255590, "changes": [{"field": "feed", "value": value}]}
    (echo,) = facts("fb_comments", {"object": "page", "entry": [entry]})
    assert (echo.external_id, echo.thread_id, echo.text) == ("1_2", "fb_comments:1_1", "Sorry!")
    value = {"item": "post", "verb": "add", "post_id": "p", "from": {"id": page}, "message": "New lamps"}
    entry = {"id": page, "changes": [{"field": "feed", "value": value}]}
    assert facts("fb_comments", {"object": "page", "entry": [entry]}) == [Ignored("written by the page itself")]
    value = {"id": "182", "parent_id": "181", "from": {"id": account}, "text": "Sorry!"}
    entry = {"id": account, "time": 1795255590, "changes": [{"field": "comments", "value": value}]}
    (echo,) = facts("ig_comments", {"object": "instagram", "entry": [entry]})
    assert (echo.external_id, echo.thread_id, echo.text) == ("182", "ig_comments:181", "Sorry!")


def test_what_is_shared_is_a_file_only_where_files_lie() -> None:
    url = "https://scontent.xx.fbcdn.net/v/reel.mp4?oh=1"
    (fact,) = facts("messenger", attached("messenger", type="reel", payload={"title": "Reel", "url": url}))
    assert [file.ref for file in fact.files] == [{"url": url}]
    other = "https://fbcdn.net.evil.example/v/reel.mp4"
    (fact,) = facts("messenger", attached("messenger", type="reel", payload={"title": "Reel", "url": other}))
    assert (fact.files, fact.message.text) == ((), f"Reel {other}")


def reacted(**ends: Any) -> dict[str, Any]:
    return chat("messenger", reaction={"mid": "m1", "action": "react", "emoji": "❤"}, **ends)


def test_the_page_s_own_reaction_is_not_the_customer_s() -> None:
    page = ACCOUNTS["messenger"]
    (theirs,) = facts("messenger", reacted())
    (ours,) = facts("messenger", reacted(sender={"id": page}, recipient={"id": "55"}))
    assert [(one.by, one.ours) for one in (theirs, ours)] == [("55", False), (page, True)]


@pytest.mark.parametrize(
    ("optin", "purpose", "given"),
    [
        ({"type": "notification_messages", "notification_messages_token": "t"}, "notices", True),
        ({"type": "notification_messages", "notification_messages_token": "t",
          "notification_messages_status": "STOP_NOTIFICATIONS"}, "notices", False),
        ({"type": "notification_messages", "notification_messages_token": "t",
          "notification_messages_status": "RESUME_NOTIFICATIONS"}, "notices", True),
        ({"ref": "x"}, "messages", True),
    ],
)  # fmt: skip
def test_what_somebody_wants_to_hear_of_and_no_more(optin: dict[str, Any], purpose: str, given: bool) -> None:
    (fact,) = facts("messenger", chat("messenger", optin=optin))
    assert (fact.purpose, fact.given) == (purpose, given)


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


def test_what_is_said_of_somebody_without_a_number_and_of_nobody() -> None:
    said = {"user_id": "UA.9", "category": "marketing_messages", "value": "stop", "timestamp": "1795256000"}
    (agreed,) = facts("whatsapp", wa({"user_preferences": [said]}, "user_preferences"))
    assert isinstance(agreed, Agreed)
    assert (agreed.identity_kind, agreed.address, agreed.given) == ("page_user", "whatsapp:UA.9", False)
    assert facts("whatsapp", wa_said(type="request_welcome")) == [Ignored("the chat was opened, and nothing said yet")]
    echo = {"id": "wamid.5", "type": "reaction", "timestamp": "1795256000", "to": "380671110022",
            "reaction": {"message_id": "wamid.1", "emoji": "👍"}}  # fmt: skip
    (ours,) = facts("whatsapp", wa({"message_echoes": [echo]}, "smb_message_echoes"))
    assert isinstance(ours, Reacted) and (ours.external_id, ours.ours) == ("wamid.1", True)


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


def test_each_picture_of_an_album_is_the_message(bot: Connection) -> None:
    pictures = [tg(id, photo=[{"file_id": f"f{id}"}], media_group_id="77") for id in (9, 10)]
    pictures[0]["message"]["caption"] = "Both broke"
    person, place = {"id": 1, "is_bot": False, "first_name": "Olena"}, {"id": 1, "type": "private"}
    sign = {"chat": place, "message_id": 10, "user": person, "date": 1795258100,
            "new_reaction": [{"type": "emoji", "emoji": "🔥"}]}  # fmt: skip
    hook(bot, {"update_id": 50, "message_reaction": sign})
    drain_hooks()
    for picture in pictures:
        hook(bot, picture)
    drain_hooks()
    message = Message.objects.get()
    assert [one["emoji"] for one in message.marks["reactions"]] == ["🔥"], "it waited for the second picture"
    edited = pictures[1]["message"] | {"edit_date": 1795258200}
    hook(bot, {"update_id": 51, "edited_message": edited})
    assert drain_hooks() == {"ignored": 1}, "without words it takes none of the others'"
    hook(bot, {"update_id": 52, "edited_message": edited | {"caption": "All of them broke"}})
    assert drain_hooks() == {"applied": 1}
    message.refresh_from_db()
    assert message.text == "All of them broke"


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
