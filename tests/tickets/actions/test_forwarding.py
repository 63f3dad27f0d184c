"""Passing on: what goes along, to whom, and where the answer to it stands."""

from __future__ import annotations

import io
from typing import Any

import pytest

from events.models import Event
from people.permissions import PermissionDenied
from tests.people import NOW, ZOE, House, events_of, make_agent, make_house, open_ticket, receive
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.errors import InvalidInput, NewAddress, NotFound, TicketClosed
from tickets.inbound import Address
from tickets.models import Attachment, Conversation, Draft, Message, Status, Ticket

pytestmark = pytest.mark.django_db
COURIER = "claims@courier.example"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, text="Where is my parcel?\n\n> [ref:" + "a" * 26 + "]")


def first(ticket: Ticket) -> Message:
    return Message.objects.get(ticket=ticket, sequence=1)


def passed_on(house: House, ticket: Ticket, **fields: Any) -> Message:
    fields = {"message": first(ticket).pk, "to": [COURIER], "confirmed": [COURIER], "text": "Please look"} | fields
    return actions.forward(ticket.pk, by=house.olena, **fields)


def leaves(message: Message) -> Any:
    assert message.not_before is not None
    return next(one for one in claim_replies(10, at=message.not_before) if one.message_id == message.pk)


def test_one_message_with_its_files_in_a_conversation_of_its_own(house: House, ticket: Ticket) -> None:
    Attachment.objects.create(
        message=first(ticket), ticket=ticket, filename="label.png", content_type="image/png", size=3, sha256="a" * 64
    )
    waiting = ticket.waiting_since

    message = passed_on(house, ticket)

    ticket.refresh_from_db()
    assert message.conversation.aside
    assert message.subject == "Fwd: Where is my parcel?"
    assert message.envelope == {"to": [{"name": "", "address": COURIER}], "forwards": [first(ticket).pk]}
    assert ticket.waiting_since == waiting
    assert events_of(ticket.pk)[2:] == ["message.forwarded"]
    assert [file.filename for file in message.attachments.all()] == ["label.png"]
    sent = leaves(message)
    assert [one.author.address for one in sent.forwarded] == [ZOE.address]
    assert sent.quoted is None
    assert (sent.in_reply_to, sent.references) == ("", ())
    ticket.refresh_from_db()
    assert ticket.waiting_since == waiting  # the customer has heard nothing


def test_the_whole_conversation_without_notes_and_without_what_was_taken_back(house: House, ticket: Ticket) -> None:
    actions.add_note(ticket.pk, by=house.ben, text="SECRET")
    gone = actions.reply(ticket.pk, by=house.olena, text="WITHDRAWN")
    actions.withdraw_reply(gone.pk, by=house.olena)
    answer = actions.reply(ticket.pk, by=house.olena, text="We ask the courier", undo_seconds=0, at=NOW)
    claim_replies(10, at=NOW)
    message = passed_on(house, ticket, message=None)

    assert message.envelope["forwards"] == [first(ticket).pk, answer.pk]
    said = "\n".join(one.text for one in leaves(message).forwarded)
    assert "We ask the courier" in said
    assert "SECRET" not in said
    assert "WITHDRAWN" not in said


def test_a_note_cannot_be_passed_on(house: House, ticket: Ticket) -> None:
    note = actions.add_note(ticket.pk, by=house.ben, text="SECRET")
    before = events_of(ticket.pk)
    with pytest.raises(InvalidInput):
        passed_on(house, ticket, message=note.pk)
    assert events_of(ticket.pk) == before
    assert not Conversation.objects.filter(aside=True).exists()


def test_each_forward_asks_for_its_addresses(house: House, ticket: Ticket) -> None:
    before = events_of(ticket.pk)
    with pytest.raises(NewAddress) as asked:
        passed_on(house, ticket, confirmed=[])
    assert asked.value.addresses == (COURIER,)
    assert events_of(ticket.pk) == before


def test_the_answer_comes_back_aside_and_is_no_word_of_the_customer(house: House, ticket: Ticket) -> None:
    message = passed_on(house, ticket)
    answer = receive(house.channel, sender=Address("Courier", COURIER), tokens=(message.reply_token,), text="Lost it")

    inbound = Message.objects.get(ticket=ticket, kind="inbound", sequence=3)
    assert inbound.pk == answer.message_id
    assert (inbound.conversation_id, inbound.pending) == (message.conversation_id, False)
    actions.reply(ticket.pk, by=house.olena, text="We are sorry", expected=3)
    reply = Message.objects.get(text="We are sorry")
    assert reply.envelope["to"] == [{"name": ZOE.name, "address": ZOE.address}]
    assert not reply.conversation.aside
    assert reply.envelope.get("in_reply_to") == first(ticket).external_id

    back = actions.reply(ticket.pk, by=house.olena, text="When?", answers=inbound.pk)
    assert back.conversation.aside
    assert back.envelope["to"] == [{"name": "Courier", "address": COURIER}]


def test_the_answer_reopens_but_nobody_says_that_the_customer_did(house: House, ticket: Ticket) -> None:
    message = passed_on(house, ticket)
    actions.set_status(ticket.pk, by=house.olena, status="pending")
    receive(house.channel, sender=Address("Courier", COURIER), tokens=(message.reply_token,))

    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    said = Event.objects.filter(stream_id=ticket.pk, kind="ticket.status_changed").latest("sequence")
    assert (said.actor_kind, said.data["aside"]) == ("system", True)


def test_without_our_address_an_answer_does_not_fall_into_the_customers_conversation(
    house: House, ticket: Ticket
) -> None:
    message = passed_on(house, ticket)
    receive(house.channel, sender=Address("Courier", COURIER), subject_numbers=(ticket.pk,), text="About #1")
    inbound = Message.objects.filter(ticket=ticket, kind="inbound").latest("sequence")
    assert inbound.text == "About #1"
    assert inbound.conversation_id == message.conversation_id


def test_the_customer_with_the_couriers_address_stays_in_their_own_conversation(house: House, ticket: Ticket) -> None:
    message = passed_on(house, ticket)
    receive(house.channel, tokens=(message.reply_token,), text="They told me to write here")
    inbound = Message.objects.get(text="They told me to write here")
    assert inbound.conversation_id == first(ticket).conversation_id


def test_taken_back_it_is_a_draft_of_its_own_and_the_copies_are_gone(house: House, ticket: Ticket) -> None:
    original = Attachment.objects.create(
        message=first(ticket), ticket=ticket, filename="label.png", content_type="image/png", size=3, sha256="a" * 64
    )
    upload = actions.upload_attachment(ticket.pk, by=house.olena, upload=io.BytesIO(b"more"), filename="more.txt")
    message = passed_on(house, ticket, attachments=[upload.public_id])

    actions.withdraw_reply(message.pk, by=house.olena)

    draft = Draft.objects.get()
    assert (draft.kind, draft.text, draft.about_id) == ("forward", "Please look", first(ticket).pk)
    assert draft.recipients["to"] == [{"name": "", "address": COURIER}]
    assert set(Attachment.objects.values_list("pk", "message_id")) == {
        (original.pk, first(ticket).pk), (upload.pk, None),
    }  # fmt: skip
    assert events_of(ticket.pk)[2:] == ["message.forwarded", "message.withdrawn"]


def test_outsiders_pass_nothing_on(house: House, ticket: Ticket) -> None:
    before = events_of(ticket.pk)
    for outsider, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            actions.forward(ticket.pk, by=outsider, to=[COURIER], confirmed=[COURIER])
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)
    with pytest.raises(TicketClosed):
        passed_on(house, ticket)
    assert events_of(ticket.pk) == before


def test_a_ticket_of_nobody_becomes_its_answerers_and_undo_gives_it_back(house: House, ticket: Ticket) -> None:
    nina = make_agent("Nina", team=house.support, takes_answered=True)

    message = actions.reply(ticket.pk, by=nina, text="Mine now", then_status="pending")

    ticket.refresh_from_db()
    assert ticket.assignee == nina
    assert events_of(ticket.pk)[2:] == ["ticket.assigned", "message.queued", "ticket.status_changed"]
    actions.withdraw_reply(message.pk, by=nina)
    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert ticket.status == Status.OPEN


def test_a_ticket_of_somebody_stays_theirs(house: House, ticket: Ticket) -> None:
    nina = make_agent("Nina", team=house.support, takes_answered=True)
    actions.assign_ticket(ticket.pk, by=house.ben, assignee=house.ben)
    actions.reply(ticket.pk, by=nina, text="I help out")
    ticket.refresh_from_db()
    assert ticket.assignee == house.ben
