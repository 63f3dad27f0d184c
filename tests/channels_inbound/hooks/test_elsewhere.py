"""Going on by another channel: who can be reached how, what stops it, templates, and that it all arrives over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.templates import sync_templates
from channels_inbound.models import Connection
from channels_inbound.twilio.templates import read_content
from channels_inbound.whatsapp.templates import read_template
from people.models import Identity, Trust
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house, open_ticket, row_counts
from tests.providers import twilio
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET, EXPIRED, TEMPLATES, TOKEN, GraphServer
from tests.providers.server import running
from tests.providers.twilio import TwilioServer
from tickets.actions import reply
from tickets.actions.elsewhere import Elsewhere
from tickets.actions.manner import Manner
from tickets.actions.refusals import note_refusal
from tickets.actions.same_person import join_customers
from tickets.actions.ways import ways_of
from tickets.errors import InvalidInput, NotFound
from tickets.models import ChannelTemplate, Conversation, Message, MessageKind, Refusal, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

ZOE = "380670234567"


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def servers(settings: Any, house: House) -> Iterator[tuple[GraphServer, TwilioServer]]:
    graph, sms = GraphServer(), TwilioServer()
    with running(graph), running(sms):
        settings.PROVIDER_ENDPOINTS = {"graph": graph.url, "twilio": sms.url, "twilio_content": sms.url}
        yield graph, sms


@pytest.fixture
def whatsapp(house: House) -> Connection:
    values = {"phone_number_id": "9003", "token": TOKEN, "app_secret": APP_SECRET, "waba_id": "77"}
    return connect(house, "whatsapp", values, "WhatsApp")


@pytest.fixture
def sms(house: House) -> Connection:
    return connect(
        house, "sms", {"number": "+380440000100", "account_sid": twilio.SID, "auth_token": twilio.TOKEN}, "SMS"
    )


def says(connection: Connection, text: str = "Hello", *, id: str = "1", ago: float = 0) -> Ticket:
    at = timezone.now().timestamp() - ago
    said = Said(234567, "Zoe", text, id, at)
    line = Line(connection.provider, connection.account, "", connection.verify_token)
    assert deliver(connection, written(line, said)).status_code == 200
    drain_hooks()
    return Ticket.objects.latest("pk")


def ways(ticket: Ticket) -> list[tuple[str, str, bool]]:
    ticket.refresh_from_db()
    return [(way.channel.name, way.identity.value, way.usable) for way in ways_of(ticket, at=timezone.now())]


def test_the_customer_s_other_proven_addresses_and_nobody_else_s(
    house: House, whatsapp: Connection, sms: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    mail = open_ticket(house.channel, verdict="pass")
    chat = says(whatsapp, "I am zoe@customer.example")
    assert ways(chat) == [("SMS", f"+{ZOE}", True)], "a number that wrote by WhatsApp is proven"
    assert ways(mail) == [], "what somebody says of themselves opens nothing"
    join_customers(mail.pk, chat.customer_id, by=house.olena)
    assert ways(mail) == [
        ("WhatsApp", f"+{ZOE}", True), ("SMS", f"+{ZOE}", True),
    ], "where they wrote last comes first"  # fmt: skip
    assert ("Support", "zoe@customer.example", True) in ways(chat), "but not by another team's channel"
    Identity.objects.filter(kind="email").update(trust=Trust.CLAIMED)
    assert ("Support", "zoe@customer.example", True) not in ways(chat)
    Identity.objects.filter(kind="email").update(trust=Trust.VERIFIED)

    answer = reply(
        mail.pk, by=house.olena, text="By the way, here.", manner=Manner(elsewhere=_way(mail, "SMS")), undo_seconds=0
    )  # fmt: skip
    assert drain_outbound() == {"accepted": 1}
    assert [(one["to"], one["text"]) for one in servers[1].accepted] == [(f"+{ZOE}", "By the way, here.")]
    assert answer.ticket_id == mail.pk
    assert Conversation.objects.filter(ticket=mail).count() == 2
    assert events_of(mail.pk)[-3:] == ["message.queued", "message.sent", "delivery.accepted"]
    assert mail.waiting_since is not None
    mail.refresh_from_db()
    assert mail.waiting_since is None

    back = deliver(sms, twilio.message(
        hook_url(sms), "SM" + "7" * 32, "Thanks!", sender=f"+{ZOE}", to="+380440000100"))  # fmt: skip
    assert back.status_code == 200
    drain_hooks()
    last = Message.objects.latest("pk")
    assert (last.text, last.ticket_id) == ("Thanks!", mail.pk), "the answer comes to the same ticket"


def _way(ticket: Ticket, channel: str, **more: Any) -> Elsewhere:
    ticket.refresh_from_db()
    way = next(one for one in ways_of(ticket, at=timezone.now()) if one.channel.name == channel)
    return Elsewhere(way.channel.pk, way.identity.pk, **more)


def test_what_stops_a_way_and_says_so(house: House, whatsapp: Connection, sms: Connection) -> None:
    ticket = says(whatsapp)
    for connection in (whatsapp, sms):
        assert note_refusal(connection.channel_id, f"+{ZOE}", Refusal.STOPPED, at=timezone.now())
    (way,) = ways_of(ticket, at=timezone.now())
    assert (way.channel.name, way.why) == ("SMS", "They asked us to stop writing to them here.")
    before = row_counts()
    wish = Elsewhere(way.channel.pk, way.identity.pk)
    with pytest.raises(InvalidInput, match="asked us to stop"):
        reply(ticket.pk, by=house.olena, text="Hi", manner=Manner(elsewhere=wish))
    for wrong in (Elsewhere(way.channel.pk, 999_999), Elsewhere(house.channel.pk, way.identity.pk)):
        with pytest.raises(InvalidInput, match="cannot be reached"):
            reply(ticket.pk, by=house.olena, text="Hi", manner=Manner(elsewhere=wrong))
    with pytest.raises(InvalidInput, match="no such template"):
        reply(
            ticket.pk,
            by=house.olena,
            text="",
            manner=Manner(elsewhere=Elsewhere(way.channel.pk, way.identity.pk, 7)),
        )
    with pytest.raises(NotFound):
        reply(ticket.pk, by=house.mallory, text="Hi", manner=Manner(elsewhere=wish))
    with pytest.raises(PermissionDenied):
        reply(ticket.pk, by=house.vera, text="Hi", manner=Manner(elsewhere=wish))
    assert row_counts() == before


def test_templates_are_kept_as_the_provider_has_them(
    house: House, whatsapp: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    graph = servers[0]
    assert sync_templates(whatsapp.channel_id, by=house.adam) == 2
    kept = list(
        ChannelTemplate.objects.order_by("name", "language").values_list("name", "language", "state", "text", "fields")
    )
    assert kept == [
        ("order_news", "en", "approved", "Hello {{1}}, your order {{2}} is on its way.", []),
        ("order_news", "uk", "approved", "Вітаємо, {{1}}! Замовлення {{2}} вже в дорозі.", ["name", "order"]),
        ("spring_sale", "en", "refused", "Everything must go!", []),
    ]  # fmt: skip
    assert all(request.path.startswith("/77/") for request in graph.requests)
    graph.templates = [TEMPLATES[1], TEMPLATES[2]]
    assert sync_templates(whatsapp.channel_id, by=house.adam) == 1
    assert ChannelTemplate.objects.count() == 2
    for by in (house.olena, house.vera):
        with pytest.raises(PermissionDenied):
            sync_templates(whatsapp.channel_id, by=by)
    Connection.objects.update(settings={"phone_number_id": "9003"})
    with pytest.raises(InvalidInput, match="business account id"):
        sync_templates(whatsapp.channel_id, by=house.adam)


@pytest.mark.parametrize(
    "item",
    [
        {}, {"name": "a"}, {"name": "a", "language": "en", "components": "no"}, {"components": [{"type": "BODY"}]},
        {"name": "a", "language": "en", "components": [{"type": "BODY", "text": "Hello {{2}}"}]},
        {"name": "a", "language": "en", "components": [{"type": "BODY", "text": "x"}, {"type": "HEADER", "format": "TEXT", "text": "{{1}}"}]},
        {"name": "a", "language": "en", "components": [{"type": "BODY", "text": "x"}, {"type": "BUTTONS", "buttons": [{"url": "https://x/{{1}}"}]}]},
    ],
)  # fmt: skip
def test_what_we_could_not_send_is_not_offered(item: dict[str, Any]) -> None:
    assert read_template(item) is None


def test_outside_the_window_an_approved_template_goes(
    house: House, whatsapp: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    graph = servers[0]
    ticket = says(whatsapp, ago=30 * 3600)
    assert ways(ticket) == [], "without templates there is no way by the same channel"
    sync_templates(whatsapp.channel_id, by=house.adam)
    (way,) = ways_of(ticket, at=timezone.now())
    assert (way.why, [one.language for one in way.templates]) == ("The time to answer is over here.", ["en", "uk"])
    with pytest.raises(InvalidInput, match="over here"):
        reply(
            ticket.pk,
            by=house.olena,
            text="Free words",
            manner=Manner(elsewhere=Elsewhere(way.channel.pk, way.identity.pk)),
        )
    wish = _way(ticket, "WhatsApp", template_id=way.templates[0].pk, values=("Zoe",))
    with pytest.raises(InvalidInput, match="every variable"):
        reply(ticket.pk, by=house.olena, text="", manner=Manner(elsewhere=wish))
    wish = _way(ticket, "WhatsApp", template_id=way.templates[1].pk, values=("Зоє {{2}}", "48213"))
    answer = reply(ticket.pk, by=house.olena, text="", manner=Manner(elsewhere=wish), undo_seconds=0)
    assert answer.text == "Вітаємо, Зоє { {2}}! Замовлення 48213 вже в дорозі."
    graph.faults = [EXPIRED]
    assert drain_outbound() == {"temporary": 1}
    Message.objects.filter(pk=answer.pk).update(not_before=timezone.now())
    Connection.objects.update(state="ok")
    assert drain_outbound() == {"accepted": 1}
    sent = json.loads(graph.requests[-1].body)
    assert sent["type"] == "template"
    assert sent["to"] == ZOE
    assert sent["template"] == {
        "name": "order_news", "language": {"policy": "deterministic", "code": "uk"},
        "components": [{"type": "body", "parameters": [
            {"type": "text", "text": "Зоє {{2}}", "parameter_name": "name"},
            {"type": "text", "text": "48213", "parameter_name": "order"}]}],
    }  # fmt: skip
    assert Conversation.objects.count() == 1, "the same conversation goes on"
    assert Message.objects.filter(kind=MessageKind.OUTBOUND).count() == 1


CONTENTS = [
    twilio.content("1", "order_news", "Hello {{1}}, order {{2}} is on its way."),
    twilio.content("2", "order_news", "Вітаємо, {{name}}!", language="uk"),
    twilio.content("3", "later", "Hello", state="pending"),
    twilio.content("4", "no", "Hello", state="rejected"),
    twilio.content("5", "choose", "Hello {{1}}", kind="twilio/quick-reply", actions=[{"title": "Yes", "id": "y"}]),
    twilio.content("6", "odd", "Hello", kind="twilio/quick-reply", actions=[{"title": "{{1}}", "id": "y"}]),
    twilio.content("7", "picture", "Hello", kind="twilio/media"),
]


@pytest.mark.parametrize(
    "item",
    [
        {}, {"sid": "HX1"}, {"types": 7}, {"types": {"twilio/text": []}}, CONTENTS[0] | {"sid": "AC1"},
        CONTENTS[0] | {"friendly_name": ""}, CONTENTS[0] | {"types": {"twilio/text": {"body": "{{2}}"}}}, CONTENTS[5], CONTENTS[6],
    ],
)  # fmt: skip
def test_contents_we_cannot_send_are_none(item: dict[str, Any]) -> None:
    assert read_content(item) is None


def test_twilio_s_whatsapp_sends_what_was_approved_by_its_content_sid(
    house: House, servers: tuple[GraphServer, TwilioServer]
) -> None:
    server = servers[1]
    server.contents = CONTENTS
    values = {"number": "+380440000100", "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
    connection = connect(house, "twilio_whatsapp", values, "WhatsApp 2")
    start = "whatsapp:+"
    wrote = twilio.message(
        hook_url(connection), "SM" + "1" * 32, "Hello", sender=start + ZOE, to=f"{start}380440000100", name="Zoe"
    )
    assert deliver(connection, wrote).status_code == 200
    drain_hooks()
    ticket = Ticket.objects.latest("pk")
    Message.objects.update(at=timezone.now() - timedelta(hours=30))
    assert sync_templates(connection.channel_id, by=house.adam) == 3
    assert len([one for one in server.requests if one.path == "/v1/ContentAndApprovals"]) == 4, "page after page"
    (way,) = ways_of(ticket, at=timezone.now())
    assert [(one.name, one.language) for one in way.templates] == [
        ("choose", "en"), ("order_news", "en"), ("order_news", "uk"),
    ]  # fmt: skip
    for template, filled in ((way.templates[1], ("Zoe", "48213")), (way.templates[2], ("Зоє",))):
        wish = _way(ticket, "WhatsApp 2", template_id=template.pk, values=filled)
        reply(ticket.pk, by=house.olena, text="", manner=Manner(elsewhere=wish), undo_seconds=0)
        assert drain_outbound() == {"accepted": 1}
    said = [(one["template"], json.loads(one["variables"]), one["text"], one["to"]) for one in server.accepted]
    assert said == [
        (CONTENTS[0]["sid"], {"1": "Zoe", "2": "48213"}, "", f"whatsapp:+{ZOE}"),
        (CONTENTS[1]["sid"], {"name": "Зоє"}, "", f"whatsapp:+{ZOE}"),
    ]
    texts = Message.objects.filter(kind=MessageKind.OUTBOUND).order_by("pk").values_list("text", flat=True)
    assert list(texts) == ["Hello Zoe, order 48213 is on its way.", "Вітаємо, Зоє!"]


def signed_in(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_the_dialog_and_its_sending(house: House, whatsapp: Connection, sms: Connection) -> None:
    ticket = says(whatsapp)
    client = signed_in(house.olena)
    html = client.get(f"/tickets/{ticket.pk}/elsewhere/").content.decode()
    assert "SMS" in html
    way = ways_of(ticket, at=timezone.now())[0]
    form = {"way": way.key, "text": "By SMS", "event": "0", "client_id": "6f2c5b1e-4a65-4a40-8a3b-5ba2a4c9b0aa"}
    first = client.post(f"/tickets/{ticket.pk}/elsewhere/send/", form)
    again = client.post(f"/tickets/{ticket.pk}/elsewhere/send/", form)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["message"] == again.json()["message"]
    assert "SMS" in first.json()["updates"]["items"], "it says by which channel"
    for wrong in ({"way": ""}, {"way": "x-y"}, {"way": "1-"}, {}):
        assert client.post(f"/tickets/{ticket.pk}/elsewhere/send/", wrong).status_code == 422
    assert signed_in(house.mallory).get(f"/tickets/{ticket.pk}/elsewhere/").status_code == 404
    assert signed_in(house.vera).get(f"/tickets/{ticket.pk}/elsewhere/").status_code == 404
    assert signed_in(house.mallory).post(f"/tickets/{ticket.pk}/elsewhere/send/", form).status_code == 404
    assert Message.objects.filter(kind=MessageKind.OUTBOUND).count() == 1


def test_the_connection_s_page_fetches_templates(
    house: House, whatsapp: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    client = signed_in(house.adam)
    path = f"/channels/{whatsapp.channel_id}/connection/"
    assert "None are known here yet." in client.get(path).content.decode()
    assert client.post(f"{path}templates/").status_code == 302
    html = client.get(path).content.decode()
    assert "order_news" in html
    assert "2 templates can be sent." in html
    assert signed_in(house.olena).post(f"{path}templates/").status_code == 404


def test_a_conversation_is_begun_by_sms_and_its_answer_comes_to_it(
    house: House, sms: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    wrote = twilio.message(
        hook_url(sms), "SM" + "1" * 32, "An old matter", sender=f"+{ZOE}", to="+380440000100"
    )  # fmt: skip
    assert deliver(sms, wrote).status_code == 200
    drain_hooks()
    earlier = Ticket.objects.get()
    Ticket.objects.filter(pk=earlier.pk).update(status="solved", solved_at=timezone.now())
    client, way = signed_in(house.olena), f"{sms.channel_id}-{Identity.objects.get(value=f'+{ZOE}').pk}"
    known = client.get("/inbox/new/", {"to": f"+{ZOE}"})
    assert known["Location"].startswith(f"/inbox/new/?customer={earlier.customer_id}&")
    form = {"customer": earlier.customer_id, "way": way, "text": "Your parcel is here.", "subject": "Unused"}
    assert client.post("/inbox/new/", form | {"text": "x" * 5000}).status_code == 422
    assert client.post("/inbox/new/", form).status_code == 302
    Message.objects.filter(kind=MessageKind.OUTBOUND).update(not_before=timezone.now())
    assert drain_outbound() == {"accepted": 1}
    assert [(one["to"], one["text"]) for one in servers[1].accepted] == [(f"+{ZOE}", "Your parcel is here.")]
    begun = Ticket.objects.latest("pk")
    assert (begun.pk != earlier.pk, begun.subject, begun.status, begun.assignee) == (True, "", "pending", house.olena)
    more = reply(begun.pk, by=house.olena, text="At the door.", undo_seconds=0)
    assert [one["address"] for one in more.envelope["to"]] == [f"+{ZOE}"]

    back = deliver(sms, twilio.message(
        hook_url(sms), "SM" + "7" * 32, "Thanks!", sender=f"+{ZOE}", to="+380440000100"))  # fmt: skip
    assert back.status_code == 200
    drain_hooks()
    last = Message.objects.latest("pk")
    assert (last.text, last.ticket_id) == ("Thanks!", begun.pk)


def test_a_conversation_is_begun_by_an_approved_template_where_words_may_not_go(
    house: House, whatsapp: Connection, servers: tuple[GraphServer, TwilioServer]
) -> None:
    earlier = says(whatsapp, ago=30 * 3600)
    client, identity = signed_in(house.olena), Identity.objects.filter(kind="phone").get()
    key = f"{whatsapp.channel_id}-{identity.pk}"
    page = client.get("/inbox/new/", {"customer": earlier.customer_id}).content.decode()
    assert "They cannot be written to just now." in page and "The time to answer is over here." in page
    sync_templates(whatsapp.channel_id, by=house.adam)
    uk = ChannelTemplate.objects.get(name="order_news", language="uk")
    page = client.get("/inbox/new/", {"customer": earlier.customer_id}).content.decode()
    assert f'value="{key}-{uk.pk}"' in page and page.count(f'name="value-{uk.pk}"') == 2
    form = {"customer": earlier.customer_id, "way": f"{key}-{uk.pk}", f"value-{uk.pk}": ["Зоє", ""], "text": "Unused"}
    refused = client.post("/inbox/new/", form)
    assert refused.status_code == 422 and 'value="Зоє"' in refused.content.decode()
    assert client.post("/inbox/new/", form | {"way": key}).status_code == 422, "free words may not go"
    assert Ticket.objects.count() == 1
    assert client.post("/inbox/new/", form | {f"value-{uk.pk}": ["Зоє", "48213"]}).status_code == 302
    message = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert (message.text, message.envelope["template"]["values"]) == (
        "Вітаємо, Зоє! Замовлення 48213 вже в дорозі.", ["Зоє", "48213"]
    )  # fmt: skip
    assert message.ticket_id != earlier.pk
