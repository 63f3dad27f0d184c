"""The bot in messengers, over real HTTP: a question by Telegram and by Messenger, an article with quick replies, a person
who takes over. Exactly one message each way, whatever comes twice or breaks off, and nothing of the bot's after the window."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assistant.models import Bot, Holder, Ownership
from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.accounts import hook_url
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.models import Connection
from events.delivery import drain
from tests.assistant.house import RETURNS, open_shelf
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, make_house
from tests.providers import webhooks
from tests.providers.customers import Line, now_said, written
from tests.providers.graph import APP_ID, APP_SECRET, TOKEN, GraphServer
from tests.providers.server import Simulator, running
from tests.providers.telegram import TOKEN as BOT
from tests.providers.telegram import TelegramServer
from tests.providers.webhooks import Webhook
from tickets.actions import reply
from tickets.models import AutoKind, Message, MessageKind, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = 700_001
MESSENGER = {"page_id": "1001", "token": TOKEN, "app_secret": APP_SECRET, "app_id": APP_ID}


@dataclass
class Messenger:
    """A channel with a bot, its provider, and a customer there."""

    made: Connection
    server: Simulator

    def write(self, text: str, *, times: int = 2) -> None:
        """They write, or press a quick reply, which Telegram sends as its words; the provider tells of it twice."""
        line = Line(self.made.provider, self.made.account, hook_url(self.made), self.made.verify_token)
        self.bring(written(line, now_said(PERSON, "Zoe", text)), times)

    def press(self, choice: str) -> None:
        if self.made.provider == "telegram":
            self.write(choice)
            return
        item = {
            "sender": {"id": str(PERSON)}, "recipient": {"id": self.made.account}, "timestamp": int(time.time() * 1000),
            "message": {"mid": f"m_press_{time.time_ns()}", "text": choice, "quick_reply": {"payload": choice}},
        }  # fmt: skip
        self.bring(webhooks.meta({"object": "page", "entry": [{"id": "1001", "messaging": [item]}]}, APP_SECRET), 2)

    def bring(self, hook: Webhook, times: int) -> None:
        for _ in range(times):
            assert deliver(self.made, hook).status_code == 200
        drain_hooks()
        drain()
        drain_outbound()

    def heard(self) -> list[str]:
        """What the customer was sent, in its order."""
        return [text_of(one) for one in self.server.accepted]

    def buttons(self) -> list[str]:
        """The quick replies under the last of it."""
        last = self.server.accepted[-1]
        if self.made.provider == "telegram":
            return [row[0]["text"] for row in last.get("reply_markup", {}).get("keyboard", [])]
        return [one["title"] for one in last["message"].get("quick_replies", [])]


def text_of(accepted: dict[str, Any]) -> str:
    words = accepted.get("text") or accepted.get("message", {}).get("text", "")
    return str(words)


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    open_shelf()
    return make_house()


@pytest.fixture(params=["telegram", "messenger"])
def talk(request: pytest.FixtureRequest, settings: Any, house: House) -> Iterator[Messenger]:
    server: Simulator = TelegramServer() if request.param == "telegram" else GraphServer()
    with running(server):
        settings.PROVIDER_ENDPOINTS = {"telegram": server.url, "graph": server.url}
        made = connect(house, request.param, {"token": BOT} if request.param == "telegram" else MESSENGER)
        Bot.objects.create(channel=made.channel, when="always", languages=["en"], fallback_team=house.returns)
        yield Messenger(made, server)


def test_an_article_then_a_person(talk: Messenger, house: House) -> None:
    talk.write("How can I return my boots?")
    [article] = talk.heard()
    assert "How to return boots" in article and RETURNS in article
    assert talk.buttons() == ["This helped", "It did not help", "Talk to a person"]
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is None

    talk.press("It did not help")
    assert len(talk.heard()) == 2 and "I am passing this on to a person" in talk.heard()[1]
    assert talk.buttons() == []
    ticket.refresh_from_db()
    assert ticket.team == house.returns and ticket.waiting_since is not None
    assert Ownership.objects.get().holder == Holder.PEOPLE
    assert Message.objects.filter(kind=MessageKind.NOTE, auto_kind=AutoKind.BOT).count() == 1

    reply(ticket.pk, by=house.adam, text="Adam here: I have sent you a label.", undo_seconds=0)
    drain_outbound()
    drain()
    talk.write("Thank you! How can I return my boots?")
    assert talk.heard()[2:] == ["Adam here: I have sent you a label."]
    rows = Message.objects.order_by("sequence").values_list("kind", "auto_kind")
    assert [kind for kind, _ in rows if kind != MessageKind.NOTE] == [
        MessageKind.INBOUND, MessageKind.OUTBOUND, MessageKind.INBOUND, MessageKind.OUTBOUND, MessageKind.OUTBOUND,
        MessageKind.INBOUND,
    ]  # fmt: skip
    assert not Message.objects.filter(kind=MessageKind.OUTBOUND).exclude(outbox=OutboxState.SENT).exists()


def test_what_helped_solves_it(talk: Messenger) -> None:
    talk.write("How can I return my boots?")
    talk.press("This helped")
    assert len(talk.heard()) == 2 and talk.heard()[1].startswith("Glad it helped")
    assert Ticket.objects.get().status == "solved"


def test_a_provider_that_takes_it_and_says_nothing_is_not_told_twice(talk: Messenger) -> None:
    talk.server.faults = ["hang up"]
    talk.write("How can I return my boots?")
    answer = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert answer.outbox == OutboxState.UNKNOWN and len(talk.heard()) == 1
    if talk.made.provider == "messenger":
        sent = talk.server.accepted[0]
        item = {
            "sender": {"id": "1001"}, "recipient": {"id": str(PERSON)}, "timestamp": int(time.time() * 1000),
            "message": {"mid": sent["id"], "text": text_of(sent), "is_echo": True, "app_id": APP_ID,
                        "metadata": sent["message"]["metadata"]},
        }  # fmt: skip
        talk.bring(webhooks.meta({"object": "page", "entry": [{"id": "1001", "messaging": [item]}]}, APP_SECRET), 2)
        answer.refresh_from_db()
        assert answer.outbox == OutboxState.SENT
    drain_outbound()
    assert len(talk.heard()) == 1 and Message.objects.filter(kind=MessageKind.OUTBOUND).count() == 1


@pytest.mark.parametrize("talk", ["messenger"], indirect=True)
def test_after_the_window_only_a_person_may_write(talk: Messenger, house: House) -> None:
    """Meta lets people answer for seven days where they were approved to. The bot is nobody of those."""
    Connection.objects.update(settings={**talk.made.settings, "human_agent": True})
    talk.made.channel.capabilities = {"window_hours": 168}
    talk.made.channel.save(update_fields=["capabilities"])
    Connection.objects.update(state="refused")  # so that it waits
    talk.write("How can I return my boots?")
    answer = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert answer.outbox == OutboxState.QUEUED and talk.heard() == []
    Connection.objects.update(state="ok")
    Message.objects.filter(kind=MessageKind.INBOUND).update(at=timezone.now() - timedelta(hours=25))
    Message.objects.filter(pk=answer.pk).update(not_before=timezone.now())
    drain_outbound()
    answer.refresh_from_db()
    assert answer.outbox == OutboxState.FAILED and "too late for an automatic answer" in answer.error
    assert talk.heard() == []
    reply(Ticket.objects.get().pk, by=house.adam, text="A person answers.", undo_seconds=0)
    drain_outbound()
    [sent] = talk.server.accepted
    assert (sent["messaging_type"], sent["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


def test_what_another_app_answers_at_the_provider_is_left_to_it(settings: Any, house: House) -> None:
    with running(GraphServer()) as server:
        settings.PROVIDER_ENDPOINTS = {"graph": server.url}
        made = connect(house, "messenger", MESSENGER)
        Bot.objects.create(channel=made.channel, when="always", languages=["en"], fallback_team=house.returns)
        item = {
            "sender": {"id": str(PERSON)}, "recipient": {"id": "1001"}, "timestamp": int(time.time() * 1000),
            "message": {"mid": "m_standby", "text": "How can I return my boots?"},
        }  # fmt: skip
        body = {"object": "page", "entry": [{"id": "1001", "standby": [item]}]}
        Messenger(made, server).bring(webhooks.meta(body, APP_SECRET), 2)
        assert server.accepted == []
    message = Message.objects.get()
    assert (message.kind, message.envelope["standby"]) == (MessageKind.INBOUND, True)
