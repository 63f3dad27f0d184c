"""Asked where they wrote: by a provider, in private, within its window, and with a reason where not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from channels_inbound.delivery import drain_outbound
from channels_inbound.hooks.drain import drain_hooks
from metrics.models import SurveyAnswer, SurveyInvitation
from metrics.surveys.asking import ask_due
from metrics.surveys.words import words_for
from tests.channels_inbound.hooks.house import KEY, connect, payload_json
from tests.channels_inbound.hooks.test_stories import FIRST, VALUES, hook, now_dated
from tests.metrics.shop import ask, database_now, settle
from tests.metrics.surveys.asked import make_survey, outcome
from tests.people import House, make_house
from tests.providers.graph import GraphServer
from tests.providers.server import running
from tickets import actions
from tickets.inbound import Address
from tickets.models import Channel, Message, MessageKind, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


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


def solve(house: House) -> Ticket:
    ticket = Ticket.objects.get()
    actions.reply(ticket.pk, by=house.olena, text="Yes.", undo_seconds=0)
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    return ticket


@pytest.mark.parametrize("kind", ["messenger", "instagram", "whatsapp"])
def test_the_question_goes_with_a_link_and_its_answer_counts(kind: str, house: House, server: GraphServer) -> None:
    make_survey()
    connection = connect(house, kind, VALUES[kind])
    assert hook(connection, now_dated(payload_json(FIRST[kind]))) == 200
    drain_hooks()
    ticket = solve(house)
    assert outcome(ticket) == [(1, "planned", "")]
    ask_due(at=database_now())
    ask_due(at=database_now())
    assert drain_outbound() == {"accepted": 2}
    if kind == "whatsapp":
        sent = json.loads(server.requests[-1].body)["interactive"]
        assert len(sent["action"]["sections"][0]["rows"]) == 5
        question = sent["body"]["text"]
    else:
        *_answer, question = server.sent_texts()
        assert len(server.accepted[-1]["message"]["quick_replies"]) == 5
    link = re.search(r"https?://\S+/survey/\S+", question)
    asked = words_for(SurveyInvitation.objects.get().language)["ask_csat"]
    assert link is not None and asked in question
    assert kind == "whatsapp" or server.sent_texts().count(question) == 1
    path = "/" + link[0].partition("//")[2].partition("/")[2]
    assert Client().get(path).status_code == 200 and not SurveyAnswer.objects.exists()
    assert Client().post(path, {"score": "4"}).status_code == 302
    answer = SurveyAnswer.objects.get()
    assert (answer.score, answer.via, answer.ticket_id) == (4, "dm", ticket.pk)
    settle()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


@pytest.mark.parametrize("before", [True, False])
def test_after_the_window_nobody_is_asked(before: bool, house: House, server: GraphServer) -> None:
    """Whether it was over when the ticket was solved, or ends before the question is due."""
    make_survey(delay_minutes=0 if before else 30 * 60)
    connection = connect(house, "messenger", {**VALUES["messenger"], "human_agent": True})
    assert hook(connection, now_dated(payload_json(FIRST["messenger"]))) == 200
    drain_hooks()
    if before:
        Message.objects.filter(kind=MessageKind.INBOUND).update(at=database_now() - timedelta(hours=25))
    ticket = solve(house)
    assert outcome(ticket) == [(1, "withheld", "window") if before else (1, "planned", "")]
    ask_due(at=database_now() + timedelta(hours=31))
    assert outcome(ticket) == [(1, "withheld", "window")]
    assert not Message.objects.filter(auto_kind="survey").exists() and not SurveyInvitation.objects.exclude(secret=None)


@pytest.mark.parametrize(
    ("kind", "thread", "reason"),
    [("x", "x-post:17", "public"), ("x", "x:bot:9912", ""), ("telegram", "telegram:1", ""), ("sms", "sms:1", "channel"),
     ("fb_comments", "post:1", "channel"), ("phone", "call:1", "channel"), ("gone", "1", "channel")],
)  # fmt: skip
def test_public_posts_lines_and_messages_that_cost_are_left_alone(
    kind: str, thread: str, reason: str, house: House
) -> None:
    make_survey()
    channel = Channel.objects.create(kind=kind, name="Some", address="bot", team=house.support)
    ticket = ask(channel, ago=timedelta(hours=1), identity_kind="page_user", sender=Address("Zoe", "9912"),
                 thread_id=thread)  # fmt: skip
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    assert outcome(ticket) == [(1, "withheld", reason) if reason else (1, "planned", "")]
