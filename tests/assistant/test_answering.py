"""What the bot does when visitors write: it answers, it hands over, and it never speaks beside a person."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from assistant.answering import answer_message, hear_event
from assistant.back import hand_back
from assistant.models import Bot, Holder, Outcome, Reason, Stretch
from events.delivery import drain
from events.models import Event
from livechat.chats import accept_chat
from metrics.models import Clock
from people.permissions import PermissionDenied
from tests.assistant.house import RETURNS, ask, make_bot, token, told
from tests.livechat.talking import at_desks
from tests.people import House, make_house, row_counts
from tickets.actions import add_note, assign_ticket, reply
from tickets.errors import InvalidInput, NotFound
from tickets.models import AutoKind, Cycle, Message, MessageKind, Status, Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def test_a_question_is_answered_from_the_help_centre(house: House) -> None:
    chat = make_bot(house)
    [answer] = ask(chat, "How can I return my boots?")
    assert "How to return boots" in answer.text and RETURNS in answer.text
    assert "/help/en/articles/how-to-return-boots/" in answer.text
    assert (answer.auto_kind, answer.agent, answer.envelope["choices"]) == (
        AutoKind.BOT, None, ["This helped", "It did not help", "Talk to a person"],
    )  # fmt: skip
    assert answer.envelope["bot"] == {"name": "Helper", "holds": True, "person": "Talk to a person"}
    assert chat.ticket.waiting_since is None
    own = token(chat)
    assert own is not None and (own.holder, own.turns, own.answered) == (Holder.BOT, 1, True)
    assert told(chat) == ["bot.began", "bot.answered"]
    assert Cycle.objects.get(ticket=chat.ticket).first_reply_at is None


@pytest.mark.parametrize(
    ("wish", "reason"), [("Let me talk to a real person.", Reason.ASKED), ("My lawyer will write.", Reason.SERIOUS)]
)
def test_a_long_story_that_ends_with_a_wish_for_people_gets_them(house: House, wish: str, reason: Reason) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots? " + "They were a present for my brother. " * 20 + wish)
    own = token(chat)
    assert own is not None and own.holder == Holder.PEOPLE
    assert Stretch.objects.get().reason == reason and told(chat) == ["bot.began", "bot.handed_over"]


def test_who_gets_a_person_at_once_is_greeted_too_and_once_only(house: House) -> None:
    chat = make_bot(house, greetings={"en": "Hello, this is the helper of Nordvik."})
    [promise] = ask(chat, "Do you sell kayaks?")
    assert promise.text.startswith("Hello, this is the helper of Nordvik.\n\nI am passing this on to a person.")
    assert ask(chat, "Hello?") == []


def test_what_it_hands_over_after_an_answer_is_not_greeted_again(house: House) -> None:
    chat = make_bot(house, greetings={"en": "Hello, this is the helper of Nordvik."})
    [answer] = ask(chat, "How can I retrun my boots?")
    assert answer.text.startswith("Hello, this is the helper of Nordvik.\n\nThis may answer it: How to return boots")
    [promise] = ask(chat, "It did not help")
    assert promise.text.startswith("I am passing this on to a person.")


def test_what_helped_solves_the_ticket_and_is_counted(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    [glad] = ask(chat, "This helped")
    assert glad.text.startswith("Glad it helped")
    assert (chat.ticket.status, chat.ticket.assignee) == (Status.SOLVED, None)
    solved = Event.objects.get(kind="ticket.solved")
    assert solved.actor_kind == "bot"
    stretch = Stretch.objects.get()
    assert (stretch.outcome, stretch.turns, stretch.ended_at is not None) == (Outcome.HELPED, 1, True)
    assert Cycle.objects.get(ticket=chat.ticket).first_reply_at is None
    assert not Clock.objects.filter(ticket=chat.ticket, state="fulfilled").exists()


def test_what_did_not_help_goes_to_people_with_a_summary(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    with at_desks([house.mallory]):
        [promise] = ask(chat, "It did not help")
    assert promise.text == "I am passing this on to a person, who will answer you here."
    assert promise.envelope["bot"] == {"name": "Helper", "holds": False}
    note = Message.objects.get(kind=MessageKind.NOTE)
    about = note.envelope["bot"]
    assert (about["reason"], about["wants"], about["order"]) == ("not_helped", "How can I return my boots?", "")
    assert [one["title"] for one in about["tried"]] == ["How to return boots"]
    assert "Tried: How to return boots" in note.text
    assert chat.ticket.team == house.returns
    assert chat.ticket.waiting_since is not None
    handed = Event.objects.get(kind="bot.handed_over")
    assert (handed.data["reason"], handed.data["note"], handed.actor_kind) == ("not_helped", note.pk, "bot")
    assert ask(chat, "Hello? How can I return my boots?") == []
    assert Stretch.objects.get().reason == Reason.NOT_HELPED


def test_nobody_there_is_said_so(house: House) -> None:
    chat = make_bot(house)
    with at_desks([]):
        [promise] = ask(chat, "I want to talk to a human please")
    assert "Nobody is here right now" in promise.text


def test_a_person_who_answers_has_the_conversation(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    reply(chat.ticket.pk, by=house.olena, text="Let me help you.")
    drain()
    own = token(chat)
    assert own is not None and own.holder == Holder.PEOPLE
    assert ask(chat, "How can I return my boots then?") == []
    assert Event.objects.get(kind="bot.handed_over").data["reason"] == "taken"


@pytest.mark.parametrize("act", ["reply", "assign", "accept"])
def test_the_bot_is_silent_before_its_subscriber_hears_of_a_person(house: House, act: str) -> None:
    """What people did is read from the rows, so it does not matter which fact is heard first."""
    chat = make_bot(house)
    said = chat.say("How can I return my boots?")
    if act == "reply":
        reply(chat.ticket.pk, by=house.olena, text="Let me help you.")
    elif act == "assign":
        assign_ticket(chat.ticket.pk, by=house.adam, assignee=house.olena)
    else:
        accept_chat(chat.ticket.pk, by=house.olena)
    before = row_counts()
    answer_message(said.message_id, at=timezone.now(), cause=None)
    assert row_counts() == before
    drain()
    assert not Message.objects.filter(auto_kind=AutoKind.BOT).exists()


def test_a_repeated_fact_says_nothing_twice(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    before = row_counts()
    for event in Event.objects.filter(kind="message.received"):
        hear_event(event)
    assert row_counts() == before


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_say_it_once() -> None:
    house = make_house()
    chat = make_bot(house)
    said, barrier = chat.say("How can I return my boots?"), Barrier(2)

    def work() -> None:
        barrier.wait()
        answer_message_alone(said.message_id)
        connections.close_all()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Message.objects.filter(auto_kind=AutoKind.BOT).count() == 1
    assert Stretch.objects.count() == 1


def answer_message_alone(message_id: int) -> None:
    from django.db import transaction

    with transaction.atomic():
        answer_message(message_id, at=timezone.now(), cause=None)


def test_what_came_in_beside_the_question_is_not_answered_past(house: House) -> None:
    """Two conversations on one ticket, or a note while the question waits for its turn: people look first."""
    chat = make_bot(house)
    asked = chat.say("How can I return my boots?")
    add_note(chat.ticket.pk, by=house.olena, text="She has a lawyer, I will ring her.")
    drain()
    assert not Message.objects.filter(auto_kind=AutoKind.BOT).exists()
    answer_message_alone(asked.message_id)
    assert not Message.objects.filter(auto_kind=AutoKind.BOT).exists()
    [answer] = ask(chat, "How can I return my boots, please?")
    assert "How to return boots" in answer.text


def test_several_messages_are_read_as_one(house: House) -> None:
    chat = make_bot(house)
    chat.say("Hello")
    [answer] = ask(chat, "How can I return my boots?")
    assert "How to return boots" in answer.text


def test_an_agent_gives_it_back_and_the_bot_goes_on(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "I want to talk to a human")
    accept_chat(chat.ticket.pk, by=house.mallory)
    drain()
    hand_back(chat.ticket.pk, by=house.mallory)
    own = token(chat)
    assert own is not None and own.holder == Holder.BOT
    assert chat.ticket.assignee is None
    drain()
    assert token(chat).holder == Holder.BOT  # type: ignore[union-attr]
    [answer] = ask(chat, "How can I return my boots?")
    assert "How to return boots" in answer.text
    before = row_counts()
    hand_back(chat.ticket.pk, by=house.adam)
    assert row_counts() == before


def test_who_waits_when_it_is_given_back_is_answered_at_once(house: House) -> None:
    chat = make_bot(house)
    Bot.objects.update(when="nobody")
    with at_desks([house.olena]):
        ask(chat, "How can I return my boots?")
    assert not Message.objects.filter(auto_kind=AutoKind.BOT).exists()
    hand_back(chat.ticket.pk, by=house.olena)
    assert "How to return boots" in Message.objects.get(auto_kind=AutoKind.BOT).text


def test_outsiders_give_nothing_back(house: House) -> None:
    chat = make_bot(house)
    ask(chat, "How can I return my boots?")
    reply(chat.ticket.pk, by=house.olena, text="I do this.")
    drain()
    number, before = chat.ticket.pk, row_counts()
    with pytest.raises(NotFound):
        hand_back(number, by=house.mallory)
    with pytest.raises(PermissionDenied):
        hand_back(number, by=house.vera)
    Bot.objects.update(when="off")
    with pytest.raises(InvalidInput):
        hand_back(number, by=house.olena)
    assert row_counts() == before
    own = token(chat)
    assert own is not None and own.holder == Holder.PEOPLE


@pytest.mark.parametrize("fields", [{"when": "off"}, {"when": "nobody"}])
def test_it_is_silent_where_it_is_not_wanted(house: House, fields: dict[str, Any]) -> None:
    chat = make_bot(house, **fields)
    with at_desks([house.olena]):
        assert ask(chat, "How can I return my boots?") == []
    assert token(chat) is None
    assert Ticket.objects.get().waiting_since is not None
