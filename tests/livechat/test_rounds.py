"""The end of a chat as its visitor lives it: ended, rated, sent by mail; each once, and only their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from channels_inbound.models import Connection
from events.models import Event
from livechat import limits
from livechat.models import Round, Visitor
from livechat.signed import make_token
from tests.livechat.shop import make_chat
from tests.livechat.test_api import OTHER, SHOP, ask, claims, say
from tests.people import House, events_of, make_house, row_counts
from tickets.actions import reply, set_status
from tickets.models import Message, Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def made(house: House) -> tuple[Connection, str]:
    return make_chat(house, SHOP)


@pytest.fixture
def chat(made: tuple[Connection, str]) -> Connection:
    return made[0]


def standing(chat: Connection, **more: Any) -> dict[str, Any]:
    return dict(ask(chat, "sync", **more).json()["chat"])


def test_the_visitor_ends_it_and_may_go_on(chat: Connection) -> None:
    say(chat, "Hello")
    number = Ticket.objects.get().pk
    assert not standing(chat)["over"]
    for _ in range(2):
        assert ask(chat, "end").status_code == 200
    assert standing(chat)["over"]
    assert events_of(number) == ["ticket.opened", "message.received", "chat.ended"]
    assert Ticket.objects.get().status == "open"  # whether all is done, agents say
    say(chat, "Still there?")
    assert not standing(chat)["over"]
    assert Ticket.objects.count() == 1


def test_a_solved_ticket_is_a_chat_that_is_over(chat: Connection, house: House) -> None:
    say(chat, "Hello")
    set_status(Ticket.objects.get().pk, by=house.olena, status="solved")
    assert standing(chat)["over"]


def test_a_chat_that_goes_on_is_not_rated(chat: Connection) -> None:
    say(chat, "Hello")
    before = row_counts()
    answer = ask(chat, "rating", score=5)
    assert (answer.status_code, answer.json()) == (422, {"code": "not_ended"})
    assert row_counts() == before


def test_it_is_rated_and_the_words_are_kept_out_of_the_ledger(chat: Connection) -> None:
    say(chat, "Hello")
    ask(chat, "end")
    for given in ({"score": 4}, {"score": 4}, {"score": 4, "comment": " COMMENT-CANARY "}, {"score": 2}):
        assert ask(chat, "rating", **given).status_code == 200
    rated = [event.data for event in Event.objects.filter(kind="chat.rated").order_by("id")]
    row = Round.objects.get()
    base = {"round": 1, "rating": row.pk}
    assert rated == [
        {**base, "score": 4, "commented": False},
        {**base, "score": 4, "commented": True, "again": True},
        {**base, "score": 2, "commented": False},
    ]
    assert (row.score, row.comment) == (2, "")
    assert standing(chat)["score"] == 2


@pytest.mark.parametrize("score", [0, 6, -1, "5", None, True, 3.0])
def test_other_scores_are_none(chat: Connection, score: object) -> None:
    say(chat, "Hello")
    ask(chat, "end")
    before = row_counts()
    assert ask(chat, "rating", score=score).status_code == 422
    assert row_counts() == before


@pytest.mark.parametrize("what", ["end", "rating", "transcript"])
def test_nobody_ends_rates_or_gets_what_is_not_theirs(chat: Connection, house: House, what: str) -> None:
    say(chat, "mine")
    reply(Ticket.objects.get().pk, by=house.olena, text="ANSWER-CANARY")
    before = row_counts()
    for wrong in ({"secret": OTHER}, {"secret": "x"}, {"shown": "no"}, {"origin": "https://evil.example"}):
        answer = ask(chat, what, score=5, email="evil@customer.example", **wrong)
        assert answer.status_code in (403, 422)
        assert b"CANARY" not in answer.content
    assert row_counts() == before


def transcript(chat: Connection, **more: Any) -> int:
    return int(ask(chat, "transcript", **more).status_code)


def test_an_address_typed_gets_what_agents_wrote_once(chat: Connection, house: House) -> None:
    say(chat, "VISITOR-CANARY", email="iryna@customer.example", name="Iryna")
    assert transcript(chat) == 422  # nobody has answered
    ticket = Ticket.objects.get()
    reply(ticket.pk, by=house.olena, text="Your size is here.")
    assert transcript(chat) == 200
    assert transcript(chat) == 422
    [mail] = Message.objects.filter(thread_layer="automatic")
    assert mail.envelope["to"] == [{"name": "", "address": "iryna@customer.example"}]
    assert "Olena:\nYour size is here." in mail.text and "CANARY" not in mail.text
    assert mail.agent is None and mail.ticket_id == ticket.pk
    assert standing(chat)["sent"]
    ticket.refresh_from_db()
    assert events_of(ticket.pk).count("message.queued") == 2


def test_a_signed_address_gets_both_sides(made: tuple[Connection, str], house: House) -> None:
    chat, signing = made
    ask(chat, "identity", token=make_token(signing, claims(chat, email="zoe@customer.example", name="Zoe")))
    say(chat, "Where is it?")
    reply(Ticket.objects.get().pk, by=house.olena, text="On its way.")
    assert transcript(chat, email="evil@customer.example") == 200
    [mail] = Message.objects.filter(thread_layer="automatic")
    assert mail.envelope["to"] == [{"name": "Zoe", "address": "zoe@customer.example"}]
    assert "You:\nWhere is it?\n\nOlena:\nOn its way." in mail.text


def test_transcripts_are_few(chat: Connection, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.RATES, ("transcript", "visitor"), (1, 3600))
    say(chat, "Hello", email="iryna@customer.example")
    assert [transcript(chat) for _ in range(2)] == [422, 429]
    # And an address gets only so many mails of ours a day, whoever asks.
    monkeypatch.setitem(limits.RATES, ("mail", "address"), (0, 86_400))
    monkeypatch.setitem(limits.RATES, ("transcript", "visitor"), (9, 3600))
    reply(Ticket.objects.get().pk, by=house.olena, text="Here")
    assert transcript(chat) == 422
    assert not Message.objects.filter(thread_layer="automatic").exists()
    assert Round.objects.filter(transcript_at__isnull=False).count() == 0


def test_the_timeline_and_the_panel_tell_of_the_end(chat: Connection, house: House) -> None:
    from django.test import Client

    say(chat, "Hello")
    ask(chat, "end")
    ask(chat, "rating", score=5, comment="<b>Kind</b>")
    client, number = Client(), Ticket.objects.get().pk
    client.force_login(house.olena)
    page = client.get(f"/tickets/{number}/", follow=True).content.decode()
    assert "ended the chat" in page and "rated the chat 5 of 5: “&lt;b&gt;Kind&lt;/b&gt;”" in page
    panel = client.get(f"/chat/tickets/{number}/panel/").content.decode()
    assert "Chat is over" in panel and "Rated 5 of 5" in panel
    assert Visitor.objects.get().created_at <= timezone.now()
