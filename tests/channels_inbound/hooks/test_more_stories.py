"""The story of X, Twilio and the HTTP contract over real HTTP, and of mail services: the customer writes, the webhook
comes twice, the provider says 429, breaks, takes back the token, takes the answer and says nothing. At the end there is
exactly one message each way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.connections import change_connection
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.media import drain_media
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import Connection, ConnectionState, SentPart
from events import rates
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import http_system, mail_services, twilio, x
from tests.providers.http_system import HttpSystem
from tests.providers.mail_services import SnsServer, trusted
from tests.providers.server import Simulator, running
from tests.providers.twilio import TwilioServer
from tests.providers.webhooks import Webhook
from tests.providers.x import XServer
from tests.support.smtp_sink import SmtpSink
from tickets.actions import reply
from tickets.models import Attachment, Call, ChannelHealth, Message, MessageKind, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMER, SHOP = "+380671110022", "+380440000100"


@dataclass
class Story:
    """One provider's part: what to enter, how its customer writes, what it breaks with, how it proves our sending."""

    kind: str
    server: Simulator
    values: dict[str, Any]
    writes: Callable[[Connection, str], Webhook]
    faults: list[Any]
    refusal: Any
    proof: Callable[[Connection, dict[str, Any]], Webhook]
    sent_to: tuple[str, str] = ("to", "")
    wrong: dict[str, Any] = field(default_factory=dict)


def _sms(kind: str, server: TwilioServer) -> Story:
    start = "whatsapp:" if kind == "twilio_whatsapp" else ""
    ends = {"sender": start + CUSTOMER, "to": start + SHOP}
    return Story(
        kind, server, {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN},
        lambda c, text: twilio.message(hook_url(c), "SM" + "9" * 32, text, name="Olena", **ends),
        [twilio.LIMITED, twilio.BROKEN], twilio.EXPIRED,
        lambda c, sent: twilio.status(sent["callback"], sent["id"], "delivered", sender=ends["to"], to=ends["sender"]),
        ("to", start + CUSTOMER),
    )  # fmt: skip


def _x(server: XServer) -> Story:
    return Story(
        "x", server, {"user_id": x.US, "consumer_secret": x.SECRET, "token": x.TOKEN},
        lambda c, text: x.direct("2090000000000000101", text), [x.limited(), x.BROKEN], x.EXPIRED,
        lambda c, sent: x.direct(sent["id"], sent["text"], sender=x.US, to=sent["to"]), ("to", x.JAMIE),
    )  # fmt: skip


def _http(server: HttpSystem) -> Story:
    return Story(
        "http", server, {"system": "market", "secret": http_system.SECRET, "url": f"{server.url}/replies"},
        lambda c, text: http_system.item(id="1", sender={"id": "7", "name": "Zoe"}, text=text),
        [http_system.LIMITED, http_system.BROKEN], http_system.EXPIRED,
        lambda c, sent: http_system.item(type="delivered", id=sent["tag"]), ("to", "7"),
    )  # fmt: skip


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture(params=["x", "sms", "twilio_whatsapp", "http"])
def story(request: Any, settings: Any, house: House) -> Iterator[Story]:
    with ExitStack() as stack:
        if request.param == "x":
            x_server = XServer()
            stack.enter_context(running(x_server))
            found = _x(x_server)
            settings.PROVIDER_ENDPOINTS = {"x": found.server.url}
        elif request.param == "http":
            system = HttpSystem()
            stack.enter_context(running(system))
            found = _http(system)
        else:
            twilio_server = TwilioServer()
            stack.enter_context(running(twilio_server))
            found = _sms(request.param, twilio_server)
            settings.PROVIDER_ENDPOINTS = {"twilio": found.server.url}
        yield found


def test_one_message_each_way(story: Story, house: House) -> None:
    connection = connect(house, story.kind, story.values)
    for _ in range(3):
        assert deliver(connection, story.writes(connection, "Is the lamp dimmable?")).status_code == 200
    drain_hooks()
    ticket = Ticket.objects.get()
    inbound = Message.objects.get()
    assert (inbound.text, inbound.kind) == ("Is the lamp dimmable?", MessageKind.INBOUND)

    story.server.faults = [*story.faults, story.refusal, "hang up"]
    answer = reply(ticket.pk, by=house.olena, text="Yes, with any dimmer.", undo_seconds=0)
    for _ in story.faults:
        assert drain_outbound() == {"temporary": 1}
        Message.objects.filter(pk=answer.pk).update(not_before=timezone.now())
        Connection.objects.update(quiet_until=None)
    assert drain_outbound() == {"temporary": 1}
    connection.refresh_from_db()
    connection.channel.refresh_from_db()
    assert (connection.state, connection.channel.health) == (ConnectionState.REFUSED, ChannelHealth.FAILING)
    assert drain_outbound() == {}, "what waits for an admin is not tried"
    assert story.server.sent_texts() == []

    Connection.objects.filter(pk=connection.pk).update(secret="")
    change_connection(
        connection.channel_id, story.values, by=house.adam, name="New", team=house.support, locale="en", is_active=True
    )
    assert drain_outbound() == {"unknown": 1}
    field_, wanted = story.sent_to
    assert [(one["text"], one[field_]) for one in story.server.accepted] == [("Yes, with any dimmer.", wanted)]
    assert drain_outbound() == {}, "what nobody knows of is not sent again"

    for _ in range(2):
        assert deliver(connection, story.proof(connection, story.server.accepted[0])).status_code == 200
    drain_hooks()
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.SENT
    assert SentPart.objects.count() == 1
    assert drain_outbound() == {}
    assert story.server.sent_texts() == ["Yes, with any dimmer."]
    assert list(Message.objects.values_list("pk", flat=True).order_by("pk")) == [inbound.pk, answer.pk]


@pytest.mark.parametrize("wrong", ["changed", "absent", "empty", "other"])
def test_a_changed_byte_is_refused(story: Story, house: House, wrong: str) -> None:
    connection = connect(house, story.kind, story.values)
    good = story.writes(connection, "Hello")
    body, headers = good.body, dict(good.headers)
    name = next(iter(headers))
    if wrong == "changed":
        body = body.replace(b"Hello", b"Hellq")
    else:
        headers[name] = {"absent": "", "empty": "", "other": headers[name][:-4] + "AAA="}[wrong]
        headers = {} if wrong == "absent" else headers
    assert deliver(connection, Webhook(body, headers, good.content_type)).status_code == 403
    connection.refresh_from_db()
    assert connection.refused == 1
    assert drain_hooks() == {}
    assert not Message.objects.exists()


def test_whoever_keeps_guessing_costs_nothing_any_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: now))  # all within one minute
    connection = connect(house, "http", {"system": "market", "secret": http_system.SECRET})
    wrong = http_system.item(id="1", secret="x" * 40)
    answers = [deliver(connection, wrong) for _ in range(70)]
    assert {a.status_code for a in answers} == {403}, "429 would ask a provider with a wrong secret to come again"
    connection.refresh_from_db()
    assert connection.refused == 60
    good = http_system.item(id="1", sender={"id": "7"}, text="Hello")
    assert deliver(connection, good).status_code == 200, "the provider itself is never held up by that"


def test_a_call_rings_is_missed_and_leaves_a_message(house: House, settings: Any) -> None:
    with running(TwilioServer()) as server:
        settings.PROVIDER_ENDPOINTS = {"twilio": server.url}
        values = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
        connection = connect(house, "phone", values)
        url = hook_url(connection)
        rings = deliver(connection, twilio.call(url, "CA1", "ringing", caller=CUSTOMER, to=SHOP))
        assert b"<Record" in rings.content
        place = server.url
        for _ in range(2):
            deliver(connection, twilio.recording(url, "CA1", "RE1", place))
            deliver(connection, twilio.call(url, "CA1", "completed", caller=CUSTOMER, to=SHOP, seconds=12))
        drain_hooks()
        server.faults = []
        assert drain_media() == {"done": 1}
    call = Call.objects.get()
    assert (call.outcome, call.number, call.callback_at is not None) == ("voicemail", CUSTOMER, True)
    assert Ticket.objects.count() == Message.objects.count() == 1
    (file,) = Attachment.objects.all()
    assert (file.filename, file.size) == ("RE1.mp3", len(twilio.MP3))


# ---- mail services


def _first_mail() -> bytes:
    return mail_services.mail_bytes(
        "Where is my parcel?", sender="zoe@customer.example", to="support@shop.example", subject="Parcel",
        id="first@customer.example",
    )  # fmt: skip


ENDS = {"sender": "zoe@customer.example", "to": "support@shop.example"}
SERVICES: dict[str, tuple[dict[str, Any], Callable[[], Webhook], Callable[[EmailMessage], Webhook]]] = {
    "mailgun": (
        {"signing_key": mail_services.MAILGUN_KEY}, lambda: mail_services.mailgun_mail(_first_mail(), **ENDS),
        lambda mail: mail_services.mailgun_event("delivered", ENDS["sender"], mail),
    ),
    "postmark": (
        {"login": mail_services.LOGIN},
        lambda: mail_services.postmark_mail("Where is my parcel?", subject="Parcel", id="first@customer.example", **ENDS),
        lambda mail: mail_services.postmark_event("Delivery", ENDS["sender"], mail),
    ),
    "sendgrid": (
        {"login": mail_services.LOGIN}, lambda: mail_services.sendgrid_mail(_first_mail(), **ENDS),
        lambda mail: mail_services.sendgrid_event("delivered", ENDS["sender"], mail),
    ),
    "ses": (
        {"login": mail_services.LOGIN, "topics": mail_services.TOPIC},
        lambda: mail_services.ses_mail(_first_mail(), **ENDS),
        lambda mail: mail_services.ses_event("Delivery", ENDS["sender"], mail),
    ),
}  # fmt: skip


def test_a_token_that_is_no_text_is_refused_like_any_wrong_one(house: House) -> None:
    made = connect(house, "mailgun", {"address": "support@shop.example", "signing_key": mail_services.MAILGUN_KEY})
    fields = {"timestamp": str(int(time.time())).encode(), "token": b"\xff", "signature": b"00"}
    parts = [b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
             for name, value in fields.items()]  # fmt: skip
    forged = Webhook(b"".join([*parts, b"--x--\r\n"]), {}, "multipart/form-data; boundary=x")
    assert deliver(made, forged).status_code == 403


@pytest.mark.parametrize("service", list(SERVICES))
def test_a_mail_service_brings_one_mail_and_proves_one_answer(
    service: str, house: House, settings: Any, smtp_sink: SmtpSink
) -> None:
    values, brings, delivered = SERVICES[service]
    with trusted(), running(SnsServer()) as sns:
        settings.PROVIDER_ENDPOINTS = {"sns": sns.url}
        connection = connect(house, service, {"address": "support@shop.example", **values})
        webhook = brings()
        for one in (webhook, webhook, brings()):
            assert deliver(connection, one).status_code == 200
        drain_hooks()
        drain_inbound()
        ticket = Ticket.objects.get()
        assert Message.objects.get().text.strip() == "Where is my parcel?"
        answer = reply(ticket.pk, by=house.olena, text="It left this morning.", undo_seconds=0)
        smtp_sink.fail("answer")
        with override_settings(EMAIL_URL=smtp_sink.url, EMAIL_HOST=smtp_sink.host, EMAIL_PORT=smtp_sink.port):
            assert drain_outbound() == {"unknown": 1}
            for _ in range(2):
                assert deliver(connection, delivered(smtp_sink.mails[0].message)).status_code == 200
            drain_hooks()
            assert drain_outbound() == {}
        answer.refresh_from_db()
        assert (answer.outbox, "delivered_at" in answer.marks) == (OutboxState.SENT, True)
        assert len(smtp_sink.mails) == 1
        assert Message.objects.count() == 2
