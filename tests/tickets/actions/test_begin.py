"""Writing first: a ticket that is ours from its first word, once however often it is clicked, within one's sight."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event
from metrics.models import Clock
from people.models import Customer, Identity, Role, Trust
from people.permissions import PermissionDenied
from tests.metrics.shop import make_policy, settle
from tests.people import NOW, House, assert_gapless, events_of, make_agent, make_house, open_ticket, receive, row_counts
from tickets.actions import add_note, add_tag, assign_ticket, reply, withdraw_reply
from tickets.actions.begin import Beginning, begin_conversation, may_begin
from tickets.actions.delivery import claim_replies
from tickets.actions.drafts import save_draft
from tickets.actions.refusals import note_refusal
from tickets.actions.ways import typed_address, ways_to
from tickets.actions.withdrawal import beginning_taken_back
from tickets.errors import IdempotencyMismatch, InvalidInput, NotFound, TooLate
from tickets.inbound import Address
from tickets.models import Channel, Conversation, Cycle, Message, Participant, Refusal, Ticket

pytestmark = pytest.mark.django_db
NEW = "new@customer.example"


@pytest.fixture
def house() -> House:
    return make_house()


def begin(house: House, **fields: Any) -> Message:
    values: dict[str, Any] = {"by": house.olena, "text": "Your parcel is here.", "subject": "Your parcel", "at": NOW}
    wish = fields.pop("wish", None) or Beginning(house.channel.pk, address=NEW)
    return begin_conversation(wish, **(values | fields))


def test_a_ticket_of_ours_to_an_address_nobody_has_had(house: House) -> None:
    message = begin(house, html="<p>Your <b>parcel</b> is here.</p>")
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.status, ticket.assignee, ticket.team) == (
        "Your parcel", "pending", house.olena, house.support
    )  # fmt: skip
    assert (ticket.message_sequence, ticket.inbound_sequence, ticket.waiting_since) == (1, 0, None)
    assert (ticket.preview, ticket.opened_at, ticket.last_message_at) == ("Your parcel is here.", NOW, NOW)
    assert [(c.number, c.opened_at, c.solved_at, c.first_reply_at) for c in ticket.cycles.all()] == [
        (1, NOW, None, None)
    ]
    identity = Identity.objects.get(value=NEW)
    assert (identity.kind, identity.trust, identity.customer) == ("email", Trust.CLAIMED, ticket.customer)
    [participant] = Participant.objects.all()
    assert (participant.identity, participant.role, participant.state) == (identity, "requester", "active")
    assert (message.subject, message.kind, message.outbox, message.agent) == (
        "Your parcel", "outbound", "queued", house.olena
    )  # fmt: skip
    assert message.envelope["to"] == [{"name": "", "address": NEW}]
    assert message.not_before == NOW + timedelta(seconds=10)
    assert message.html == "<p>Your <b>parcel</b> is here.</p>"
    assert message.conversation.external_id == ""
    assert events_of(ticket.pk) == [
        "ticket.opened", "ticket.assigned", "message.queued", "ticket.status_changed"
    ]  # fmt: skip
    told = {event.kind: event for event in Event.objects.filter(stream_type="ticket", stream_id=ticket.pk)}
    assert told["ticket.opened"].data == {"channel": house.channel.pk, "status": "open", "begun": True}
    assert {(event.actor_kind, event.actor_id) for event in told.values()} == {("agent", house.olena.pk)}
    assert told["message.queued"].data["status_to"] == "pending"
    assert_gapless(ticket.pk)


def test_the_answer_comes_back_and_only_then_a_promise_begins(house: House) -> None:
    make_policy()
    message = begin(house, undo_seconds=0)
    (mail,) = claim_replies(5, at=NOW + timedelta(seconds=1))
    assert (mail.subject, [one.address for one in mail.to], mail.in_reply_to) == ("Your parcel", [NEW], "")
    assert message.reply_token and message.reply_token in mail.reply_address
    settle()
    assert not Clock.objects.exists(), "nobody has asked us anything"
    assert Cycle.objects.get().first_reply_at is None

    at = NOW + timedelta(hours=1)
    result = receive(
        house.channel, sender=Address("Nina", NEW), tokens=(message.reply_token,), text="When?", at=at, received_at=at
    )  # fmt: skip
    ticket = Ticket.objects.get()
    assert (result.ticket_id, ticket.status, ticket.waiting_since) == (ticket.pk, "open", at)
    settle()
    assert sorted(Clock.objects.values_list("target", flat=True)) == ["next"]


def test_to_a_customer_by_the_address_chosen(house: House) -> None:
    zoe = open_ticket(house.channel, verdict="pass").customer
    [way] = ways_to(zoe, by=house.olena, at=NOW)
    message = begin(house, wish=Beginning(house.channel.pk, customer_id=zoe.pk, identity_id=way.identity.pk))
    assert message.ticket.customer == zoe
    assert message.envelope["to"] == [{"name": "Zoe Bauer", "address": "zoe@customer.example"}]
    assert Ticket.objects.filter(customer=zoe).count() == 2
    # A typed address that she has is hers, written as she may.
    typed = begin(house, wish=Beginning(house.channel.pk, address=" ZOE@customer.example "))
    assert typed.ticket.customer == zoe
    assert Customer.objects.count() == 1


def test_an_address_without_proof_is_written_to_and_stays_without(house: House) -> None:
    zoe = open_ticket(house.channel).customer
    [way] = ways_to(zoe, by=house.olena, at=NOW)
    assert (way.is_proven, way.why) == (False, "")
    begin(house, wish=Beginning(house.channel.pk, customer_id=zoe.pk))
    assert Identity.objects.get().trust == Trust.CLAIMED


def test_the_same_click_twice_is_one_conversation(house: House) -> None:
    client_id = uuid.uuid4()
    first = begin(house, client_id=client_id)
    known = row_counts()
    assert begin(house, client_id=client_id) == first
    assert row_counts() == known
    for changed in ({"text": "Something else."}, {"by": house.ben}):
        with pytest.raises(IdempotencyMismatch):
            begin(house, client_id=client_id, **changed)
    answered = reply(open_ticket(house.channel).pk, by=house.olena, text="Hi", client_id=uuid.uuid4())
    with pytest.raises(IdempotencyMismatch):
        begin(house, client_id=answered.client_id, text="Hi")
    assert Ticket.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True], ids=["newcomer", "known address"])
def test_two_tabs_at_the_same_moment_are_one_too(house: House, known: bool) -> None:
    if known:
        open_ticket(house.channel, sender=Address("Nina", NEW))
    client_id, before, ready = uuid.uuid4(), Ticket.objects.count(), threading.Barrier(4)

    def click() -> int:
        ready.wait()
        try:
            return begin(house, client_id=client_id).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = {one.result() for one in [pool.submit(click) for _ in range(4)]}
    assert len(made) == 1
    assert Ticket.objects.count() == before + 1
    assert Message.objects.filter(kind="outbound").count() == 1
    assert Customer.objects.count() == 1
    assert Conversation.objects.count() == before + 1
    assert_gapless(Ticket.objects.latest("pk").pk)


def test_nobody_begins_what_they_would_not_see(house: House) -> None:
    theirs = open_ticket(house.other_channel, sender=Address("Max", "max@customer.example")).customer
    carl = make_agent("Carl", role=Role.CONTRACTOR, team=house.support)
    liam = make_agent("Liam", team=house.support, channels=[house.other_channel.pk])
    before = row_counts()
    for by, wish, refused in (
        (house.olena, Beginning(house.channel.pk, customer_id=theirs.pk), NotFound),
        (house.olena, Beginning(house.channel.pk, customer_id=987654), NotFound),
        (house.olena, Beginning(house.other_channel.pk, address=NEW), InvalidInput),
        (house.mallory, Beginning(house.channel.pk, address=NEW), InvalidInput),
        (liam, Beginning(house.channel.pk, address=NEW), InvalidInput),
        (carl, Beginning(house.channel.pk, address=NEW), PermissionDenied),
        (house.vera, Beginning(house.channel.pk, address=NEW), PermissionDenied),
    ):
        with pytest.raises(refused):
            begin(house, by=by, wish=wish)
    assert row_counts() == before
    assert [may_begin(one) for one in (house.olena, house.adam, house.vera, carl)] == [True, True, False, False]
    assert begin(house, by=house.adam).ticket.assignee == house.adam


def test_what_can_not_be_sent_leaves_nothing(house: House) -> None:
    before = row_counts()
    for field, changed in (
        ("subject", {"subject": " \n "}),
        ("text", {"text": " "}),
        ("text", {"text": "Hello {{order.number}}"}),
        ("text", {"html": '<p><img src="cid:11111111-1111-1111-1111-111111111111"></p>'}),
        ("to", {"wish": Beginning(house.channel.pk, address="nonsense")}),
        ("way", {"wish": Beginning(house.channel.pk, address="+380671110022")}),
        ("way", {"wish": Beginning(house.channel.pk, address="support+x@shop.example")}),
        ("template", {"wish": Beginning(house.channel.pk, address=NEW, template_id=7)}),
    ):
        with pytest.raises(InvalidInput) as refused:
            begin(house, **changed)
        assert refused.value.field == field, changed
    assert row_counts() == before


def test_who_wants_nothing_or_is_not_reached_is_left_alone(house: House) -> None:
    zoe = open_ticket(house.channel).customer
    before = row_counts()
    for changed, why in (
        ({"hard_bounces": 2}, "Mail to this address comes back."),
        ({"blocked_at": NOW}, "Its mail is blocked as spam, so no answer would reach you."),
    ):
        Identity.objects.update(**({"hard_bounces": 0, "blocked_at": None} | changed))
        for wish in ({"customer_id": zoe.pk}, {"address": "zoe@customer.example"}):
            with pytest.raises(InvalidInput, match=why):
                begin(house, wish=Beginning(house.channel.pk, **wish))  # type: ignore[arg-type]
    assert row_counts() == before
    Channel.objects.update(is_active=False)
    assert ways_to(zoe, by=house.olena, at=NOW) == []


@pytest.mark.parametrize(
    ("refuses", "why"),
    [
        (Refusal.STOPPED, "They asked us to stop writing to them here."), (Refusal.BLOCKED, "They have blocked us here."),
        (Refusal.UNREACHABLE, "They could not be reached here."),
    ],
)  # fmt: skip
def test_a_refusal_is_of_one_channel(house: House, refuses: Refusal, why: str) -> None:
    zoe = open_ticket(house.channel).customer
    assert note_refusal(house.channel.pk, "zoe@customer.example", refuses, at=NOW)
    before = row_counts()
    with pytest.raises(InvalidInput, match=why):
        begin(house, wish=Beginning(house.channel.pk, customer_id=zoe.pk))
    assert row_counts() == before
    assert not note_refusal(house.channel.pk, "zoe@customer.example", refuses, at=NOW), "twice is once"
    assert not note_refusal(house.channel.pk, "zoe@customer.example", "", at=NOW - timedelta(days=1)), "heard late"
    assert note_refusal(house.other_channel.pk, "zoe@customer.example", refuses, at=NOW)
    assert note_refusal(house.channel.pk, "zoe@customer.example", "", at=NOW + timedelta(seconds=1))
    assert begin(house, wish=Beginning(house.channel.pk, customer_id=zoe.pk)).outbox == "queued"


def test_taken_back_its_ticket_goes_too_and_its_number_stays_taken(house: House) -> None:
    first = begin(house, at=timezone.now())
    withdraw_reply(first.pk, by=house.olena)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.preview, ticket.waiting_since, ticket.needs_attention) == ("closed", "", None, False)
    assert ticket.closed_at is not None
    assert not ticket.drafts.exists(), "the words go on in the form"
    told = ["ticket.opened", "ticket.assigned", "message.queued", "ticket.status_changed", "message.withdrawn",
            "ticket.closed"]  # fmt: skip
    assert events_of(ticket.pk) == told
    closed = Event.objects.get(kind="ticket.closed")
    assert (closed.data, closed.actor_id) == ({"from": "pending", "withdrawn": first.pk}, house.olena.pk)
    assert_gapless(ticket.pk)
    assert claim_replies(5, at=timezone.now() + timedelta(minutes=1)) == []

    withdraw_reply(first.pk, by=house.olena)
    assert events_of(ticket.pk) == told, "twice is once"
    assert begin(house, text="Your parcel is here, really.").ticket_id > ticket.pk
    gone = beginning_taken_back(first.pk, by=house.olena)
    assert gone and gone.text == "Your parcel is here."
    assert beginning_taken_back(first.pk, by=house.ben) is None


def test_on_its_way_it_is_not_taken_back(house: House) -> None:
    first = begin(house, undo_seconds=0)
    assert len(claim_replies(5, at=timezone.now())) == 1
    with pytest.raises(TooLate):
        withdraw_reply(first.pk, by=house.olena)
    assert Ticket.objects.get().status == "pending"
    assert beginning_taken_back(first.pk, by=house.olena) is None


def _note(house: House, ticket: int) -> None:
    add_note(ticket, by=house.ben, text="Call them instead.")


def _tag(house: House, ticket: int) -> None:
    add_tag(ticket, by=house.olena, name="vip")


def _give(house: House, ticket: int) -> None:
    assign_ticket(ticket, by=house.ben, assignee=house.ben)


def _half_written(house: House, ticket: int) -> None:
    save_draft(ticket, by=house.ben, kind="note", text="I wonder", recipients={}, revision=1)


@pytest.mark.parametrize("meanwhile", [_note, _tag, _give, _half_written])
def test_a_ticket_on_which_something_happened_stays(house: House, meanwhile: Callable[[House, int], None]) -> None:
    first = begin(house, at=timezone.now())
    meanwhile(house, first.ticket_id)
    withdraw_reply(first.pk, by=house.olena)
    ticket = Ticket.objects.get()
    assert ticket.status == "open"
    assert ticket.drafts.get(agent=house.olena, kind="outbound").text == "Your parcel is here."
    assert "ticket.closed" not in events_of(ticket.pk)
    assert beginning_taken_back(first.pk, by=house.olena) is None


def test_taken_back_and_sent_anew_it_is_still_a_first_mail(house: House) -> None:
    first = begin(house, at=timezone.now())
    add_note(first.ticket_id, by=house.ben, text="They like to be called Nina.")
    withdraw_reply(first.pk, by=house.olena)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.preview, ticket.assignee) == ("open", "", house.olena)
    assert ticket.drafts.get().text == "Your parcel is here."
    again = reply(ticket.pk, by=house.olena, text="Your parcel is here, really.", then_status="pending")
    assert (again.subject, again.envelope["to"]) == ("Your parcel", [{"name": "", "address": NEW}])
    assert "in_reply_to" not in again.envelope
    # What follows before they answer goes on from there.
    more = reply(ticket.pk, by=house.olena, text="At the door.")
    assert (more.subject, more.envelope["in_reply_to"]) == ("Re: Your parcel", again.external_id)
    assert more.envelope["to"] == [{"name": "", "address": NEW}]


@pytest.mark.parametrize(
    ("typed", "found"),
    [(" Zoe@Shop.example ", ("email", "zoe@shop.example")), ("+38 (067) 111-00-22", ("phone", "+380671110022")),
     ("0671110022", ("", "")), ("zoe", ("", "")), ("", ("", "")), ("+", ("", "")), ("a b@c.de", ("", ""))],
)  # fmt: skip
def test_what_is_typed_is_an_address_or_none(typed: str, found: tuple[str, str]) -> None:
    assert typed_address(typed) == found
