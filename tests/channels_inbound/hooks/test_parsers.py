"""Every sample payload, to the exact facts it says; and whatever else may come, to facts or a reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_inbound.email.parse import parse_email
from channels_inbound.hooks.facts import (
    Agreed,
    CallHeard,
    Echo,
    Edited,
    Heard,
    Ignored,
    MailReport,
    RawMail,
    Reachable,
    Reacted,
    Receipt,
    RecordingHeard,
    RemoteFile,
    Unsent,
)
from channels_inbound.hooks.provider import Malformed, Reading
from channels_inbound.hooks.reading import key_of
from channels_inbound.hooks.registry import PROVIDERS, provider
from tests.channels_inbound.hooks.house import PAYLOADS, payload
from tickets.inbound import Address, InboundMessage

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ACCOUNTS = {
    "x": "1450000000000000001", "sms": "+15550100100", "twilio_whatsapp": "+380440000100", "phone": "+380440000100",
    "aircall": "+380440000100",
    "http": "shop", "mailgun": "support@shop.example.org", "postmark": "support@shop.example.org",
    "sendgrid": "support@shop.example.org", "ses": "support@shop.example.org",
    "telegram": "7100000001", "messenger": "104455667788990", "fb_comments": "104455667788990",
    "instagram": "17841400123456789", "ig_comments": "17841400123456789", "whatsapp": "109876543210987",
}  # fmt: skip
SETTINGS = {"app_id": "298761234567890", "forward_to": "+380440000777"}


def ms(count: int) -> datetime:
    return datetime.fromtimestamp(count / 1000, UTC)


def reading(kind: str) -> Reading:
    return Reading(7, ACCOUNTS.get(kind, ""), NOW, settings=SETTINGS)


def body_of(name: str) -> bytes:
    """The bytes on the wire: `.form.json` lists the fields of a form."""
    return urlencode(json.loads(payload(name))).encode() if name.endswith(".form.json") else payload(name)


def facts(kind: str, name: str) -> list[Any]:
    found = provider(kind)
    assert found is not None
    json_ = "application/json" if not name.endswith(".form.json") else "application/x-www-form-urlencoded"
    return found.parse(body_of(name), replace(reading(kind), headers={"content-type": json_}))


def said(kind: str, id: str, at: datetime, who: tuple[str, str], words: str, **more: Any) -> InboundMessage:
    values: dict[str, Any] = {
        "channel_id": 7, "dedupe_key": key_of(kind, 7, id), "external_id": id, "at": at, "received_at": NOW,
        "sender": Address(*who), "subject": words.splitlines()[0] if words else "Chat message", "text": words,
        "identity_kind": "page_user", "verdict": "pass", "language": "en", "thread_id": who[1],
        "timed_by_provider": True,
    }  # fmt: skip
    return InboundMessage(**(values | more))


PSID = "messenger:104455667788990:7712345678901234"
MESSENGER = ("Messenger user 1234", PSID)
IGSID = "instagram:17841400123456789:1045678901234567"
INSTAGRAM = ("Instagram user 4567", IGSID)
OLENA = ("Olena Kovalenko", "+380671110022")
WA = {
    "identity_kind": "phone", "thread_id": "whatsapp:109876543210987:UA.73510092837465501",
    "thread_also": ("whatsapp:109876543210987:380671110022",),
    "also_known_as": (("page_user", "whatsapp:UA.73510092837465501"),),
}  # fmt: skip
JAMIE = ("Jamie Reyes", "x:1450000000000000002")
X_DM = {"handle": "@jamie_reyes_x", "thread_id": "x:1450000000000000001:1450000000000000002"}
TG = {"handle": "@olena_k", "thread_id": "telegram:551230001"}
TG_OLENA = ("Olena Kovalenko", "telegram:551230001")


def tg(id: int | str) -> str:
    return f"telegram:7100000001:551230001:{id}"


def wa(end: str) -> str:
    return f"wamid.HBgMMzgwNjcxMTEwMDIyFQIAEhg{end}=="


SAMPLES: list[tuple[str, str, list[Any]]] = [
    ("messenger", "messenger_text.json", [
        Heard(said("messenger", "m_AbCdEf0001TextKyiv", ms(1795255203987), MESSENGER,
                   "Добрий день! Де моє замовлення #1042?", language="uk"))]),
    ("messenger", "messenger_attachments.json", [
        Heard(said("messenger", "m_AbCdEf0002Attach", ms(1795255263100), MESSENGER, "", in_reply_to="m_AgentReply0009",
                   files_to_come=2),
              (RemoteFile({"url": "https://cdn.example.net/v/t1.0/broken-lamp.jpg?oh=1&oe=2"}),
               RemoteFile({"url": "https://cdn.example.net/v/t2.0/invoice-1042.pdf?oh=3&oe=4"})))]),
    ("messenger", "messenger_sticker.json", [
        Heard(said("messenger", "m_AbCdEf0003Sticker", ms(1795255270000), MESSENGER, "👍"))]),
    ("messenger", "messenger_quick_reply.json", [
        Heard(said("messenger", "m_AbCdEf0004Quick", ms(1795255280000), MESSENGER, "Return an item"), (),
              "FLOW_RETURN_START")]),
    ("messenger", "messenger_postback.json", [
        Heard(said("messenger", "m_AbCdEf0000Start", ms(1795255100000), MESSENGER, "Get Started",
                   about="From an advertisement: spring-sale"), (), "GET_STARTED")]),
    ("messenger", "messenger_echo.json", [
        Echo("m_AgentReply0010", PSID, "Your parcel left Lviv this morning.", ms(1795255300000),
             tag="msg:018f2c1e-9d1b-7c3a-9d61-2b9b1c0a4411", by_us=True)]),
    ("messenger", "messenger_delivery_and_read.json", [
        Receipt("delivered", ms(1795255300900), external_id="m_AgentReply0010"),
        Receipt("read", ms(1795255304000), thread_id=PSID)]),
    ("messenger", "messenger_reaction.json", [
        Reacted("m_AgentReply0010", "❤", "7712345678901234", ms(1795255310000))]),
    ("messenger", "messenger_edit.json", [
        Edited("m_AbCdEf0001TextKyiv", "Добрий день! Де моє замовлення #1043?", ms(1795255330000))]),
    ("messenger", "page_comment_add.json", [Ignored("for the channel of public comments (feed)")]),
    ("messenger", "instagram_comment.json", [Ignored("meant for another kind of channel (instagram)")]),
    ("instagram", "instagram_text_story_reply.json", [
        Heard(said("instagram", "aWdfZAG1faXRlbToxOklH0001", ms(1795255403000), INSTAGRAM, "Is this lamp dimmable?",
                   about="In answer to our story https://cdn.example.net/ig_story/18001234567890123"))]),
    ("instagram", "instagram_story_mention.json", [
        Heard(said("instagram", "aWdfZAG1faXRlbToxOklH0002", ms(1795255410000), INSTAGRAM, "Mentioned us in a story",
                   files_to_come=1),
              (RemoteFile({"url": "https://cdn.example.net/ig_story_mention/9.mp4"}),))]),
    ("instagram", "instagram_unsent.json", [Unsent("aWdfZAG1faXRlbToxOklH0001", ms(1795255500000))]),
    ("instagram", "instagram_echo.json", [
        Echo("aWdfZAG1faXRlbToxOklH0003", IGSID, "Yes, with any dimmer.", ms(1795255450000))]),
    ("instagram", "instagram_seen.json", [
        Receipt("read", ms(1795255460000), external_id="aWdfZAG1faXRlbToxOklH0003")]),
    ("instagram", "instagram_comment.json", [Ignored("for the channel of public comments (comments)")]),
    ("ig_comments", "instagram_comment.json", [
        Heard(said("comment", "18055512345678901", ms(1795255470000),
                   ("olena.k.lights", IGSID), "How much is shipping to Poland?", handle="@olena.k.lights",
                   thread_id="ig_comments:18055512345678000"))]),
    ("ig_comments", "instagram_unsent.json", [Ignored("for the channel of private messages")]),
    ("fb_comments", "page_comment_add.json", [
        Heard(said("comment", "122100011112222_987650000011111", ms(1795255590000),
                   ("Taras Melnyk", "facebook:104455667788990:6123456789012345"),
                   "My lamp arrived broken, what do I do?",
                   thread_id="fb_comments:122100011112222_987650000011111",
                   about="On the post https://www.facebook.com/lumenandloom/posts/122100011112222"))]),
    ("fb_comments", "page_comment_edited.json", [
        Edited("122100011112222_987650000011111", "My lamp arrived broken, what do I do? Order 1042",
               ms(1795255650000))]),
    ("fb_comments", "page_comment_remove.json", [Unsent("122100011112222_987650000011111", ms(1795255700000))]),
    ("fb_comments", "page_reaction_ignore.json", [Ignored("nothing to answer: reaction add")]),
    ("whatsapp", "whatsapp_text.json", [
        Heard(said("whatsapp", wa("TXT01"), ms(1795256000000), OLENA,
                   "Доброго дня, хочу повернути лампу із замовлення #1042", language="uk", **WA))]),
    ("whatsapp", "whatsapp_image_reply.json", [
        Heard(said("whatsapp", wa("IMG02"), ms(1795256060000), OLENA, "Тріснула ось тут", language="uk",
                   in_reply_to="wamid.OUTBOUND0001==", files_to_come=1, **WA),
              (RemoteFile({"media_id": "1479537139650973",
                           "sha256": "Hh3s0cJb6m3ZkqXn2l0o2o6w8e2p0m7mGJr9l1Zp2aQ="}),))]),
    ("whatsapp", "whatsapp_voice.json", [
        Heard(said("whatsapp", wa("AUD03"), ms(1795256090000), OLENA, "", files_to_come=1, **WA),
              (RemoteFile({"media_id": "1479537139650974",
                           "sha256": "2k0Zr0Vb2xTQpH0uU2o6w8e2p0m7mGJr9l1Zp2aQabc="}),))]),
    ("whatsapp", "whatsapp_button_reply.json", [
        Heard(said("whatsapp", wa("BTN04"), ms(1795256120000), OLENA, "Great", in_reply_to="wamid.OUTBOUND0002==",
                   **WA), (), "csat:5")]),
    ("whatsapp", "whatsapp_reaction.json", [
        Reacted("wamid.OUTBOUND0002==", "👍", "UA.73510092837465501", ms(1795256130000))]),
    ("whatsapp", "whatsapp_bsuid_only.json", [
        Heard(said("whatsapp", "wamid.BSUIDONLY0006==", ms(1795256140000), ("Taras", "whatsapp:UA.90011223344556677"),
                   "Hello, do you ship abroad?", handle="@taras_m",
                   thread_id="whatsapp:109876543210987:UA.90011223344556677"))]),
    ("whatsapp", "whatsapp_edit.json", [
        Edited(wa("TXT01"), "Доброго дня, хочу повернути лампу із замовлення #1043", ms(1795256150000))]),
    ("whatsapp", "whatsapp_revoke.json", [Unsent(wa("TXT01"), ms(1795256160000))]),
    ("whatsapp", "whatsapp_unsupported.json", [
        Heard(said("whatsapp", wa("UNS09"), ms(1795256170000), OLENA,
                   "A message of a kind that cannot be shown here (poll)", **WA))]),
    ("whatsapp", "whatsapp_status_read.json", [
        Receipt("delivered", ms(1795256010000), external_id="wamid.OUTBOUND0001=="),
        Receipt("read", ms(1795256055000), external_id="wamid.OUTBOUND0001==")]),
    ("whatsapp", "whatsapp_status_failed_window.json", [
        Receipt("failed", ms(1795341000000), external_id="wamid.OUTBOUND0003==",
                tag="msg:018f2c1e-9d1b-7c3a-9d61-2b9b1c0a4412",
                error="Message failed to send because more than 24 hours have passed since the customer last replied"
                      " to this number.")]),
    ("whatsapp", "whatsapp_echo_phone_app.json", [
        Echo("wamid.PHONEAPP0010==", "whatsapp:109876543210987:UA.73510092837465501", "Answered from the phone",
             ms(1795256200000), thread_also=("whatsapp:109876543210987:380671110022",),
             to=(("page_user", "whatsapp:UA.73510092837465501"), ("phone", "+380671110022")))]),
    ("x", "x_activity_dm_received.json", [
        Heard(said("x", "2090000000000000101", ms(1795257000123), JAMIE, "hi, order 1042 still not here", **X_DM))]),
    ("x", "x_activity_dm_sent.json", [
        Echo("2090000000000000102", X_DM["thread_id"], "On it!", ms(1795257060123))]),
    ("x", "x_activity_mention.json", [
        Heard(said("x", "2090000000000000201", datetime(2026, 11, 20, 11, 5, tzinfo=UTC), JAMIE,
                   "@lumenandloom the lamp flickers since yesterday", handle="@jamie_reyes_x",
                   thread_id="x-post:2090000000000000201", about="Public post that mentions us"))]),
    ("x", "x_legacy_account_activity_dm.json", [
        Heard(said("x", "2090000000000000103", ms(1795257100000), JAMIE, "photo https://t.co/abc", files_to_come=1, **X_DM),
              (RemoteFile({"url": "https://ton.twitter.com/1.1/ton/data/dm/1/2/x.jpg"}),))]),
    ("sms", "twilio_sms_inbound.form.json", [
        Heard(said("twilio", "SM00000000000000000000000000000011", NOW, ("+15550100042", "+15550100042"),
                   "Need to change the address for 1042", identity_kind="phone",
                   thread_id="sms:+15550100100:+15550100042"))]),
    ("sms", "twilio_sms_stop.form.json", [
        Reachable("phone", "+15550100042", "stopped", NOW), Agreed("phone", "+15550100042", "messages", False, NOW)]),
    ("sms", "twilio_message_status_undelivered.form.json", [
        Receipt("failed", NOW, "SM00000000000000000000000000000021", error="error 30003")]),
    ("twilio_whatsapp", "twilio_whatsapp_inbound_media.form.json", [
        Heard(said("twilio", "SM00000000000000000000000000000013", NOW, OLENA, "Тріснула ось тут", language="uk",
                   identity_kind="phone", thread_id="twilio_whatsapp:+380440000100:+380671110022", files_to_come=1,
                   also_known_as=(("page_user", "whatsapp:UA.73510092837465501"),)),
              (RemoteFile({"url": "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/"
                                  "Messages/MM00000000000000000000000000000013/Media/"
                                  "ME00000000000000000000000000000013"}),))]),
    ("phone", "twilio_voice_inbound.form.json", [
        CallHeard("CA00000000000000000000000000000042", "in", "ringing", "+380671110022", "+380440000100", NOW,
                  final=False)]),
    ("phone", "twilio_voice_status_completed.form.json", [
        CallHeard("CA00000000000000000000000000000042", "in", "answered", "+380671110022", "+380440000100",
                  datetime(2026, 11, 20, 12, 18, 40, tzinfo=UTC), talk_seconds=153, if_rung="answered")]),
    ("phone", "twilio_voice_status_no_answer.form.json", [
        CallHeard("CA00000000000000000000000000000043", "in", "missed", "+380671110022", "+380440000100",
                  datetime(2026, 11, 20, 12, 31, 13, tzinfo=UTC),
                  waited_until=datetime(2026, 11, 20, 12, 31, 13, tzinfo=UTC))]),
    ("phone", "twilio_recording_completed.form.json", [
        RecordingHeard("CA00000000000000000000000000000042", "RE00000000000000000000000000000007", RemoteFile(
            {"url": "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings/"
                    "RE00000000000000000000000000000007"}, "RE00000000000000000000000000000007.mp3"), False, NOW)]),
    ("aircall", "aircall_call_ended.json", [
        CallHeard("aircall:990001", "in", "answered", "+380671110022", "+380 44 000 01 00", ms(1795259000000), 12, 148,
                  "Iryna Agent")]),
    ("aircall", "aircall_call_missed.json", [
        CallHeard("aircall:990002", "in", "missed", "", "+380 44 000 01 00", ms(1795259400000), 60)]),
    ("mailgun", "mailgun_tracking_failed.json", [
        MailReport("failed", "gone@example.net", ms(1795260099000),
                   ("018f2c1e-9d1b-7c3a-9d61-2b9b1c0a4413", "t1050.m3.1795260000@shop.example.org"), True,
                   "550 5.1.1 no such user")]),
    ("postmark", "postmark_bounce.json", [
        MailReport("failed", "gone@example.net", datetime(2026, 11, 20, 12, 41, tzinfo=UTC),
                   ("018f2c1e-9d1b-7c3a-9d61-2b9b1c0a4413",), True,
                   "smtp;550 5.1.1 The email account that you tried to reach does not exist")]),
    ("telegram", "telegram_text.json", [
        Heard(said("telegram", tg(41), ms(1795258000000), TG_OLENA, "Привіт! Коли приїде замовлення #1042?",
                   language="uk", **TG))]),
    ("telegram", "telegram_start.json", [Ignored("the bot was started (o1042)")]),
    ("telegram", "telegram_photo_reply.json", [
        Heard(said("telegram", tg(43), ms(1795258060000), TG_OLENA, "Ось тріщина", language="uk", in_reply_to=tg(42),
                   files_to_come=1, dedupe_key=key_of("telegram", 7, "551230001:album:13700000000000001"), **TG), (RemoteFile({"file_id": "AgACAgIAAxkBAAIx"}),), place=44)]),
    ("telegram", "telegram_edited.json", [
        Edited(tg(41), "Привіт! Коли приїде замовлення #1043?", ms(1795258090000))]),
    ("telegram", "telegram_callback_query.json", [
        Heard(said("telegram", tg("callback:2367400000000000001"), NOW, TG_OLENA, "5", in_reply_to=tg(44), **TG,
                   language="uk"), (RemoteFile({"pressed": "2367400000000000001"}),), "csat:018f2c1e:5")]),
    ("telegram", "telegram_blocked.json", [
        Reachable("page_user", "telegram:551230001", "blocked", ms(1795258200000))]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "expected"), SAMPLES, ids=[f"{kind}-{name}" for kind, name, _ in SAMPLES])
def test_each_sample_says_exactly_this(kind: str, name: str, expected: list[Any]) -> None:
    assert facts(kind, name) == expected


FAMILIES = ("aircall", "messenger", "instagram", "page", "whatsapp", "telegram", "x_", "twilio", "mailgun", "postmark")


def test_a_provider_s_fields_become_a_mail_that_says_the_same() -> None:
    """What the mail reader makes of them, files and quotes included: nothing vanishes with an empty Content-ID."""
    (raw,) = facts("postmark", "postmark_inbound.json")
    assert isinstance(raw, RawMail)
    assert (raw.rcpt_tos, raw.mail_from) == (("support+t1042.k7f3@shop.example.org",), "olena@example.com")
    mail = parse_email(raw.content)
    assert (mail.sender.name, mail.sender.address) == ("Olena Kovalenko", "olena@example.com")
    assert (mail.subject, mail.message_id) == ("Re: [LL-1042] Your return request", "CAF0001reply@mail.example.com")
    assert mail.references == ("CAF0000first@mail.example.com", "t1042.m9.1795258800@shop.example.org")
    assert mail.reply_text.strip() == "Дякую, фото додаю."
    assert [(f.filename, len(f.content or b"")) for f in mail.attachments] == [("crack.png", 70), ("receipt.txt", 22)]
    (raw,) = facts("mailgun", "mailgun_inbound.form.json")
    assert isinstance(raw, RawMail)
    mail = parse_email(raw.content)
    assert (raw.rcpt_tos, raw.mail_from) == (("support@shop.example.org",), "bounce+olena@example.com")
    assert (mail.sender.address, mail.subject, mail.message_id) == (
        "olena@example.com", "Where is my order?", "CAF0002new@mail.example.com",
    )  # fmt: skip
    assert mail.reply_text.startswith("Hello, order 1042 has not arrived.")


BY_MAIL = {"mailgun_inbound.form.json", "postmark_inbound.json"}


def test_no_sample_of_these_providers_is_left_out() -> None:
    named = {name for _, name, _ in SAMPLES}
    there = {path.name for path in PAYLOADS.glob("*.json") if path.name.startswith(FAMILIES)}
    assert there - named == BY_MAIL


# ---- whatever else may come

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=True), st.text(max_size=40),
    st.sampled_from(["", "\x00", "\ud800", "🧵" * 50, "x" * 5000, "private", "message", "0"]),
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        found += [p for key, inner in value.items() for p in places(inner, (*path, key))]
    elif isinstance(value, list):
        found += [p for number, inner in enumerate(value) for p in places(inner, (*path, number))]
    return found


def changed(content: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    content = copy.deepcopy(content)
    at = content
    for step in path[:-1]:
        at = at[step]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return content


def texts(value: Any) -> Iterator[str]:
    """Every text in nested facts, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in (*value.keys(), *value.values()):
            yield from texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts(item)


def check_facts(kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Facts that the database can hold, or a reason: nothing else."""
    found = provider(kind)
    assert found is not None
    try:
        said_ = found.parse(body, replace(reading(kind), headers=headers or {}))
    except Malformed as error:
        assert str(error)
        return
    assert said_
    for fact in said_:
        for text in texts(asdict(fact)):
            assert "\x00" not in text
            text.encode()  # no half of a surrogate pair
        if isinstance(fact, Heard):
            message = fact.message
            assert message.external_id and len(message.external_id) <= 400
            assert message.sender.address and message.thread_id
            assert len(message.thread_id) <= 255 and len(message.sender.address) <= 320
            assert message.at <= NOW
            assert message.text or fact.files


KINDS = sorted(ACCOUNTS)
FORM = {"content-type": "application/x-www-form-urlencoded"}
MORE = {"mailgun": ["mailgun_inbound.form.json"], "postmark": ["postmark_inbound.json"]}
OWN: dict[str, Any] = {
    "http": {"id": "1", "type": "message", "thread": "t", "sender": {"id": "7", "name": "Zoe"}, "text": "Hello",
             "files": [{"url": "https://files.example/a.png"}], "at": "2026-11-20T10:00:00Z"},
    "sendgrid": [{"event": "bounce", "email": "a@b.example", "smtp-id": "<1@shop.example>", "timestamp": 1795260000}],
    "ses": {"Type": "Notification", "Message": json.dumps({
        "notificationType": "Bounce", "mail": {"messageId": "1"},
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.example"}]}})},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_sample_is_facts_or_a_reason(kind: str, data: st.DataObject) -> None:
    names = sorted({name for other, name, _ in SAMPLES if other == kind}) + MORE.get(kind, [])
    name = data.draw(st.sampled_from(names)) if names else ""
    content = json.loads(payload(name)) if name else copy.deepcopy(OWN[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        spots = places(content)
        if not spots:
            break
        path = data.draw(st.sampled_from(spots))
        content = changed(content, path, data.draw(JSON), remove=data.draw(st.booleans()))
    if name.endswith(".form.json"):
        fields = content if isinstance(content, dict) else {}
        check_facts(kind, urlencode({str(k): str(v) for k, v in fields.items()}, errors="replace").encode(), FORM)
    else:
        check_facts(kind, json.dumps(content).encode(), {"content-type": "application/json"})


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_at_all_is_facts_or_a_reason(kind: str, body: bytes) -> None:
    check_facts(kind, body)


@pytest.mark.parametrize("kind", KINDS)
def test_deep_and_huge_bodies(kind: str) -> None:
    check_facts(kind, b"[" * 100_000)
    check_facts(kind, b'{"a":' * 50_000)
    check_facts(kind, b'{"entry": [' + b'{"id": 1},' * 50_000 + b'{"id": 1}], "object": "page", "update_id": 1}')


def test_every_provider_is_in_this_table() -> None:
    assert set(PROVIDERS) >= set(ACCOUNTS)
