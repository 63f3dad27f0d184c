"""Splitting, linking: what moves, what stays, what it asks of us, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from events.models import Event
from metrics.verify import differences
from people.permissions import PermissionDenied
from tests.metrics.shop import brief, make_policy, settle
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.errors import InvalidInput, NotFound
from tickets.inbound import Address
from tickets.models import Conversation, Message, MessageKind, Relocation, Status, Ticket, TicketLink

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    """A question, and an hour later another that has nothing to do with it."""
    ticket = open_ticket(house.channel, external_id="first@customer.example")
    receive(
        house.channel, in_reply_to="first@customer.example", external_id="other@customer.example",
        text="By the way, do you sell shoes?", received_at=NOW + HOUR,
    )  # fmt: skip
    ticket.refresh_from_db()
    return ticket


def second(ticket: Ticket) -> Message:
    return Message.objects.get(ticket=ticket, sequence=2)


def split(house: House, ticket: Ticket) -> Relocation:
    return actions.split_ticket(
        ticket.pk, by=house.olena, messages=[second(ticket).pk], subject=" Shoes ", at=NOW + 2 * HOUR
    )


def test_chosen_messages_become_a_ticket_of_their_own(house: House, ticket: Ticket) -> None:
    moved = second(ticket)

    made = split(house, ticket).target

    ticket.refresh_from_db()
    made.refresh_from_db()
    moved.refresh_from_db()
    assert (made.subject, made.status, made.customer_id, made.team) == (
        "Shoes",
        "open",
        ticket.customer_id,
        house.support,
    )
    assert (made.opened_at, made.waiting_since, made.message_sequence) == (NOW + HOUR, NOW + HOUR, 1)
    assert (moved.ticket, moved.sequence, moved.origin) == (made, 1, ticket)
    assert (ticket.preview, ticket.waiting_since) == ("Hello, my parcel has not arrived.", NOW)
    assert TicketLink.objects.get().reason == "split"
    assert events_of(made.pk) == ["ticket.opened", "ticket.split_off"]
    assert events_of(ticket.pk)[-1] == "ticket.split"
    assert receive(house.channel, in_reply_to="other@customer.example").ticket_id == made.pk
    assert receive(house.channel, in_reply_to="first@customer.example").ticket_id == ticket.pk


def test_taken_back_it_stands_where_it_stood_with_what_came_since(house: House, ticket: Ticket) -> None:
    moved = second(ticket)
    where = moved.conversation
    done = split(house, ticket)
    receive(house.channel, in_reply_to="other@customer.example", text="Size 40")

    for _ in range(2):
        actions.undo_split(done.pk, by=house.ben)

    moved.refresh_from_db()
    ticket.refresh_from_db()
    made = Ticket.objects.get(pk=done.target_id)
    assert (moved.ticket, moved.sequence, moved.conversation, moved.origin) == (ticket, 2, where, None)
    assert [m.text for m in ticket.messages.order_by("sequence")][2:] == ["Size 40"]
    assert (made.status, made.merged_into) == (Status.CLOSED, ticket)
    assert events_of(made.pk)[-1] == "ticket.merged"
    assert events_of(ticket.pk)[-1] == "ticket.absorbed"
    assert_gapless(ticket.pk)


def test_promises_go_with_the_questions(house: House, ticket: Ticket) -> None:
    make_policy()
    settle()
    made = split(house, ticket).target
    settle()
    assert [clock[3] for clock in brief(made)] == ["running"]
    assert [clock[3] for clock in brief(ticket)] == ["running"]
    assert list(differences()) == []


@pytest.mark.parametrize("wrong", ["nothing", "all", "foreign", "queued", "note"])
def test_what_makes_no_ticket_is_refused(house: House, ticket: Ticket, wrong: str) -> None:
    foreign = open_ticket(house.other_channel)
    queued = actions.reply(ticket.pk, by=house.olena, text="Yes")
    note = actions.add_note(ticket.pk, by=house.olena, text="Hm")
    chosen = {
        "nothing": [], "all": [*ticket.messages.exclude(pk=queued.pk).values_list("pk", flat=True)],
        "foreign": [Message.objects.get(ticket=foreign).pk], "queued": [queued.pk], "note": [note.pk],
    }[wrong]  # fmt: skip
    if wrong == "all":
        actions.withdraw_reply(queued.pk, by=house.olena)
        queued.delete()
    before = row_counts()
    with pytest.raises(InvalidInput):
        actions.split_ticket(ticket.pk, by=house.olena, messages=chosen)
    assert row_counts() == before


def test_outsiders_split_and_take_back_nothing(house: House, ticket: Ticket) -> None:
    done = split(house, ticket)
    before = row_counts()
    for by, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            actions.split_ticket(ticket.pk, by=by, messages=[1])
        with pytest.raises(refusal):
            actions.undo_split(done.pk, by=by)
        with pytest.raises(refusal):
            actions.link_tickets(ticket.pk, by=by, other=done.target_id, reason="related")
        with pytest.raises(refusal):
            actions.unlink_tickets(ticket.pk, by=by, other=done.target_id, reason="related")
    assert row_counts() == before


def test_a_link_is_said_in_both_and_taken_back(house: House, ticket: Ticket) -> None:
    other = open_ticket(house.channel)
    for _ in range(2):
        actions.link_tickets(ticket.pk, by=house.olena, other=other.pk, reason="related", note=" same  parcel ")
    actions.link_tickets(other.pk, by=house.olena, other=ticket.pk, reason="related")

    link = TicketLink.objects.get()
    assert (link.ticket, link.other, link.note) == (ticket, other, "same parcel")
    assert events_of(ticket.pk)[-1] == events_of(other.pk)[-1] == "ticket.linked"

    for _ in range(2):
        actions.unlink_tickets(other.pk, by=house.ben, other=ticket.pk, reason="related")
    assert not TicketLink.objects.exists()
    assert events_of(ticket.pk)[-2:] == ["ticket.linked", "ticket.unlinked"]


def test_parts_make_a_tree(house: House, ticket: Ticket) -> None:
    child, grandchild = open_ticket(house.channel), open_ticket(house.channel)
    actions.link_tickets(child.pk, by=house.olena, other=ticket.pk, reason="child")
    actions.link_tickets(grandchild.pk, by=house.olena, other=child.pk, reason="child")
    for one, other in ((ticket, grandchild), (ticket, child), (ticket, ticket)):
        with pytest.raises(InvalidInput):
            actions.link_tickets(one.pk, by=house.olena, other=other.pk, reason="child")
    with pytest.raises(InvalidInput):
        actions.link_tickets(child.pk, by=house.olena, other=ticket.pk, reason="follow_up")


def test_a_link_into_another_team_is_not_made(house: House, ticket: Ticket) -> None:
    theirs = open_ticket(house.other_channel)
    before = row_counts()
    with pytest.raises(NotFound):
        actions.link_tickets(ticket.pk, by=house.olena, other=theirs.pk, reason="related")
    assert row_counts() == before


def test_a_link_made_or_taken_away_comes_back_by_its_undo(house: House, ticket: Ticket) -> None:
    other, client = open_ticket(house.channel), Client()
    client.force_login(house.olena)
    links = f"/tickets/{ticket.pk}/links/"

    # The other is part of this one; taken back and made again it still points that way and says why.
    made = client.post(links, {"other": other.pk, "reason": "parent", "note": "one parcel"}).json()
    repeated = client.post(links, {"other": other.pk, "reason": "parent"}).json()
    assert "undo" not in repeated, "nothing was changed"
    assert client.post(made["undo"]).json()["said"] == "Taken back."
    assert not TicketLink.objects.exists()
    known = events_of(ticket.pk)
    assert known[-2:] == ["ticket.linked", "ticket.unlinked"]
    assert client.post(made["undo"]).status_code == 200
    assert events_of(ticket.pk) == known, "twice is once"

    client.post(links, {"other": other.pk, "reason": "parent", "note": "one parcel"})
    gone = client.post(links, {"other": other.pk, "reason": "child", "remove": "1"}).json()
    assert not TicketLink.objects.exists()
    assert client.post(gone["undo"]).status_code == 200
    link = TicketLink.objects.get()
    assert (link.ticket, link.other, link.reason, link.note) == (other, ticket, "child", "one parcel")
    assert client.post(made["undo"]).status_code == 200, "its own undo stands in the ledger"
    assert TicketLink.objects.count() == 1


def test_the_undo_of_a_link_is_its_maker_s_and_only_until_the_next_change(house: House, ticket: Ticket) -> None:
    other, client = open_ticket(house.channel), Client()
    client.force_login(house.olena)
    made = client.post(f"/tickets/{ticket.pk}/links/", {"other": other.pk, "reason": "related"}).json()
    before = row_counts()
    for by, status in ((house.ben, 404), (house.mallory, 404), (house.vera, 404)):
        client.force_login(by)
        assert client.post(made["undo"]).status_code == status
    client.force_login(house.olena)
    for wrong in ("0", "x", "9" * 30, str(Event.objects.filter(kind="ticket.opened").earliest("pk").pk)):
        assert client.post(f"/tickets/{ticket.pk}/links/?undo={wrong}").status_code == 404
    assert {name for name, n in row_counts().items() if n != before[name]} <= {"people_agentsession"}
    actions.unlink_tickets(other.pk, by=house.ben, other=ticket.pk, reason="related")
    actions.link_tickets(other.pk, by=house.ben, other=ticket.pk, reason="related")
    assert client.post(made["undo"]).status_code == 409
    assert TicketLink.objects.get().ticket == other


@pytest.mark.parametrize("also", [False, True])
def test_what_was_said_aside_becomes_a_ticket_that_works(house: House, ticket: Ticket, also: bool) -> None:
    """Somebody asked aside has a matter of their own: theirs by itself, the customer's with a message of the customer."""
    courier = Address("Claims", "claims@courier.example")
    asked = actions.ask_aside(
        ticket.pk, by=house.olena, to=[courier.address], text="Where is it?", confirmed=[courier.address],
        undo_seconds=0,
    )  # fmt: skip
    receive(house.channel, sender=courier, tokens=(asked.reply_token,), text="In Lviv. And our invoice?")
    said = Message.objects.filter(conversation=asked.conversation_id, kind=MessageKind.INBOUND).get()
    own = Message.objects.filter(ticket=ticket, kind=MessageKind.INBOUND, conversation__aside=False).latest("sequence")
    done = actions.split_ticket(ticket.pk, by=house.olena, messages=[said.pk, own.pk] if also else [said.pk])
    made = done.target
    assert made.customer_id == (own if also else said).identity.customer_id
    actions.add_note(made.pk, by=house.olena, text="Paid?")
    reply = actions.reply(made.pk, by=house.olena, text="We look into it.")
    assert [one["address"] for one in reply.envelope["to"]] == [(own if also else said).identity.value]
    aside = Conversation.objects.filter(ticket=made, aside=True)
    assert aside.count() == (1 if also else 0)
    if not also:
        actions.withdraw_reply(reply.pk, by=house.olena)
        actions.undo_split(done.pk, by=house.olena)
        assert not Conversation.objects.filter(ticket=ticket, aside=False, customer_id=made.customer_id).exists()
        answer = actions.reply(ticket.pk, by=house.olena, text="It is in Lviv.")
        assert answer.conversation.customer_id == ticket.customer_id
