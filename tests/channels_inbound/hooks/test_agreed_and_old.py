"""What customers say to providers about being written to is kept with the consents; a webhook played again late brings
nothing; a mention's words are fetched after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks import drain
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.media import drain_media
from channels_inbound.models import RawDelivery, RemoteMedia
from events.delivery import drain as events
from events.models import Event
from people.models import Identity
from privacy.consents import agrees, note_said
from privacy.models import ConsentEntry
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house
from tests.providers import twilio
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET, TOKEN, GraphServer
from tests.providers.server import Reply, Request, running
from tests.providers.webhooks import meta
from tickets.actions import reply
from tickets.models import ChannelRefusal, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
SHOP, ZOE = "+380440000100", "+380671234567"
META = {"token": TOKEN, "app_secret": APP_SECRET}


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


def hear() -> None:
    """What listens to what customers said does so, and again, as it may."""
    events()
    for event in Event.objects.filter(kind="customer.agreed").order_by("pk"):
        note_said(event)


def kept() -> list[tuple[str, bool, str]]:
    return list(ConsentEntry.objects.order_by("pk").values_list("purpose", "given", "how"))


def test_stop_and_start_by_sms_are_consents_of_the_customer(house: House) -> None:
    connection = connect(house, "sms", {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}, "SMS")
    url = hook_url(connection)

    def says(number: int, text: str, **more: str) -> None:
        wrote = twilio.message(url, f"SM{number:032}", text, sender=ZOE, to=SHOP, **more)
        assert deliver(connection, wrote).status_code == 200
        assert deliver(connection, wrote).status_code == 200
        drain_hooks()
        hear()

    says(1, "Hello")
    assert kept() == []
    says(2, "STOP", OptOutType="STOP")
    customer = Identity.objects.get(kind="phone").customer
    assert kept() == [("Messages by SMS", False, "message")] and not agrees(customer, "Messages by SMS")
    assert ChannelRefusal.objects.get(identity__kind="phone", channel=connection.channel_id).refuses == "stopped"
    says(3, "STOP", OptOutType="STOP")
    assert len(kept()) == 1, "says it already"
    says(4, "START", OptOutType="START")
    assert kept()[1:] == [("Messages by SMS", True, "message")] and agrees(customer, "Messages by SMS")
    entry = ConsentEntry.objects.latest("pk")
    assert entry.by is None and "Told by SMS on 20" in entry.proof
    told = Event.objects.filter(stream_type="customer", stream_id=customer.pk).order_by("pk")
    assert [event.kind for event in told] == ["customer.agreed", "customer.consent_noted"] * 1 + [
        "customer.agreed", "customer.agreed", "customer.consent_noted",
    ]  # fmt: skip
    assert {event.actor_kind for event in told} == {"customer"}
    assert Ticket.objects.count() == Message.objects.count() == 1, "they are no messages"
    stranger = twilio.message(url, f"SM{9:032}", "STOP", sender="+380670000009", to=SHOP, OptOutType="STOP")
    deliver(connection, stranger)
    before = ConsentEntry.objects.count()
    drain_hooks()
    hear()
    assert ConsentEntry.objects.count() == before, "nobody we know"


@pytest.mark.parametrize(("stop", "start"), [("stop.", "Start"), ("СТОП", "старт!"), ("Unsubscribe", "UNSTOP")])
def test_the_word_alone_is_a_wish_where_nobody_says_so(house: House, stop: str, start: str) -> None:
    """Twilio's own words come without OptOutType from a number with no settings; it does not know ours at all."""
    connection = connect(house, "sms", {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}, "SMS")

    def says(number: int, text: str) -> None:
        wrote = twilio.message(hook_url(connection), f"SM{number:032}", text, sender=ZOE, to=SHOP)
        assert deliver(connection, wrote).status_code == 200
        drain_hooks()

    for number, text in enumerate(("Hello", "Please stop the delivery", "yes")):
        says(number, text)
    assert Message.objects.count() == 3
    says(7, stop)
    assert ChannelRefusal.objects.get(identity__kind="phone", channel=connection.channel_id).refuses == "stopped"
    says(8, start)
    assert ChannelRefusal.objects.get(identity__kind="phone", channel=connection.channel_id).refuses == ""
    assert Message.objects.count() == 3, "they are no messages"


def test_in_a_chat_people_cancel_other_things(house: House) -> None:
    values = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
    connection = connect(house, "twilio_whatsapp", values, "WhatsApp")
    ends = {"sender": f"whatsapp:{ZOE}", "to": f"whatsapp:{SHOP}"}
    for number, text in enumerate(("Hello", "Cancel", "СТОП")):
        deliver(connection, twilio.message(hook_url(connection), f"SM{number:032}", text, **ends))
        drain_hooks()
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == ["Hello", "Cancel"]
    assert ChannelRefusal.objects.get(identity__kind="phone", channel=connection.channel_id).refuses == "stopped"


@pytest.mark.parametrize("sender", ["12345", "NovaPoshta", "Nova Poshta"])
def test_short_numbers_and_names_write_sms_and_are_nobody_s_whatsapp(house: House, sender: str) -> None:
    connection = connect(house, "sms", {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}, "SMS")
    for number in (1, 2):
        wrote = twilio.message(hook_url(connection), f"SM{number:032}", f"Code {number}", sender=sender, to=SHOP)
        assert deliver(connection, wrote).status_code == 200
    assert drain_hooks() == {"new": 1, "threaded": 1}
    assert list(Identity.objects.values_list("kind", "value")) == [("page_user", f"sms:{sender}")]


def test_marketing_by_whatsapp_and_notices_by_messenger(house: House) -> None:
    whatsapp = connect(house, "whatsapp", {"phone_number_id": "9003", **META}, "WhatsApp")
    messenger = connect(house, "messenger", {"page_id": "1001", **META}, "Messenger")
    for connection in (whatsapp, messenger):
        line = Line(connection.provider, connection.account, "")
        deliver(connection, written(line, Said(234567, "Zoe", "Hello", "1", time.time())))

    def prefers(value: str, at: int) -> None:
        said = {"wa_id": "380670234567", "category": "marketing_messages", "value": value, "timestamp": str(at)}
        change = {
            "field": "user_preferences",
            "value": {"metadata": {"phone_number_id": "9003"}, "user_preferences": [said]},
        }
        body = {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [change]}]}
        assert deliver(whatsapp, meta(body, APP_SECRET)).status_code == 200
        drain_hooks()
        hear()

    drain_hooks()
    now = int(time.time())
    prefers("stop", now)
    prefers("resume", now + 1)
    prefers("nonsense", now + 2)
    item = {"sender": {"id": "234567"}, "recipient": {"id": "1001"}, "timestamp": now * 1000,
            "optin": {"type": "notification_messages", "notification_messages_token": "TOKEN-CANARY"}}  # fmt: skip
    deliver(messenger, meta({"object": "page", "entry": [{"id": "1001", "messaging": [item]}]}, APP_SECRET))
    drain_hooks()
    hear()
    assert kept() == [
        ("Marketing by WhatsApp", False, "message"), ("Marketing by WhatsApp", True, "message"),
        ("Notices by Messenger that nobody asked for", True, "message"),
    ]  # fmt: skip
    assert not ChannelRefusal.objects.exists(), "answers stay allowed"
    assert not Event.objects.filter(data__icontains="TOKEN-CANARY").exists()


def test_nothing_older_than_eight_days_comes_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "OLDEST", timedelta(days=8))
    messenger = connect(house, "messenger", {"page_id": "1001", **META}, "Messenger")
    line = Line("messenger", "1001", "")

    def played(id: str, days: float) -> dict[str, int]:
        at = time.time() - days * 86_400
        assert deliver(messenger, written(line, Said(1234567, "Zoe", f"said {id}", id, at))).status_code == 200
        return dict(drain_hooks())

    assert played("1", 7.9) == {"new": 1}
    assert played("2", 8.1) == {"ignored": 1}
    assert [message.text for message in Message.objects.all()] == ["said 1"]
    raw = RawDelivery.objects.latest("pk")
    assert (raw.state, "more than 8 days" in raw.reason) == ("ignored", True)
    # Late work on what came in time is no replay.
    at = time.time() - 86_400
    deliver(messenger, written(line, Said(1234567, "Zoe", "waited", "3", at)))
    RawDelivery.objects.filter(state="stored").update(received_at=timezone.now() - timedelta(days=20))
    assert drain_hooks()["threaded" if Ticket.objects.count() == 1 else "new"] == 1


class Mentions(GraphServer):
    """Tells the words of a mention to whom they were told it."""

    words: Any = {"mentioned_comment": {"text": "Ask @nordvik, they know!", "username": "ann.k"}}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") == f"Bearer {TOKEN}" and "mentioned" in str(request.query):
            return Reply(200, self.words) if isinstance(self.words, dict) else self.words
        return super().answer(request)


@pytest.fixture
def graph(settings: Any, house: House) -> Iterator[Mentions]:
    with running(Mentions()) as server:
        settings.PROVIDER_ENDPOINTS = {"graph": server.url, "instagram": server.url}
        yield server  # type: ignore[misc]


def mention(house: House, value: dict[str, str]) -> Any:
    comments = connect(house, "ig_comments", {"account_id": "9005", **META}, "Comments")
    change = {"field": "mentions", "value": value}
    body = {"object": "instagram", "entry": [{"id": "9005", "time": int(time.time()), "changes": [change]}]}
    for _ in range(2):
        assert deliver(comments, meta(body, APP_SECRET)).status_code == 200
    return comments


def test_a_mention_is_a_public_comment_whose_words_are_fetched(house: House, graph: Mentions) -> None:
    mention(house, {"comment_id": "1801", "media_id": "1701"})
    assert drain_hooks() == {"new": 1}
    message = Message.objects.get()
    assert (message.text, message.envelope.get("files_to_come", 0)) == ("", 0)
    assert drain_media() == {"done": 1}
    message.refresh_from_db()
    assert message.text == "@ann.k: Ask @nordvik, they know!"
    asked = [one for one in graph.requests if "mentioned" in str(one.query)]
    assert [one.path for one in asked] == ["/9005"]
    assert asked[0].query["fields"] == ["mentioned_comment.comment_id(1801){text,username}"]
    assert events_of(message.ticket_id) == ["ticket.opened", "message.received", "message.filed"]
    assert drain_media() == {}
    reply(message.ticket_id, by=house.olena, text="Gladly", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert graph.accepted[0]["path"] == "/1801/replies"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (Reply(400, {"error": {"code": 100, "message": "no such comment"}}), {"comment_id": "1801", "media_id": "1701"}),
        ({"mentioned_comment": {}}, {"comment_id": "1801", "media_id": "1701"}),
        ({"id": "1"}, {"media_id": "1701"}), ({}, {"comment_id": "1801/../me?x="}),
    ],
)  # fmt: skip
def test_words_that_cannot_be_had_leave_the_mention_as_it_is(
    house: House, graph: Mentions, words: Any, value: dict[str, str]
) -> None:
    graph.words = words
    mention(house, value)
    assert drain_hooks() == {"new": 1}
    assert drain_media() == {"failed": 1}
    assert (RemoteMedia.objects.get().state, Message.objects.get().text) == ("failed", "")
    assert not any("/../" in one.path for one in graph.requests)
    assert Ticket.objects.get().subject != ""
