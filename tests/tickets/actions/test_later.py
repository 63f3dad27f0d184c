"""Replies for later: what they leave as it was, what happens when they leave, what an answer in between does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from people.permissions import PermissionDenied
from tests.people import House, events_of, make_house, open_ticket, receive
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.errors import InvalidInput, NotFound, TooLate
from tickets.models import Draft, Message, OutboxState, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


def later(house: House, ticket: Ticket, **fields: object) -> Message:
    at = timezone.now()
    return actions.reply(ticket.pk, by=house.olena, text="Tomorrow", send_at=at + timedelta(hours=12), at=at, **fields)  # type: ignore[arg-type]


def moment(message: Message, *, after: int = 1) -> object:
    message.refresh_from_db()
    assert message.scheduled_for is not None
    return message.scheduled_for + timedelta(seconds=after)


def test_it_waits_and_the_customer_goes_on_waiting(house: House, ticket: Ticket) -> None:
    waiting = ticket.waiting_since
    message = later(house, ticket, then_status="solved")

    ticket.refresh_from_db()
    assert message.outbox == OutboxState.QUEUED
    assert message.not_before == message.scheduled_for
    assert (ticket.waiting_since, ticket.status) == (waiting, Status.OPEN)
    assert events_of(ticket.pk)[2:] == ["message.scheduled"]
    assert claim_replies(10, at=timezone.now()) == []


def test_when_it_leaves_it_counts_as_the_answer(house: House, ticket: Ticket) -> None:
    message = later(house, ticket, then_status="solved")
    at = moment(message)

    (sent,) = claim_replies(10, at=at)  # type: ignore[arg-type]

    ticket.refresh_from_db()
    assert sent.message_id == message.pk
    assert (ticket.waiting_since, ticket.status) == (None, Status.SOLVED)
    assert events_of(ticket.pk)[3:] == ["message.queued", "ticket.solved", "message.sent"]
    said = Event.objects.get(stream_id=ticket.pk, kind="message.sent")
    assert said.data["clicked_at"] == message.scheduled_for.isoformat()  # type: ignore[union-attr]


def test_an_answer_in_between_holds_it_until_somebody_decides(house: House, ticket: Ticket) -> None:
    message = later(house, ticket)
    receive(house.channel, subject_numbers=(ticket.pk,), text="It arrived, thank you")

    assert claim_replies(10, at=moment(message)) == []  # type: ignore[arg-type]

    message.refresh_from_db()
    ticket.refresh_from_db()
    assert message.outbox == OutboxState.HELD
    assert ticket.needs_attention
    assert events_of(ticket.pk)[-1] == "message.held"
    assert actions.hold_scheduled(ticket.pk, at=timezone.now()) == 0

    actions.send_scheduled_now(message.pk, by=house.ben)

    ticket.refresh_from_db()
    assert not ticket.needs_attention
    assert events_of(ticket.pk)[-1] == "message.rescheduled"
    assert [one.message_id for one in claim_replies(10, at=moment(message))] == [message.pk]  # type: ignore[arg-type]


def test_it_is_held_as_soon_as_the_answer_comes(house: House, ticket: Ticket) -> None:
    message = later(house, ticket)
    receive(house.channel, subject_numbers=(ticket.pk,))

    assert actions.hold_scheduled(ticket.pk, at=timezone.now()) == 1

    message.refresh_from_db()
    assert message.outbox == OutboxState.HELD


@pytest.mark.parametrize("auto_kind", ["auto_reply", "bounce"])
def test_machines_hold_nothing(house: House, ticket: Ticket, auto_kind: str) -> None:
    message = later(house, ticket)
    receive(house.channel, subject_numbers=(ticket.pk,), auto_kind=auto_kind)
    assert [one.message_id for one in claim_replies(10, at=moment(message))] == [message.pk]  # type: ignore[arg-type]


def test_whoever_does_not_want_it_held_is_obeyed(house: House, ticket: Ticket) -> None:
    message = later(house, ticket, hold_on_answer=False)
    receive(house.channel, subject_numbers=(ticket.pk,))
    assert actions.hold_scheduled(ticket.pk, at=timezone.now()) == 0
    assert [one.message_id for one in claim_replies(10, at=moment(message))] == [message.pk]  # type: ignore[arg-type]
    ticket.refresh_from_db()
    assert ticket.waiting_since is not None  # what came in between is not answered by it


def test_another_time_and_back_to_a_draft_by_a_teammate(house: House, ticket: Ticket) -> None:
    message = later(house, ticket)
    at = timezone.now()
    actions.reschedule_reply(message.pk, by=house.ben, send_at=at + timedelta(days=3), at=at)
    message.refresh_from_db()
    assert message.not_before == message.scheduled_for == at + timedelta(days=3)

    actions.withdraw_reply(message.pk, by=house.ben)

    draft = Draft.objects.get()
    assert (draft.agent, draft.text, draft.kind) == (house.ben, "Tomorrow", "outbound")
    assert events_of(ticket.pk)[2:] == ["message.scheduled", "message.rescheduled", "message.withdrawn"]
    with pytest.raises(TooLate):
        actions.send_scheduled_now(message.pk, by=house.ben)


@pytest.mark.parametrize("wait", [timedelta(seconds=-1), timedelta(seconds=10), timedelta(days=400)])
def test_moments_that_are_none(house: House, ticket: Ticket, wait: timedelta) -> None:
    at, before = timezone.now(), events_of(ticket.pk)
    with pytest.raises(InvalidInput):
        actions.reply(ticket.pk, by=house.olena, text="x", send_at=at + wait, at=at)
    assert events_of(ticket.pk) == before
    assert not Message.objects.filter(kind="outbound").exists()


def test_outsiders_change_nothing(house: House, ticket: Ticket) -> None:
    message = later(house, ticket)
    before, was = events_of(ticket.pk), message.scheduled_for
    for outsider, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        with pytest.raises(refusal):
            actions.send_scheduled_now(message.pk, by=outsider)
        with pytest.raises(refusal):
            actions.reschedule_reply(message.pk, by=outsider, send_at=timezone.now() + timedelta(days=1))
    message.refresh_from_db()
    assert (message.scheduled_for, message.outbox) == (was, OutboxState.QUEUED)
    assert events_of(ticket.pk) == before


def test_what_leaves_at_once_is_not_for_later(house: House, ticket: Ticket) -> None:
    message = actions.reply(ticket.pk, by=house.olena, text="Now")
    with pytest.raises(TooLate):
        actions.reschedule_reply(message.pk, by=house.olena, send_at=timezone.now() + timedelta(days=1))
