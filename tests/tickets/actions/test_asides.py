"""Asking aside: who gets what, where the answer stands, what the list shows; and never a word to the customer."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from people.permissions import PermissionDenied
from tests.people import House, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.errors import InvalidInput, NewAddress, NotFound
from tickets.inbound import Address
from tickets.models import AsideState, Conversation, Message, Ticket

COURIER = "claims@courier.example"


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, text="Where is parcel 4711?")


def ask(house: House, ticket: Ticket, **fields: object) -> Message:
    values: dict[str, object] = {"to": [COURIER], "text": "Where is it?", "confirmed": [COURIER], "undo_seconds": 0}
    return actions.ask_aside(ticket.pk, by=house.olena, **(values | fields))  # type: ignore[arg-type]


def answer(house: House, asked: Message, text: str = "In Lviv.") -> int | None:
    """What the courier writes back, through our reply address."""
    result = receive(house.channel, sender=Address("Claims", COURIER), tokens=(asked.reply_token,), text=text)
    return result.ticket_id


def aside_of(ticket: Ticket) -> int:
    ticket.refresh_from_db()
    return ticket.aside


def test_they_get_the_question_and_nothing_else(house: House, ticket: Ticket) -> None:
    waits = ticket.waiting_since
    asked = ask(house, ticket, subject="Parcel 4711")
    (mail,) = claim_replies(5, at=timezone.now() + timedelta(seconds=1))

    assert (mail.subject, [one.address for one in mail.to]) == ("Parcel 4711", [COURIER])
    assert "Where is parcel" not in mail.text
    assert asked.conversation.aside
    assert aside_of(ticket) == AsideState.ASKED
    assert ticket.waiting_since == waits


def test_messages_chosen_go_along(house: House, ticket: Ticket) -> None:
    first = Message.objects.get(ticket=ticket)
    asked = ask(house, ticket, quoted=[first.pk])
    assert asked.envelope["forwards"] == [first.pk]
    with pytest.raises(InvalidInput):
        ask(house, ticket, quoted=[first.pk, actions.add_note(ticket.pk, by=house.olena, text="secret").pk])


def test_their_answer_comes_back_there_and_the_customer_hears_nothing(house: House, ticket: Ticket) -> None:
    asked = ask(house, ticket)
    assert answer(house, asked) == ticket.pk
    assert aside_of(ticket) == AsideState.ANSWERED

    more = actions.say_aside(asked.conversation_id, by=house.olena, text="Thank you")
    assert aside_of(ticket) == AsideState.ASKED
    assert (more.conversation_id, [one["address"] for one in more.envelope["to"]]) == (asked.conversation_id, [COURIER])

    reply = actions.reply(ticket.pk, by=house.olena, text="It is in Lviv.")
    assert [one["address"] for one in reply.envelope["to"]] == ["zoe@customer.example"]
    assert not reply.conversation.aside


def test_whoever_the_one_asked_copies_takes_no_part(house: House, ticket: Ticket) -> None:
    """The customer in their Cc must not read what is said aside from then on."""
    asked = ask(house, ticket)
    copied = (Address("Zoe", "zoe@customer.example"), Address("Boss", "boss@courier.example"))
    receive(house.channel, sender=Address("Claims", COURIER), tokens=(asked.reply_token,), text="In Lviv.", cc=copied)
    more = actions.say_aside(asked.conversation_id, by=house.olena, text="Our margin is 80 percent.")
    assert [one["address"] for one in (*more.envelope["to"], *more.envelope.get("cc", []))] == [COURIER]


def test_each_side_is_a_stranger_to_the_other(house: House, ticket: Ticket) -> None:
    asked = ask(house, ticket)
    answer(house, asked)
    before = row_counts()
    with pytest.raises(NewAddress):
        actions.reply(ticket.pk, by=house.olena, text="Both of you:", to=["zoe@customer.example", COURIER])
    said = Message.objects.filter(conversation=asked.conversation_id, kind="inbound").get()
    with pytest.raises(NewAddress):
        actions.reply(ticket.pk, by=house.olena, text="x", answers=said.pk, to=[COURIER, "zoe@customer.example"])
    assert row_counts() == before


def test_settled_until_something_comes(house: House, ticket: Ticket) -> None:
    asked = ask(house, ticket)
    for _ in range(2):
        actions.settle_aside(asked.conversation_id, by=house.olena, at=timezone.now() - timedelta(days=400))
    assert aside_of(ticket) == AsideState.NONE
    assert events_of(ticket.pk)[-1] == "aside.settled"

    answer(house, asked, "One more thing")
    assert aside_of(ticket) == AsideState.ANSWERED
    assert not Conversation.objects.get(pk=asked.conversation_id).is_settled


def test_the_same_click_asks_once(house: House, ticket: Ticket) -> None:
    client_id = uuid.uuid4()
    assert ask(house, ticket, client_id=client_id) == ask(house, ticket, client_id=client_id)
    assert Conversation.objects.filter(aside=True).count() == 1


def test_outsiders_ask_and_read_nothing(house: House, ticket: Ticket) -> None:
    asked = ask(house, ticket)
    before = row_counts()
    for by, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            actions.ask_aside(ticket.pk, by=by, to=[COURIER], text="x", confirmed=[COURIER])
        with pytest.raises(refusal):
            actions.say_aside(asked.conversation_id, by=by, text="x")
        with pytest.raises(refusal):
            actions.settle_aside(asked.conversation_id, by=by)
    with pytest.raises(NewAddress):
        ask(house, ticket, confirmed=[])
    with pytest.raises(NotFound):
        actions.settle_aside(Conversation.objects.get(ticket=ticket, aside=False).pk, by=house.olena)
    assert row_counts() == before


def test_the_pane_and_the_row_show_it(house: House, ticket: Ticket) -> None:
    client = Client()
    client.force_login(house.olena)
    asked = ask(house, ticket)
    answer(house, asked)
    assert "Answer aside" in client.get("/inbox/open/").content.decode()
    assert "Answered" in client.get(f"/tickets/{ticket.pk}/asides/").content.decode()
    sheet = client.get(f"/asides/{asked.conversation_id}/").content.decode()
    assert "In Lviv." in sheet
    assert "parcel 4711" not in sheet


def test_it_is_settled_and_opened_again_from_its_sheet(house: House, ticket: Ticket) -> None:
    client = Client()
    client.force_login(house.olena)
    asked = ask(house, ticket)
    for word, said in (("done", "Settled"), ("again", "Asked, no answer yet")):
        answered = client.post(f"/asides/{asked.conversation_id}/say/", {"text": "", word: "1"})
        assert answered.status_code == 200, answered.content
        assert said in client.get(f"/tickets/{ticket.pk}/asides/").content.decode()
