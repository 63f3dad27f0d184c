"""Answered where it was asked: by a button, or by a number. Counted once, and nothing is opened again by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from metrics.models import Clock, FollowUp, SurveyAnswer, SurveyInvitation
from metrics.surveys.asking import ask_due
from metrics.surveys.scales import SCALES, Kind
from metrics.surveys.taps import expected, hear_answer, offered, score_in
from tests.metrics.shop import database_now, settle
from tests.metrics.surveys.asked import make_survey
from tests.people import House, events_of, make_house, receive
from tickets import actions
from tickets.inbound import Address
from tickets.ingest.expected import EXPECTED_FOR
from tickets.kinds import traits_of
from tickets.models import Channel, Message, Status, Ticket

pytestmark = pytest.mark.django_db
WHO = "telegram:1"


@pytest.fixture
def house() -> House:
    return make_house()


def write(channel: Channel, text: str, key: str = "", **fields: Any) -> Any:
    """Zoe writes in her thread with the shop."""
    now = database_now()
    said = {
        "identity_kind": "page_user", "sender": Address("Zoe", WHO), "thread_id": WHO, "at": now, "received_at": now,
        "external_id": key or f"telegram:{text}:{now.timestamp()}",
        "dedupe_key": uuid5(NAMESPACE_URL, key) if key else uuid4(),
    }  # fmt: skip
    result = receive(channel, text=text, **(said | fields))
    settle()
    return result


@pytest.fixture
def shop(house: House) -> Channel:
    return Channel.objects.create(kind="telegram", name="Bot", address="bot", team=house.support)


def put_question(house: House, channel: Channel, **fields: Any) -> Ticket:
    """A ticket of hers is solved, and she is asked."""
    make_survey(**fields)
    ticket = Ticket.objects.get(pk=write(channel, "Where is my parcel?").ticket_id)
    actions.reply(ticket.pk, by=house.olena, text="On its way.", undo_seconds=0)
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    ask_due(at=database_now())
    assert SurveyInvitation.objects.get().state == "asked"
    return ticket


@pytest.mark.parametrize(
    ("kind", "question", "buttons"),
    [("telegram", "csat", 5), ("telegram", "ces", 7), ("telegram", "csat10", 0), ("messenger", "nps", 11),
     ("instagram", "csat10", 10), ("whatsapp", "csat10", 10), ("whatsapp", "nps", 0), ("chat", "nps", 11), ("x", "csat", 0)],
)  # fmt: skip
def test_there_is_a_button_for_each_score_or_none(kind: str, question: str, buttons: int) -> None:
    traits = traits_of(kind)
    shown = offered(question, traits)
    assert len(shown) == buttons and all(len(one) <= traits.choice_length for one in shown)
    assert [score_in(question, one) for one in shown] == list(SCALES[Kind(question)])[:buttons]
    assert len(set(expected(question))) == len(expected(question))


@pytest.mark.parametrize(
    ("kind", "text", "score"),
    [("csat", " 4. ", 4), ("csat", "4/5", 4), ("csat", "5️⃣", 5), ("csat", "３", 3), ("csat", "😀 5", 5), ("csat", "6", None),
     ("csat", "4 parcels", None), ("csat", "45", None), ("csat10", "10", 10), ("csat10", "10/10!", 10), ("nps", "0", 0),
     ("nps", "-1", None), ("ces", "", None)],
)  # fmt: skip
def test_what_a_word_means(kind: str, text: str, score: int | None) -> None:
    assert score_in(kind, text) == score


def test_a_tap_is_one_click_counted_once(house: House, shop: Channel) -> None:
    ticket = put_question(house, shop)
    question = Message.objects.get(auto_kind="survey")
    assert question.envelope["choices"] == ["😞 1", "😕 2", "😐 3", "😊 4", "😀 5"] and "1 = very" in question.text
    clocks = Clock.objects.count()
    for key in ("tap-1", "tap-1", "tap-2"):  # the provider repeats itself, then she presses again
        write(shop, "😀 5", key)
    answer = SurveyAnswer.objects.get()
    assert (answer.kind, answer.score, answer.via, answer.ticket_id) == ("csat", 5, "dm", ticket.pk)
    heard = list(Event.objects.filter(kind="question.answered"))
    assert len(heard) == 2
    for event in heard:
        hear_answer(event)
    assert events_of(ticket.pk).count("survey.answered") == 1 and "survey.changed" not in events_of(ticket.pk)
    thanks = Message.objects.filter(auto_kind="survey").exclude(pk=question.pk).get()
    assert thanks.text.startswith("Thank you!") and "/survey/" in thanks.text
    ticket.refresh_from_db()
    assert ticket.status == Status.SOLVED and ticket.waiting_since is None and Ticket.objects.count() == 1
    assert Clock.objects.count() == clocks and "ticket.reopened" not in events_of(ticket.pk)
    assert [m.auto_kind for m in Message.objects.filter(kind="inbound").order_by("sequence")] == [
        "",
        "answer",
        "answer",
    ]


def test_a_number_will_do_and_may_be_changed(house: House, shop: Channel) -> None:
    ticket = put_question(house, shop, kind="csat10")
    question = Message.objects.get(auto_kind="survey")
    assert "choices" not in question.envelope and "Answer with a number from 1 to 10" in question.text
    write(shop, "2")
    settle()
    assert FollowUp.objects.get().answer.score == 2
    assert "What went wrong?" in Message.objects.filter(auto_kind="survey").latest("sequence").text
    write(shop, "9!")
    assert SurveyAnswer.objects.values_list("kind", "score").get() == ("csat10", 9)
    assert events_of(ticket.pk).count("survey.changed") == 1 and Message.objects.filter(auto_kind="survey").count() == 2
    assert FollowUp.objects.get().state == "done"


def test_words_are_words_and_after_a_persons_answer_a_number_is_one_too(house: House, shop: Channel) -> None:
    ticket = put_question(house, shop)
    write(shop, "11")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN and not SurveyAnswer.objects.exists()
    actions.reply(ticket.pk, by=house.olena, text="How many did you order?", undo_seconds=0)
    settle()
    write(shop, "5")
    assert not SurveyAnswer.objects.exists()
    assert Message.objects.latest("pk").auto_kind == ""
    ticket.refresh_from_db()
    assert ticket.waiting_since is not None


def test_a_closed_ticket_stays_closed_and_after_a_month_a_number_is_a_message(house: House, shop: Channel) -> None:
    ticket = put_question(house, shop)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)
    write(shop, "4")
    assert SurveyAnswer.objects.get().score == 4 and Ticket.objects.get().status == Status.CLOSED
    Message.objects.filter(kind="outbound").update(at=timezone.now() - EXPECTED_FOR - timedelta(hours=1))
    write(shop, "5")
    assert SurveyAnswer.objects.get().score == 4 and Ticket.objects.count() == 2


def test_a_clock_that_is_behind_ours_loses_no_answer(house: House, shop: Channel) -> None:
    put_question(house, shop)
    early = database_now() - timedelta(minutes=5)
    write(shop, "3", at=early, received_at=database_now(), timed_by_provider=True)
    assert SurveyAnswer.objects.get().score == 3


def test_somebody_elses_number_is_nobodys_rating(house: House, shop: Channel) -> None:
    put_question(house, shop)
    write(shop, "1", sender=Address("Ann", "telegram:2"), thread_id="telegram:2")
    write(shop, "1", verdict="fail")
    assert not SurveyAnswer.objects.exists()


def test_a_word_costs_one_statement_more_and_a_sentence_none(house: House, shop: Channel) -> None:
    put_question(house, shop)

    def cost(text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            receive(shop, text=text, identity_kind="page_user", sender=Address("Zoe", WHO), thread_id=WHO,
                    external_id=f"telegram:{text}")  # fmt: skip
        return len([one for one in queries if "'expects'" in one["sql"]])

    assert cost("This is a longer sentence, and no answer to it.") == 0
    assert cost("4") == 1
