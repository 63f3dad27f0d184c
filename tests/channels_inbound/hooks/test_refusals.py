"""Who takes nothing from us takes it by one channel; whoever wants no marketing is answered; and what fails before we
count it as sent has failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks import sending
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.apply import apply_fact
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.facts import Reacted, Receipt
from channels_inbound.models import Connection, SentPart
from events.delivery import drain as events
from events.models import Event
from people.models import Identity
from privacy.consents import note_said
from privacy.models import ConsentEntry
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house
from tests.providers import twilio
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET, TOKEN, GraphServer
from tests.providers.server import Reply, running
from tests.providers.twilio import TwilioServer
from tests.providers.webhooks import meta
from tickets.actions import reply
from tickets.actions.undelivered import retry_delivery
from tickets.errors import InvalidInput
from tickets.models import ChannelRefusal, Message, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

ZOE = "+380670234567"
SHOP = "+380440000100"


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def graph(settings: Any, house: House) -> Iterator[GraphServer]:
    with running(GraphServer()) as server, running(TwilioServer()) as sms:
        settings.PROVIDER_ENDPOINTS = {"graph": server.url, "twilio": sms.url, "twilio_content": sms.url}
        yield server  # type: ignore[misc]


@pytest.fixture
def whatsapp(house: House) -> Connection:
    return connect(house, "whatsapp", {"phone_number_id": "9003", "token": TOKEN, "app_secret": APP_SECRET}, "WhatsApp")


def says(made: Connection, text: str = "Hello", *, id: str = "1") -> Ticket:
    said = Said(234567, "Zoe", text, id, timezone.now().timestamp())
    assert deliver(made, written(Line(made.provider, made.account, ""), said)).status_code == 200
    drain_hooks()
    return Ticket.objects.latest("pk")


def refused(code: int, **more: Any) -> Reply:
    return Reply(400, {"error": {"message": f"(#{code}) No.", "code": code, **more}})


def failed(made: Connection, id: str, code: int) -> None:
    status = {"id": id, "status": "failed", "timestamp": str(int(time.time())), "recipient_id": ZOE[1:],
              "errors": [{"code": code, "title": f"error {code}"}]}  # fmt: skip
    value = {"metadata": {"phone_number_id": made.account}, "statuses": [status]}
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    assert deliver(made, meta(body, APP_SECRET)).status_code == 200
    drain_hooks()


def kept() -> list[tuple[str, bool]]:
    events()
    for event in Event.objects.filter(kind="customer.agreed").order_by("pk"):
        note_said(event)
    return list(ConsentEntry.objects.order_by("pk").values_list("purpose", "given"))


@pytest.mark.parametrize("told", ["at once", "by status"])
def test_no_more_marketing_is_a_consent_taken_back_and_answers_stay_allowed(
    told: str, house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    graph.faults = [refused(131050)] if told == "at once" else []
    answer = reply(ticket.pk, by=house.olena, text="News!", undo_seconds=0)
    drain_outbound()
    if told == "by status":
        failed(whatsapp, graph.accepted[0]["id"], 131050)
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.FAILED
    assert kept() == [("Marketing by WhatsApp", False)]
    assert not ChannelRefusal.objects.exists()
    reply(ticket.pk, by=house.olena, text="About your order:", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}


def test_stop_by_sms_closes_sms_and_nothing_else(house: House, whatsapp: Connection, graph: GraphServer) -> None:
    values = {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}
    sms = connect(house, "sms", values, "SMS")
    chat = says(whatsapp)
    texts = twilio.message(hook_url(sms), f"SM{1:032}", "Hi by SMS", sender=ZOE, to=SHOP)
    stop = twilio.message(hook_url(sms), f"SM{2:032}", "STOP", sender=ZOE, to=SHOP, OptOutType="STOP")
    for webhook in (texts, stop):
        deliver(sms, webhook)
        drain_hooks()
    by_sms = Ticket.objects.get(channel=sms.channel_id)
    with pytest.raises(InvalidInput, match="asked us to stop"):
        reply(by_sms.pk, by=house.olena, text="Hello?", undo_seconds=0)
    reply(chat.pk, by=house.olena, text="Here you may hear us", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    again = twilio.message(hook_url(sms), f"SM{3:032}", "And one thing more", sender=ZOE, to=SHOP)
    deliver(sms, again)
    drain_hooks()
    with pytest.raises(InvalidInput, match="asked us to stop"):
        reply(by_sms.pk, by=house.olena, text="Hello?", undo_seconds=0)
    deliver(sms, twilio.message(hook_url(sms), f"SM{4:032}", "START", sender=ZOE, to=SHOP, OptOutType="START"))
    drain_hooks()
    reply(by_sms.pk, by=house.olena, text="Hello!", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}


def test_refusals_from_before_are_carried_to_the_channels_that_can_have_told_of_them(
    house: House, whatsapp: Connection, graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = connect(house, "sms", {"number": SHOP, "account_sid": twilio.SID, "auth_token": twilio.TOKEN}, "SMS")
    bot = connect(house, "telegram", {"token": "7100000001:test-token"}, "Bot")
    says(whatsapp)
    zoe = Identity.objects.get(value=ZOE)
    on_telegram = Identity.objects.create(
        customer=zoe.customer, kind="page_user", value="telegram:9", refuses="blocked"
    )
    Identity.objects.filter(pk=zoe.pk).update(refuses="stopped")
    moved = import_module("channels_inbound.migrations.0015_refusals_per_channel")
    monkeypatch.setattr(moved, "BATCH", 1)
    for _ in range(2):
        moved.carry(None, SimpleNamespace(connection=connection))
    assert set(ChannelRefusal.objects.values_list("identity", "channel", "refuses")) == {
        (zoe.pk, sms.channel_id, "stopped"), (on_telegram.pk, bot.channel_id, "blocked"),
    }  # fmt: skip


def test_one_recipient_s_limit_keeps_nobody_else_waiting(
    house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    graph.faults = [refused(131056)]
    answer = reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    whatsapp.refresh_from_db()
    answer.refresh_from_db()
    assert whatsapp.quiet_until is None
    assert answer.not_before is not None and answer.not_before > timezone.now() + timedelta(seconds=3)


def test_a_warning_is_told_once_and_is_over_when_something_goes_through(
    house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    graph.faults = [refused(131048)]
    reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    assert drain_outbound() == {"temporary": 1}
    failed(whatsapp, "m_unknown", 131048)
    whatsapp.refresh_from_db()
    channel = whatsapp.channel
    channel.refresh_from_db()
    assert (whatsapp.state, channel.health, whatsapp.quiet_until is not None) == ("trouble", "failing", True)
    assert Event.objects.filter(kind="connection.warned").count() == 1
    Connection.objects.update(quiet_until=None)
    Message.objects.filter(outbox="queued").update(not_before=timezone.now())
    assert drain_outbound() == {"accepted": 1}
    whatsapp.refresh_from_db()
    channel.refresh_from_db()
    assert (whatsapp.state, channel.health) == ("ok", "ok")


@pytest.mark.parametrize("code", [131042, 131031])
def test_what_a_status_says_of_our_account_turns_the_channel_red(
    code: int, house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    drain_outbound()
    failed(whatsapp, graph.accepted[0]["id"], code)
    whatsapp.refresh_from_db()
    assert whatsapp.state == "refused"
    assert Event.objects.filter(kind="connection.refused").count() == 1


def test_the_page_s_own_reaction_stands_beside_the_customer_s(
    house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket, now = says(whatsapp), timezone.now()
    id = Message.objects.get().external_id
    for fact in (Reacted(id, "❤", "55", now), Reacted(id, "👍", "9003", now, ours=True)):
        assert apply_fact(whatsapp.channel_id, fact, at=now) == "applied"
    reactions = Message.objects.get().marks["reactions"]
    assert [(one["emoji"], one.get("ours", False)) for one in reactions] == [("❤", False), ("👍", True)]
    told = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk, kind="message.reacted").order_by("pk")
    assert [one.actor_kind for one in told] == ["customer", "system"]


def test_what_fails_while_it_is_still_being_sent_has_failed(
    house: House, whatsapp: Connection, graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's webhook overtakes our own note that it took the reply."""
    ticket = says(whatsapp)
    accepted = sending.record_accepted

    def late(message_id: int, attempt: int, *, at: datetime) -> bool:
        with transaction.atomic():
            fact = Receipt("failed", at, external_id=SentPart.objects.get().external_id, error="no such account")
            assert apply_fact(whatsapp.channel_id, fact, at=at) == "duplicate"
        return accepted(message_id, attempt, at=at)

    monkeypatch.setattr(sending, "record_accepted", late)
    answer = reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    drain_outbound()
    answer.refresh_from_db()
    ticket.refresh_from_db()
    assert (answer.outbox, answer.error, ticket.needs_attention) == (OutboxState.FAILED, "no such account", True)
    assert events_of(ticket.pk)[-2:] == ["delivery.accepted", "delivery.failed"]


def test_what_did_not_arrive_goes_once_more_when_a_person_says_so(
    house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    answer = reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    drain_outbound()
    failed(whatsapp, graph.accepted[0]["id"], 131026)
    assert drain_outbound() == {}, "not by itself"
    assert ChannelRefusal.objects.get().refuses == "unreachable"
    retry_delivery(answer.pk, by=house.olena)
    assert drain_outbound() == {"accepted": 1}
    answer.refresh_from_db()
    assert (answer.outbox, graph.sent_texts()) == (OutboxState.SENT, ["Yes", "Yes"])


def test_what_was_parked_before_our_note_of_the_part_fails_it_too(
    house: House, whatsapp: Connection, graph: GraphServer
) -> None:
    ticket = says(whatsapp)
    fact = Receipt("failed", timezone.now(), external_id="m_sent0001", error="131026")
    assert apply_fact(whatsapp.channel_id, fact, at=timezone.now() + timedelta(seconds=1)) == "parked"
    answer = reply(ticket.pk, by=house.olena, text="Yes", undo_seconds=0)
    drain_outbound()
    answer.refresh_from_db()
    assert (answer.outbox, answer.error) == (OutboxState.FAILED, "131026")
    assert Message.objects.count() == 2
