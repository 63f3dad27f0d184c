"""Public comments: answered in private once, hidden and shown again; and quick replies where there are some."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.drain import drain_hooks
from channels_inbound.hooks.hiding import hide_comment
from channels_inbound.models import Connection, ConnectionState
from people.permissions import PermissionDenied
from tests.channels_inbound.hooks.house import KEY, connect, deliver
from tests.people import House, events_of, make_house, open_ticket, row_counts
from tests.providers import telegram
from tests.providers.customers import Line, Said, written
from tests.providers.graph import APP_SECRET, EXPIRED, TOKEN, WINDOW, GraphServer
from tests.providers.server import running
from tests.providers.telegram import TelegramServer
from tests.providers.webhooks import meta
from tickets.actions import reply
from tickets.actions.manner import Manner
from tickets.errors import InvalidInput, NotFound
from tickets.models import Message, OutboxState, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

META = {"token": TOKEN, "app_secret": APP_SECRET}
VALUES: dict[str, dict[str, Any]] = {
    "fb_comments": {"page_id": "9004", **META},
    "ig_comments": {"account_id": "9005", "facebook_login": True, **META},
    "messenger": {"page_id": "9001", **META}, "whatsapp": {"phone_number_id": "9003", **META},
    "telegram": {"token": telegram.TOKEN},
}  # fmt: skip


@pytest.fixture
def house(settings: Any) -> House:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.CREDENTIALS_KEYS = [KEY]
    return make_house()


@pytest.fixture
def graph(settings: Any) -> Iterator[GraphServer]:
    server, bot = GraphServer(), TelegramServer()
    with running(server), running(bot):
        settings.PROVIDER_ENDPOINTS = {"graph": server.url, "instagram": server.url, "telegram": bot.url}
        server.bot = bot  # type: ignore[attr-defined]
        yield server


def said(house: House, kind: str, text: str = "Mine leaks", ago: float = 0) -> tuple[Connection, Ticket, Message]:
    connection = connect(house, kind, VALUES[kind])
    line = Line(kind, connection.account, "", connection.verify_token)
    at = time.time() - ago
    assert deliver(connection, written(line, Said(700100, "Jonas", text, str(int(at * 1000)), at))).status_code == 200
    drain_hooks()
    ticket = Ticket.objects.latest("pk")
    return connection, ticket, Message.objects.latest("pk")


def privately(ticket: Ticket, house: House, text: str = "May we have your address?") -> Message:
    return reply(ticket.pk, by=house.olena, text=text, manner=Manner(privately=True), undo_seconds=0)


@pytest.mark.parametrize("kind", ["fb_comments", "ig_comments"])
def test_one_private_answer_to_a_comment(kind: str, house: House, graph: GraphServer) -> None:
    connection, ticket, comment = said(house, kind)
    answer = privately(ticket, house)
    assert drain_outbound() == {"accepted": 1}
    (sent,) = graph.accepted
    assert sent["path"] == f"/{connection.account}/messages"
    assert sent["recipient"] == {"comment_id": comment.external_id}
    assert sent["message"] == {"text": "May we have your address?"}
    with pytest.raises(InvalidInput, match="one private answer"):
        privately(ticket, house, "And once more")
    reply(ticket.pk, by=house.olena, text="We wrote to you.", undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    assert graph.accepted[1]["path"].startswith(f"/{comment.external_id}/"), "the public one stays public"
    Message.objects.filter(pk=answer.pk).update(outbox=OutboxState.FAILED)
    privately(ticket, house, "Once more, since it failed")


@pytest.mark.parametrize(("kind", "most"), [("fb_comments", 2000), ("ig_comments", 1000)])
def test_a_private_answer_is_one_message(kind: str, most: int, house: House, graph: GraphServer) -> None:
    _, ticket, _comment = said(house, kind)
    before = row_counts()
    with pytest.raises(InvalidInput, match=f"at most {most} characters: this has {most + 1}"):
        privately(ticket, house, "x" * (most - 1) + "😀")
    assert row_counts() == before
    text = "Yes. " * (most // 5)
    privately(ticket, house, text)
    assert drain_outbound() == {"accepted": 1}
    assert [one["message"]["text"] for one in graph.accepted] == [text.strip()]


def test_only_for_seven_days_and_only_where_there_are_comments(house: House, graph: GraphServer) -> None:
    _, ticket, comment = said(house, "fb_comments")
    Message.objects.filter(pk=comment.pk).update(at=timezone.now() - timedelta(days=7, minutes=1))
    before = row_counts()
    with pytest.raises(InvalidInput, match="7 days"):
        privately(ticket, house)
    with pytest.raises(NotFound):
        reply(ticket.pk, by=house.mallory, text="x", manner=Manner(privately=True))
    assert row_counts() == before
    mail = open_ticket(house.channel)
    with pytest.raises(InvalidInput, match="privately"):
        privately(mail, house)


@pytest.mark.parametrize(("kind", "field"), [("fb_comments", "is_hidden"), ("ig_comments", "hide")])
def test_hidden_and_shown_again(kind: str, field: str, house: House, graph: GraphServer) -> None:
    _, ticket, comment = said(house, kind)
    for hidden in (True, False):
        graph.requests.clear()
        assert hide_comment(comment.pk, hidden=hidden, by=house.olena)
        assert not hide_comment(comment.pk, hidden=hidden, by=house.ben), "twice is once"
        (request,) = graph.requests
        assert (request.path, request.json) == (f"/{comment.external_id}", {field: hidden})
        comment.refresh_from_db()
        assert bool(comment.marks["hidden_at"]) == hidden
    assert events_of(ticket.pk)[-2:] == ["message.hidden", "message.hidden"]


def test_hidden_at_the_provider_before_the_comment_came(house: House, graph: GraphServer) -> None:
    connection = connect(house, "fb_comments", VALUES["fb_comments"])
    now = int(time.time())
    value = {
        "item": "comment",
        "verb": "hide",
        "post_id": "9004_1",
        "comment_id": "1_77",
        "from": {"id": "5", "name": "J"},
    }
    entry = {"id": "9004", "time": now, "changes": [{"field": "feed", "value": value}]}
    deliver(connection, meta({"object": "page", "entry": [entry]}, APP_SECRET))
    assert drain_hooks() == {"parked": 1}
    line = Line("fb_comments", "9004", "")
    deliver(connection, written(line, Said(5, "J", "Rude words", "77", now - 5)))
    drain_hooks()
    assert Message.objects.get().marks["hidden_at"]


def test_what_the_provider_refuses_changes_nothing(house: House, graph: GraphServer) -> None:
    connection, ticket, comment = said(house, "fb_comments")
    graph.is_send = lambda request: request.method == "POST"  # type: ignore[method-assign]
    before = events_of(ticket.pk)
    graph.faults = [WINDOW, "hang up", EXPIRED]
    for _ in range(3):
        with pytest.raises(InvalidInput):
            hide_comment(comment.pk, hidden=True, by=house.olena)
    comment.refresh_from_db()
    connection.refresh_from_db()
    assert (comment.marks, events_of(ticket.pk), connection.state) == ({}, before, ConnectionState.REFUSED)
    for by, error in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(error):
            hide_comment(comment.pk, hidden=True, by=by)
    mail = open_ticket(house.channel)
    with pytest.raises(NotFound):
        hide_comment(mail.messages.get().pk, hidden=True, by=house.olena)


def test_the_button(house: House, graph: GraphServer) -> None:
    _, ticket, comment = said(house, "fb_comments")
    client = Client()
    client.force_login(house.olena)
    path = f"/messages/{comment.pk}/hiding/"
    assert f'data-url="{path}"' in client.get(f"/tickets/{ticket.pk}/pane/").json()["thread"]
    answer = client.post(path, {"hidden": "1", "event": "0"})
    assert "Hidden: others do not see this comment" in json.dumps(answer.json()["updates"])
    client.force_login(house.mallory)
    assert client.post(path, {"hidden": "0"}).status_code == 404
    client.force_login(house.vera)
    assert client.post(path, {"hidden": "0"}).status_code == 403
    comment.refresh_from_db()
    assert comment.marks["hidden_at"]


@pytest.mark.parametrize("kind", ["messenger", "whatsapp", "telegram"])
def test_quick_replies(kind: str, house: House, graph: GraphServer) -> None:
    _, ticket, _ = said(house, kind)
    manner = Manner(choices=("Exchange", " Refund  please ", "", "Exchange"))
    reply(ticket.pk, by=house.olena, text="What would you like?", manner=manner, undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    if kind == "messenger":
        found = [one["title"] for one in graph.accepted[0]["message"]["quick_replies"]]
    elif kind == "whatsapp":
        buttons = json.loads(graph.requests[-1].body)["interactive"]["action"]["buttons"]
        found = [one["reply"]["title"] for one in buttons]
    else:
        rows = graph.bot.accepted[0]["reply_markup"]["keyboard"]  # type: ignore[attr-defined]
        found = [one["text"] for (one,) in rows]
    assert found == ["Exchange", "Refund please"]


def test_many_are_a_list_in_whatsapp(house: House, graph: GraphServer) -> None:
    _, ticket, _ = said(house, "whatsapp")
    wanted = [str(number) for number in range(1, 11)]
    reply(ticket.pk, by=house.olena, text="How was it?", manner=Manner(choices=wanted), undo_seconds=0)
    assert drain_outbound() == {"accepted": 1}
    shown = json.loads(graph.requests[-1].body)["interactive"]
    assert shown["type"] == "list" and shown["body"] == {"text": "How was it?"}
    [section] = shown["action"]["sections"]
    assert [row["title"] for row in section["rows"]] == wanted and shown["action"]["button"]


@pytest.mark.parametrize("choices", [["x" * 21], list("abcdefghijk")])
def test_too_many_or_too_long(choices: list[str], house: House, graph: GraphServer) -> None:
    _, ticket, _ = said(house, "whatsapp")
    with pytest.raises(InvalidInput, match="At most 10 quick replies of 20"):
        reply(ticket.pk, by=house.olena, text="?", manner=Manner(choices=choices))
    with pytest.raises(InvalidInput, match="no quick replies"):
        reply(open_ticket(house.channel).pk, by=house.olena, text="?", manner=Manner(choices=["a"]))
