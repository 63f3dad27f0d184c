"""A story per provider, over real HTTP: the customer writes, an agent answers, the provider takes the answer and says
nothing, webhooks come twice, the token expires. At the end there is exactly one message each way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.accounts import _OF_CHANNEL, _OWN, connection_called, hook_url
from channels_inbound.hooks.connections import change_connection
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.media import drain_media
from channels_inbound.hooks.signatures import hmac_hex
from channels_inbound.models import Connection, ConnectionState, RawDelivery, SentPart
from people.models import Customer, Identity
from tests.channels_inbound.hooks.house import KEY, connect, deliver, payload_json, post
from tests.people import House, events_of, make_house
from tests.providers.customers import Line, now_said, written
from tests.providers.graph import APP_SECRET, EXPIRED, LIMITED, TOKEN, WINDOW, GraphServer
from tests.providers.server import running
from tests.providers.telegram import PNG
from tickets.actions import reply, upload_attachment
from tickets.errors import InvalidInput
from tickets.models import Attachment, Cycle, Message, MessageKind, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

PSID = "7712345678901234"
PAGE = "104455667788990"
VALUES: dict[str, dict[str, Any]] = {
    "messenger": {"page_id": PAGE, "token": TOKEN, "app_secret": APP_SECRET, "app_id": "298761234567890"},
    "instagram": {"account_id": "17841400123456789", "token": TOKEN, "app_secret": APP_SECRET, "facebook_login": True},
    "whatsapp": {"phone_number_id": "109876543210987", "token": TOKEN, "app_secret": APP_SECRET},
    "fb_comments": {"page_id": PAGE, "token": TOKEN, "app_secret": APP_SECRET},
    "ig_comments": {
        "account_id": "17841400123456789",
        "token": TOKEN,
        "app_secret": APP_SECRET,
        "facebook_login": True,
    },
}
FIRST = {
    "messenger": "messenger_text.json", "instagram": "instagram_text_story_reply.json", "whatsapp": "whatsapp_text.json",
    "fb_comments": "page_comment_add.json", "ig_comments": "instagram_comment.json",
}  # fmt: skip


@pytest.fixture
def server(settings: Any) -> Iterator[GraphServer]:
    with running(GraphServer()) as simulator:
        settings.PROVIDER_ENDPOINTS = {"graph": simulator.url, "instagram": simulator.url}
        settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.CREDENTIALS_KEYS = [KEY]
        yield simulator  # type: ignore[misc]


@pytest.fixture
def house() -> House:
    return make_house()


def now_dated(content: Any) -> Any:
    """The sample with its times moved to now, as seconds or milliseconds as they were."""
    shift = int(time.time()) - 1795255000

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        for unit in (1, 1000):
            if isinstance(value, int) and abs(value / unit - 1795255500) < 200_000:
                return value + (shift - 800) * unit
        if isinstance(value, str) and value.isdecimal() and abs(int(value) - 1795255500) < 200_000:
            return str(int(value) + shift - 1000)
        return value

    return moved(content)


def hook(connection: Connection, content: Any, secret: str = APP_SECRET) -> int:
    body = json.dumps(content).encode()
    response = post(connection, body, X_Hub_Signature_256=f"sha256={hmac_hex(secret, body)}")
    status: int = response.status_code
    return status


def echo(kind: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What the provider echoes of something it took."""
    at = int(time.time() * 1000)
    if kind == "whatsapp":
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "109876543210987"}, "statuses": [
            {"id": sent["id"], "status": "delivered", "timestamp": str(at // 1000), "recipient_id": "380671110022",
             "biz_opaque_callback_data": sent["biz_opaque_callback_data"]}]}  # fmt: skip
        return {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
        }
    if kind in ("fb_comments", "ig_comments"):
        page = kind == "fb_comments"
        value = {"item": "comment", "verb": "add", "comment_id": sent["id"], "parent_id": sent["path"].split("/")[1],
                 "from": {"id": PAGE}, "message": sent["text"]} if page else {
                 "id": sent["id"], "parent_id": "18055512345678000", "from": {"id": "17841400123456789"},
                 "text": sent["text"]}  # fmt: skip
        changes = [{"field": "feed" if page else "comments", "value": value}]
        entry = {"id": PAGE if page else "17841400123456789", "time": at // 1000, "changes": changes}
        return {"object": "page" if page else "instagram", "entry": [entry]}
    account, person = (PAGE, PSID) if kind == "messenger" else ("17841400123456789", "1045678901234567")
    message = {"mid": sent["id"], "text": sent["text"], "is_echo": True}
    if kind == "messenger":
        message |= {"metadata": sent["message"]["metadata"], "app_id": 298761234567890}
    item = {"sender": {"id": account}, "recipient": {"id": person}, "timestamp": at, "message": message}
    return {"object": "page" if kind == "messenger" else "instagram", "entry": [{"id": account, "messaging": [item]}]}


@pytest.mark.parametrize("kind", list(VALUES))
def test_one_message_each_way(kind: str, house: House, server: GraphServer) -> None:
    connection = connect(house, kind, VALUES[kind])
    first = now_dated(payload_json(FIRST[kind]))
    for _ in range(2):
        assert hook(connection, first) == 200
    assert hook(connection, {**first, "again": True}) == 200, "other bytes, the same message"
    drain_hooks()
    ticket = Ticket.objects.get()
    inbound = Message.objects.get(kind=MessageKind.INBOUND)

    server.faults = [LIMITED, EXPIRED, "hang up"]
    answer = reply(ticket.pk, by=house.olena, text="Yes, with any dimmer.", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    connection.refresh_from_db()
    assert connection.quiet_until is not None, "nobody is written to until the limit is over"
    Connection.objects.update(quiet_until=None)
    Message.objects.filter(pk=answer.pk).update(not_before=timezone.now())
    assert drain_outbound() == {"temporary": 1}
    connection.refresh_from_db()
    assert connection.state == ConnectionState.REFUSED
    Connection.objects.filter(pk=connection.pk).update(secret="")
    change_connection(
        connection.channel_id, VALUES[kind], by=house.adam, name="New", team=house.support, locale="en", is_active=True
    )
    assert drain_outbound() == {"unknown": 1}
    assert server.sent_texts() == ["Yes, with any dimmer."]
    proof = echo(kind, server.accepted[0])
    for _ in range(2):
        assert hook(connection, proof) == 200
    assert hook(connection, {**proof, "again": True}) == 200
    drain_hooks()
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.SENT
    assert SentPart.objects.get().external_id == server.accepted[0]["id"]
    assert drain_outbound() == {}
    assert server.sent_texts() == ["Yes, with any dimmer."]
    assert list(Message.objects.values_list("pk", flat=True).order_by("pk")) == [inbound.pk, answer.pk]


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_a_file_that_was_taken_in_silence_is_sent_once(kind: str, house: House, server: GraphServer) -> None:
    """One of the two hands nothing of ours back: its echo is known by being the file that is still missing."""
    connection = connect(house, kind, VALUES[kind])
    hook(connection, now_dated(payload_json(FIRST[kind])))
    drain_hooks()
    ticket = Ticket.objects.get()
    file = upload_attachment(ticket.pk, by=house.olena, filename="lamp.png", upload=BytesIO(PNG))
    # The words, the upload of the file, the file.
    server.faults = [None, "hang up"]
    answer = reply(ticket.pk, by=house.olena, text="Like this:", attachments=[file.public_id], undo_seconds=0)
    assert drain_outbound() == {"unknown": 1}
    words, picture = server.accepted
    proof = echo(kind, picture)
    said = proof["entry"][0]["messaging"][0]["message"]
    del said["text"]
    said["attachments"] = [{"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/lamp.png"}}]
    for n in range(2):
        hook(connection, {**proof, "n": n})
    drain_hooks()
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.SENT
    assert list(SentPart.objects.order_by("number").values_list("external_id", flat=True)) == [
        words["id"],
        picture["id"],
    ]
    assert drain_outbound() == {}
    assert Message.objects.count() == 2, "not mirrored as if somebody else had written it"


def test_a_file_of_ours_sent_elsewhere_is_shown_with_its_bytes(house: House, server: GraphServer) -> None:
    connection = connect(house, "whatsapp", VALUES["whatsapp"])
    hook(connection, now_dated(payload_json("whatsapp_text.json")))
    drain_hooks()
    mirrored = now_dated(payload_json("whatsapp_echo_phone_app.json"))
    said = mirrored["entry"][0]["changes"][0]["value"]["message_echoes"][0]
    del said["text"]
    said |= {"type": "image", "image": {"id": "900", "mime_type": "image/png"}}
    server.files["900"] = PNG
    hook(connection, mirrored)
    assert drain_hooks() == {"applied": 1}
    message = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert (message.text, message.envelope["files_to_come"]) == ("", 1)
    assert drain_media() == {"done": 1}
    file = Attachment.objects.get(message=message)
    assert (file.filename, file.content_type) == ("900.png", "image/png"), "with the ending of what it is"


@pytest.mark.parametrize("kind", list(VALUES))
@pytest.mark.parametrize("wrong", ["changed", "absent", "empty", "short", "other"])
def test_a_changed_byte_is_refused_and_leaves_a_count(kind: str, wrong: str, house: House, server: GraphServer) -> None:
    connection = connect(house, kind, VALUES[kind])
    body = json.dumps(payload_json(FIRST[kind])).encode()
    right = f"sha256={hmac_hex(APP_SECRET, body)}"
    headers = {
        "changed": {"X_Hub_Signature_256": right}, "absent": {}, "empty": {"X_Hub_Signature_256": ""},
        "short": {"X_Hub_Signature_256": right[:-1]},
        "other": {"X_Hub_Signature_256": f"sha256={hmac_hex('another-app-secret', body)}"},
    }[wrong]  # fmt: skip
    sent = body.replace(b"1", b"2", 1) if wrong == "changed" else body
    assert post(connection, sent, **headers).status_code == 403
    connection.refresh_from_db()
    assert (RawDelivery.objects.count(), connection.refused) == (0, 1)


def test_one_webhook_address_serves_messages_and_comments_of_a_page(house: House, server: GraphServer) -> None:
    messenger = connect(house, "messenger", VALUES["messenger"])
    comments = connect(house, "fb_comments", VALUES["fb_comments"])
    strangers = connect(house, "instagram", {**VALUES["instagram"], "account_id": PAGE, "app_secret": "another-secret"})
    assert hook(messenger, payload_json("page_comment_add.json")) == 200
    assert set(RawDelivery.objects.values_list("channel", flat=True)) == {messenger.channel_id, comments.channel_id}
    assert strangers.channel_id not in set(RawDelivery.objects.values_list("channel", flat=True))
    assert drain_hooks() == {"ignored": 1, "new": 1}
    assert Ticket.objects.get().channel_id == comments.channel_id


def test_edits_reactions_receipts_and_unsendings_change_what_is_shown(house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    for name in ("messenger_reaction.json", "messenger_edit.json", "messenger_delivery_and_read.json"):
        hook(connection, now_dated(payload_json(name)))  # all of them before what they are about
    assert drain_hooks() == {"parked": 3}
    first = now_dated(payload_json("messenger_text.json"))
    hook(connection, first)
    drain_hooks()
    message = Message.objects.get()
    assert message.text == "Добрий день! Де моє замовлення #1043?"
    answer = reply(message.ticket_id, by=house.olena, text="On its way", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    sent = server.accepted[0]["id"]
    item = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": int(time.time() * 1000)}
    later = [
        {**item, "delivery": {"mids": [sent], "watermark": item["timestamp"]}}, {**item, "read": {"watermark": item["timestamp"] + 1000}},
        {**item, "reaction": {"mid": sent, "action": "react", "emoji": "❤"}},
        {**item, "message": {"mid": "m_AbCdEf0001TextKyiv", "is_deleted": True}},
    ]  # fmt: skip
    before = events_of(message.ticket_id)
    for _ in range(2):
        hook(connection, {"object": "page", "entry": [{"id": PAGE, "messaging": later}], "n": _})
        drain_hooks()
    answer.refresh_from_db()
    message.refresh_from_db()
    assert answer.marks["read_at"] and [r["emoji"] for r in answer.marks["reactions"]] == ["❤"]
    assert (message.text, list(message.marks)) == ("", ["unsent_at"])
    assert sorted(events_of(message.ticket_id)[len(before) :]) == [
        "delivery.delivered", "delivery.read", "message.reacted", "message.unsent",
    ]  # fmt: skip
    kept = RawDelivery.objects.filter(message=message).values_list("body__content", flat=True)
    assert [bytes(content) for content in kept] == [b"", b""], "what was said, and how it was changed"


def test_what_is_taken_back_before_it_came_is_kept_nowhere(house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    item = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": int(time.time() * 1000)}
    gone = {**item, "message": {"mid": "m_AbCdEf0001TextKyiv", "is_deleted": True}}
    hook(connection, {"object": "page", "entry": [{"id": PAGE, "messaging": [gone]}]})
    assert drain_hooks() == {"parked": 1}

    hook(connection, now_dated(payload_json("messenger_text.json")))
    drain_hooks()

    message = Message.objects.get()
    assert (message.text, list(message.marks)) == ("", ["unsent_at"])
    kept = RawDelivery.objects.filter(message=message).values_list("body__content", flat=True)
    assert [bytes(content) for content in kept] == [b""]


@pytest.mark.parametrize("first", ["message", "edit"])
def test_the_words_of_an_edit_go_too_when_it_is_taken_back(first: str, house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    names = ["messenger_text.json", "messenger_edit.json"]
    for name in names if first == "message" else reversed(names):
        hook(connection, now_dated(payload_json(name)))
        drain_hooks()
    item = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": int(time.time() * 1000)}
    gone = {**item, "message": {"mid": "m_AbCdEf0001TextKyiv", "is_deleted": True}}
    hook(connection, {"object": "page", "entry": [{"id": PAGE, "messaging": [gone]}]})
    assert drain_hooks() == {"applied": 1}
    kept = RawDelivery.objects.filter(message=Message.objects.get()).values_list("body__content", flat=True)
    assert [bytes(content) for content in kept] == [b"", b""]


def test_what_somebody_of_ours_wrote_elsewhere_answers_the_customer(house: House, server: GraphServer) -> None:
    connection = connect(house, "whatsapp", VALUES["whatsapp"])
    hook(connection, now_dated(payload_json("whatsapp_text.json")))
    drain_hooks()
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is not None
    mirrored = now_dated(payload_json("whatsapp_echo_phone_app.json"))
    for n in range(2):
        hook(connection, {**mirrored, "n": n})
    assert drain_hooks() == {"applied": 1, "duplicate": 1}
    ticket.refresh_from_db()
    message = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert (message.text, message.agent_id, message.outbox) == ("Answered from the phone", None, OutboxState.SENT)
    assert (ticket.waiting_since, Cycle.objects.get().first_reply_id) == (None, message.pk)
    assert events_of(ticket.pk) == ["ticket.opened", "message.received", "message.mirrored"]


def test_one_person_by_number_and_by_scoped_id(house: House, server: GraphServer) -> None:
    connection = connect(house, "whatsapp", VALUES["whatsapp"])
    hook(connection, now_dated(payload_json("whatsapp_text.json")))
    drain_hooks()
    hidden = now_dated(payload_json("whatsapp_text.json"))
    value = hidden["entry"][0]["changes"][0]["value"]
    del value["messages"][0]["from"], value["contacts"][0]["wa_id"]
    value["messages"][0] |= {"id": "wamid.HIDDEN", "text": {"body": "It is me again"}}
    hook(connection, hidden)
    assert drain_hooks() == {"threaded": 1}
    assert Customer.objects.count() == 1
    assert set(Identity.objects.values_list("kind", "value")) == {
        ("phone", "+380671110022"), ("page_user", "whatsapp:UA.73510092837465501"),
    }  # fmt: skip
    message = Message.objects.latest("pk")
    answer = reply(message.ticket_id, by=house.olena, text="Hello again", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert server.accepted[0]["recipient"] == "UA.73510092837465501"
    assert answer.conversation_id == message.conversation_id


def test_an_echo_by_number_finds_the_thread_of_the_scoped_id(house: House, server: GraphServer) -> None:
    """Whom we wrote to by number is known by the scoped id from the provider's answer; the phone's app names a number
    alone."""
    connection = connect(house, "whatsapp", VALUES["whatsapp"])
    hook(connection, now_dated(payload_json("whatsapp_text.json")))
    drain_hooks()
    ticket = Ticket.objects.get()
    Identity.objects.filter(kind="page_user").delete()
    server.scoped = "UA.73510092837465501"
    reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert Identity.objects.get(value="whatsapp:UA.73510092837465501").customer_id == ticket.customer_id
    mirrored = now_dated(payload_json("whatsapp_echo_phone_app.json"))
    said = mirrored["entry"][0]["changes"][0]["value"]["message_echoes"][0]
    del said["to_user_id"]
    hook(connection, mirrored)
    assert drain_hooks() == {"applied": 1}
    assert Message.objects.latest("pk").ticket_id == ticket.pk


def test_the_window_is_kept_here_and_when_the_provider_says_so(house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    hook(connection, now_dated(payload_json("messenger_text.json")))
    drain_hooks()
    ticket = Ticket.objects.get()
    server.faults = [WINDOW]
    answer = reply(ticket.pk, by=house.olena, text="Late?", undo_seconds=0)
    assert drain_outbound() == {"permanent": 1}
    answer.refresh_from_db()
    assert (answer.outbox, answer.error) == (
        OutboxState.FAILED, "(#10) This message is sent outside of allowed window.",
    )  # fmt: skip
    Message.objects.filter(kind=MessageKind.INBOUND).update(at=timezone.now() - timedelta(hours=25))
    before = Message.objects.count()
    with pytest.raises(InvalidInput, match="24 hours"):
        reply(ticket.pk, by=house.olena, text="Too late", undo_seconds=0)
    assert Message.objects.count() == before
    change_connection(
        connection.channel_id, {**VALUES["messenger"], "human_agent": True}, by=house.adam, name="M",
        team=house.support, locale="en", is_active=True,
    )  # fmt: skip
    reply(ticket.pk, by=house.olena, text="A person may", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert (server.accepted[0]["messaging_type"], server.accepted[0]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


def test_handshakes(house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    query = {"hub.mode": "subscribe", "hub.verify_token": connection.verify_token, "hub.challenge": "1158201444"}
    path = f"/hooks/messenger/{connection.key}/"
    answer = Client().get(path, query)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"1158201444", "text/plain")
    assert Client().get(path, {**query, "hub.verify_token": "wrong"}).status_code == 403
    assert Client().get(path).status_code == 403
    values = {
        "user_id": "1450000000000000001",
        "consumer_secret": "x-consumer-secret-for-tests-0000000001",
        "token": "t",
    }
    other = connect(house, "x", values)
    answer = Client().get(f"/hooks/x/{other.key}/", {"crc_token": "MDEwMTIwMzA0MDUwNjA3"})
    assert answer.json() == {"response_token": "sha256=qRdABr1SMrifMSh0I6ugDKmuXigkc1RWWjOCY8Ble8Y="}
    assert Client().get(f"/hooks/x/{other.key}/").status_code == 403


def test_nobody_has_a_webhook_signed_by_asking_for_a_handshake(house: House) -> None:
    made = connect(house, "x", {"user_id": "1450000000000000001", "consumer_secret": "s" * 40, "token": "t"})
    body = '{"for_user_id":"1450000000000000001","direct_message_events":[]}'
    path = f"/hooks/x/{made.key}/"
    asked = Client().get(path, {"crc_token": body})
    signature = asked.json()["response_token"] if asked.status_code == 200 else "sha256=unknown"
    headers = {"X-Twitter-Webhooks-Signature": signature}
    forged = Client().post(path, body, content_type="application/json", headers=headers)
    assert (asked.status_code, forged.status_code) == (403, 403) and not RawDelivery.objects.exists()


def test_times_are_the_provider_s(house: House, server: GraphServer) -> None:
    connection = connect(house, "messenger", VALUES["messenger"])
    hook(connection, payload_json("messenger_text.json"))
    drain_hooks()
    assert Message.objects.get().at == datetime.fromtimestamp(1795255203.987, UTC)


def test_what_a_webhook_reads_of_its_connection_is_what_is_there(house: House) -> None:
    made = connect(house, "telegram", {"token": "1004:abc"})
    read = connection_called("telegram", made.key)
    assert read is not None
    kept = Connection.objects.select_related("channel").get(pk=made.pk)
    for one, other, names in ((read, kept, _OWN), (read.channel, kept.channel, _OF_CHANNEL)):
        assert {name: getattr(one, name) for name in names} == {name: getattr(other, name) for name in names}
        assert not set(names) & one.get_deferred_fields()
        columns = [field.attname for field in type(other)._meta.concrete_fields]
        assert list(names) == [name for name in columns if name in names], "the order in which rows are read"
    assert connection_called("sms", made.key) is None
    assert connection_called("telegram", "nothing") is None


@pytest.mark.parametrize(("kind", "profile", "name"), [
    ("messenger", {"first_name": "Jamie", "last_name": "Reyes"}, "Jamie Reyes"),
    ("instagram", {"name": "", "username": "jamie.r"}, "jamie.r"),
])  # fmt: skip
def test_who_has_only_a_number_is_asked_after_once(
    kind: str, profile: dict[str, str], name: str, house: House, server: GraphServer
) -> None:
    made = connect(house, kind, VALUES[kind])
    line = Line(kind, made.account, hook_url(made))
    first, second, third = (now_said(700_001, "", text) for text in ("Hello", "Is it there?", "And now?"))
    deliver(made, written(line, first))
    drain_hooks()
    assert Customer.objects.get().name.endswith("user 0001")
    server.people["700001"] = profile
    assert drain_media() == {"done": 1}
    assert (Customer.objects.get().name, Identity.objects.get().display_name) == (name, name)
    assert Message.objects.get().envelope["from"]["name"] == name
    for said in (second, third):
        deliver(made, written(line, said))
        drain_hooks()
    assert {one.envelope["from"]["name"] for one in Message.objects.all()} == {name}
    assert drain_media() == {} and len([one for one in server.requests if one.path.endswith("/700001")]) == 1


def test_a_name_that_is_not_told_or_was_given_here_stays(house: House, server: GraphServer) -> None:
    made = connect(house, "messenger", VALUES["messenger"])
    line = Line("messenger", made.account, hook_url(made))
    for who in (700_001, 700_002):
        deliver(made, written(line, now_said(who, "", "Hello")))
    drain_hooks()
    server.people = {"700001": {"first_name": ""}, "700002": {"first_name": "Sam"}}
    Customer.objects.filter(identities__value__endswith=":700002").update(name="Samantha from the fair")
    assert drain_media() == {"failed": 1, "done": 1}
    names = set(Customer.objects.values_list("name", flat=True))
    assert names == {"Messenger user 0001", "Samantha from the fair"}
    assert all(not message.marks.get("files_missing") for message in Message.objects.all())
