"""Answering: the row, the exact events, who is reached, what is stopped, what is taken back."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import transaction

from people.permissions import PermissionDenied
from tests.people import NOW, ZOE, House, assert_gapless, events_of, make_house, open_ticket, receive
from tickets import actions
from tickets.errors import (
    DomainError,
    IdempotencyMismatch,
    InvalidInput,
    NewAddress,
    NotFound,
    StaleReply,
    TicketClosed,
    TooLate,
)
from tickets.inbound import Address
from tickets.models import Draft, Message, OutboxState, Participant, SearchEntry, Seen, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, external_id="first@customer.example", references=("older@customer.example",))


def test_a_reply_is_queued_and_waits_for_undo(house: House, ticket: Ticket) -> None:
    actions.save_draft(ticket.pk, by=house.olena, kind="outbound", text="It is", recipients={}, revision=1)

    message = actions.reply(ticket.pk, by=house.olena, text="It is on its way.", at=NOW)

    ticket.refresh_from_db()
    assert (message.sequence, message.kind, message.outbox) == (2, "outbound", OutboxState.QUEUED)
    assert message.not_before == NOW + timedelta(seconds=10)
    assert message.envelope == {
        "to": [{"name": "Zoe Bauer", "address": ZOE.address}],
        "in_reply_to": "first@customer.example",
        "references": ["older@customer.example", "first@customer.example"],
    }
    assert message.subject == "Re: Where is my parcel?"
    assert message.external_id == f"{message.reply_token}@shop.example"
    assert (ticket.waiting_since, ticket.preview, ticket.message_sequence) == (None, "It is on its way.", 2)
    assert events_of(ticket.pk)[2:] == ["message.queued"]
    assert Seen.objects.get(agent=house.olena).sequence == 2
    assert not Draft.objects.exists()
    assert SearchEntry.objects.filter(message=message).exists()
    assert_gapless(ticket.pk)


def test_the_same_click_twice_is_one_message(house: House, ticket: Ticket) -> None:
    click = uuid.uuid4()
    first = actions.reply(ticket.pk, by=house.olena, text="Once", client_id=click, expected=1)

    again = actions.reply(ticket.pk, by=house.olena, text="Once", client_id=click, expected=1)

    assert again == first
    assert Message.objects.filter(kind="outbound").count() == 1
    with pytest.raises(IdempotencyMismatch):
        actions.reply(ticket.pk, by=house.olena, text="Other", client_id=click)


def test_the_same_click_for_two_tickets_at_once_is_refused(
    house: House, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither transaction sees the other's row, and they lock different tickets: the unique key decides."""
    click = uuid.uuid4()
    other = open_ticket(house.channel, external_id="other@customer.example")
    actions.reply(ticket.pk, by=house.olena, text="Once", client_id=click, expected=1)
    monkeypatch.setattr("tickets.actions.replies.repeated", lambda *_, **__: None)

    with pytest.raises(IdempotencyMismatch), transaction.atomic():
        actions.reply(other.pk, by=house.olena, text="Once", client_id=click, expected=1)

    assert list(other.messages.values_list("kind", flat=True)) == ["inbound"]
    assert events_of(other.pk) == ["ticket.opened", "message.received"]


@pytest.mark.parametrize("news", ["inbound", "reply", "note"])
def test_a_stale_screen_cannot_send(house: House, ticket: Ticket, news: str) -> None:
    if news == "inbound":
        receive(house.channel, subject_numbers=(ticket.pk,))
    elif news == "reply":
        actions.reply(ticket.pk, by=house.ben, text="I already did")
    else:
        actions.add_note(ticket.pk, by=house.ben, text="Do not answer yet")
    before = events_of(ticket.pk)

    with pytest.raises(StaleReply) as stopped:
        actions.reply(ticket.pk, by=house.olena, text="Me too", expected=1)

    assert stopped.value.missed == (2,)
    assert events_of(ticket.pk) == before
    assert actions.reply(ticket.pk, by=house.olena, text="Me too", expected=2).sequence == 3


def test_what_was_taken_back_makes_nobody_stale(house: House, ticket: Ticket) -> None:
    gone = actions.reply(ticket.pk, by=house.ben, text="Oops")
    actions.withdraw_reply(gone.pk, by=house.ben)

    assert actions.reply(ticket.pk, by=house.olena, text="Mine", expected=1).sequence == 3


def test_tags_and_assignment_make_nobody_stale(house: House, ticket: Ticket) -> None:
    actions.add_tag(ticket.pk, by=house.ben, name="VIP")
    actions.assign_ticket(ticket.pk, by=house.ben, assignee=house.ben)

    assert actions.reply(ticket.pk, by=house.olena, text="Mine", expected=1)


def test_a_new_outside_address_is_asked_about_once(house: House, ticket: Ticket) -> None:
    before = events_of(ticket.pk)
    with pytest.raises(NewAddress) as asked:
        actions.reply(ticket.pk, by=house.olena, text="Hi", cc=["Courier@fast.example"])
    assert asked.value.addresses == ("courier@fast.example",)
    assert events_of(ticket.pk) == before

    message = actions.reply(
        ticket.pk, by=house.olena, text="Hi", cc=["courier@fast.example"], confirmed=["courier@fast.example"]
    )

    assert message.envelope["cc"] == [{"name": "", "address": "courier@fast.example"}]
    assert events_of(ticket.pk)[-2:] == ["participant.joined", "message.queued"]
    assert actions.reply(ticket.pk, by=house.olena, text="Again", cc=["courier@fast.example"])


def test_a_reply_address_elsewhere_is_asked_about(house: House) -> None:
    ticket = open_ticket(house.channel, reply_to=(Address("", "drop@elsewhere.example"),))

    with pytest.raises(NewAddress):
        actions.reply(ticket.pk, by=house.olena, text="Hi")


def test_a_blind_copy_makes_nobody_a_participant(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Hi", bcc=["boss@b.example"], confirmed=["boss@b.example"])

    assert message.envelope["bcc"] == [{"name": "", "address": "boss@b.example"}]
    assert not Participant.objects.filter(identity__value="boss@b.example").exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"to": []}, "to"),
        ({"to": ["not an address"]}, "to"),
        ({"cc": ["a@b.example\r\nBcc: x@y.example"]}, "cc"),
        ({"to": ["support@shop.example", "support+abc@shop.example"]}, "to"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 100_001}, "text"),
        ({"attachments": [uuid.uuid4()]}, "attachments"),
        ({"answers": 1}, "answers"),
    ],
)
def test_bad_input_is_named_and_loses_nothing(
    house: House, ticket: Ticket, wish: dict[str, object], field: str
) -> None:
    before = events_of(ticket.pk)

    with pytest.raises(InvalidInput) as refused:
        actions.reply(ticket.pk, by=house.olena, **({"text": "Hi"} | wish))  # type: ignore[arg-type]

    assert refused.value.field == field
    assert (events_of(ticket.pk), Message.objects.count()) == (before, 1)


def test_a_reply_may_close_and_undo_opens_again(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Done", then_status=Status.SOLVED, at=NOW)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycles.get().solved_at) == (Status.SOLVED, NOW)

    actions.withdraw_reply(message.pk, by=house.olena, at=NOW + timedelta(seconds=5))

    ticket.refresh_from_db()
    message.refresh_from_db()
    assert (ticket.status, ticket.waiting_since, ticket.preview) == (
        Status.OPEN,
        NOW,
        "Hello, my parcel has not arrived.",
    )
    assert ticket.cycles.get().solved_at is None
    assert (message.outbox, Draft.objects.get().text) == (OutboxState.WITHDRAWN, "Done")
    assert events_of(ticket.pk)[2:] == ["message.queued", "ticket.solved", "message.withdrawn", "ticket.reopened"]
    assert not SearchEntry.objects.filter(message=message).exists()


def test_undo_of_send_and_wait_puts_the_status_back(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.ben, status=Status.ON_HOLD, at=NOW)
    message = actions.reply(ticket.pk, by=house.olena, text="Well?", then_status=Status.PENDING, at=NOW)
    actions.withdraw_reply(message.pk, by=house.olena, at=NOW)
    ticket.refresh_from_db()
    assert ticket.status == Status.ON_HOLD
    assert events_of(ticket.pk)[-2:] == ["message.withdrawn", "ticket.status_changed"]


def test_undo_leaves_a_status_that_somebody_has_set_since(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Well?", then_status=Status.PENDING, at=NOW)
    for status in (Status.ON_HOLD, Status.PENDING):
        actions.set_status(ticket.pk, by=house.ben, status=status, at=NOW)
    actions.withdraw_reply(message.pk, by=house.olena, at=NOW)
    ticket.refresh_from_db()
    assert (ticket.status, events_of(ticket.pk)[-1]) == (Status.PENDING, "message.withdrawn")


def test_undo_keeps_what_was_begun_since(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="First")
    actions.save_draft(ticket.pk, by=house.olena, kind="outbound", text="Second", recipients={}, revision=7)

    actions.withdraw_reply(message.pk, by=house.olena)

    assert Draft.objects.get().text == "First\n\nSecond"


@pytest.mark.parametrize("outbox", [OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.FAILED])
def test_what_is_on_its_way_cannot_be_taken_back(house: House, ticket: Ticket, outbox: str) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Gone")
    Message.objects.filter(pk=message.pk).update(outbox=outbox)
    before = events_of(ticket.pk)

    with pytest.raises(TooLate):
        actions.withdraw_reply(message.pk, by=house.olena)

    assert events_of(ticket.pk) == before


def test_only_the_author_takes_a_reply_back(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Mine")

    with pytest.raises(InvalidInput):
        actions.withdraw_reply(message.pk, by=house.ben)

    message.refresh_from_db()
    assert message.outbox == OutboxState.QUEUED


def test_a_closed_ticket_is_history(house: House, ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)

    with pytest.raises(TicketClosed):
        actions.reply(ticket.pk, by=house.olena, text="Too late")


@pytest.mark.parametrize("who", ["mallory", "vera", "inactive"])
def test_outsiders_change_nothing(house: House, ticket: Ticket, who: str) -> None:
    outsider = {"mallory": house.mallory, "vera": house.vera, "inactive": house.ben}[who]
    outsider.is_active = who != "inactive"
    queued = actions.reply(ticket.pk, by=house.olena, text="Queued")
    waiting = Participant.objects.get(identity__value=ZOE.address)
    before = (events_of(ticket.pk), Ticket.objects.values().get(), list(Message.objects.values()))
    expected: type[Exception] = NotFound if who == "mallory" else PermissionDenied
    attempts = [
        lambda: actions.reply(ticket.pk, by=outsider, text="Hi"),
        lambda: actions.add_note(ticket.pk, by=outsider, text="Hi"),
        lambda: actions.withdraw_reply(queued.pk, by=outsider),
        lambda: actions.retry_delivery(queued.pk, by=outsider),
        lambda: actions.confirm_delivered(queued.pk, by=outsider),
        lambda: actions.assign_ticket(ticket.pk, by=outsider, assignee=None),
        lambda: actions.move_to_team(ticket.pk, by=outsider, team=house.returns),
        lambda: actions.set_status(ticket.pk, by=outsider, status=Status.SOLVED),
        lambda: actions.snooze_ticket(ticket.pk, by=outsider, until=NOW + timedelta(days=4000)),
        lambda: actions.set_priority(ticket.pk, by=outsider, priority=40),
        lambda: actions.add_tag(ticket.pk, by=outsider, name="x"),
        lambda: actions.remove_tag(ticket.pk, by=outsider, name="x"),
        lambda: actions.accept_participant(waiting.conversation_id, waiting.identity_id, by=outsider),
        lambda: actions.refuse_participant(waiting.conversation_id, waiting.identity_id, by=outsider),
        lambda: actions.show_remote_images(queued.pk, by=outsider),
        lambda: actions.reject_folding(queued.pk, by=outsider),
        lambda: actions.save_draft(ticket.pk, by=outsider, kind="outbound", text="x", recipients={}, revision=1),
    ]

    for attempt in attempts:
        with pytest.raises((DomainError, PermissionDenied)) as refused:
            attempt()
        assert isinstance(refused.value, expected)

    assert (events_of(ticket.pk), Ticket.objects.values().get(), list(Message.objects.values())) == before
    assert not Draft.objects.exists()
