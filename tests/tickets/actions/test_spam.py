"""Spam: aside, with its sender remembered; nothing lost, nobody told, no promise made; and the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from metrics.verify import differences
from people.models import Identity
from people.permissions import PermissionDenied
from tests.metrics.shop import brief, make_policy, settle
from tests.people import NOW, House, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.actions.delivery import claim_replies
from tickets.actions.undo import undo_change
from tickets.errors import InvalidInput, NotFound, TicketClosed
from tickets.events import TicketEvent
from tickets.inbound import Address
from tickets.models import Notification, OutboxState, Status, Ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, external_id="first@customer.example")


def test_marked_twice_and_back(house: House, ticket: Ticket) -> None:
    for _ in range(2):
        actions.mark_spam(ticket.pk, by=house.olena, at=NOW + HOUR)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == (Status.SPAM, None)
    assert Identity.objects.get(value="zoe@customer.example").blocked_at == NOW + HOUR
    assert events_of(ticket.pk)[2:] == ["ticket.marked_spam"]

    for _ in range(2):
        actions.unmark_spam(ticket.pk, by=house.ben)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == (Status.OPEN, NOW)
    assert Identity.objects.get(value="zoe@customer.example").blocked_at is None
    assert events_of(ticket.pk)[3:] == ["ticket.unmarked_spam"]


@pytest.mark.parametrize("wrote", [False, True])
def test_back_as_it_stood_or_open_where_its_customer_wrote(house: House, ticket: Ticket, wrote: bool) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="pending", at=NOW)
    actions.snooze_ticket(ticket.pk, by=house.olena, until=NOW + 9 * HOUR, at=NOW)
    actions.mark_spam(ticket.pk, by=house.olena, at=NOW + HOUR)
    if wrote:
        receive(house.channel, in_reply_to="first@customer.example", at=NOW + 2 * HOUR)

    actions.unmark_spam(ticket.pk, by=house.ben, at=NOW + 3 * HOUR)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.snoozed_until) == (("open", None) if wrote else ("pending", NOW + 9 * HOUR))


def test_what_a_blocked_sender_opens_lands_there_and_nobody_is_told(house: House, ticket: Ticket) -> None:
    house.channel.acknowledges = True
    house.channel.save()
    actions.assign_ticket(ticket.pk, by=house.ben, assignee=house.olena)
    actions.mark_spam(ticket.pk, by=house.ben)
    settle()
    Notification.objects.all().delete()

    again = open_ticket(house.channel)
    receive(house.channel, in_reply_to="first@customer.example")
    other = open_ticket(house.channel, sender=Address("Ivo", "ivo@customer.example"))
    settle()

    assert (again.status, again.waiting_since, other.status) == ("spam", None, "open")
    assert events_of(again.pk) == ["ticket.opened", "message.received"]
    assert ticket.messages.count() == 2
    assert not Notification.objects.exists()


def test_one_address_may_write_again_and_the_ticket_stays(house: House, ticket: Ticket) -> None:
    actions.mark_spam(ticket.pk, by=house.olena)
    identity = Identity.objects.get(value="zoe@customer.example")
    for _ in range(2):
        actions.unblock_address(ticket.pk, identity.pk, by=house.olena)
    identity.refresh_from_db()
    assert identity.blocked_at is None
    assert events_of(ticket.pk)[-2:] == ["ticket.marked_spam", "address.unblocked"]
    assert open_ticket(house.channel).status == "open"


def test_promises_end_and_go_on(house: House, ticket: Ticket) -> None:
    make_policy()
    settle()
    actions.mark_spam(ticket.pk, by=house.olena, at=NOW + HOUR / 2)
    again = open_ticket(house.channel)
    settle()
    assert brief(ticket)[0][3:5] == ("cancelled", "spam")
    assert brief(again) == []
    actions.unmark_spam(ticket.pk, by=house.olena, at=NOW + 2 * HOUR)
    settle()
    assert brief(ticket)[0][3] == "running"
    assert list(differences()) == []


def test_spam_is_not_answered_nor_set_by_hand(house: House, ticket: Ticket) -> None:
    with pytest.raises(InvalidInput):
        actions.set_status(ticket.pk, by=house.olena, status="spam")
    actions.mark_spam(ticket.pk, by=house.olena)
    before = row_counts()
    with pytest.raises(TicketClosed):
        actions.reply(ticket.pk, by=house.olena, text="No, thank you")
    with pytest.raises(TicketClosed):
        actions.set_status(ticket.pk, by=house.olena, status="open")
    assert row_counts() == before


def test_outsiders_mark_and_unblock_nothing(house: House, ticket: Ticket) -> None:
    identity = Identity.objects.get(value="zoe@customer.example").pk
    before = row_counts()
    for by, refusal in ((house.mallory, NotFound), (house.vera, PermissionDenied)):
        for change in (actions.mark_spam, actions.unmark_spam):
            with pytest.raises(refusal):
                change(ticket.pk, by=by)
        with pytest.raises(refusal):
            actions.unblock_address(ticket.pk, identity, by=by)
    ticket.refresh_from_db()
    assert (ticket.status, row_counts()) == ("open", before)


def test_what_waits_to_go_out_does_not_go_to_a_spammer(house: House) -> None:
    """A reply to a spammer says that somebody reads what they write."""
    ticket = open_ticket(house.channel)
    sent = actions.reply(ticket.pk, by=house.olena, text="Hello", undo_seconds=20)
    actions.mark_spam(ticket.pk, by=house.olena)
    assert claim_replies(5, at=timezone.now() + timedelta(minutes=1)) == []
    sent.refresh_from_db()
    assert sent.outbox == OutboxState.HELD
    held = Event.objects.filter(stream_id=ticket.pk, kind=TicketEvent.MESSAGE_HELD).get()
    assert held.data == {"message": sent.pk, "reason": "spam"}
    # That it was held does not keep the ticket from being brought back by the same step.
    marked = Event.objects.filter(stream_id=ticket.pk, kind=TicketEvent.TICKET_MARKED_SPAM).get()
    undo_change(ticket.pk, marked.pk, by=house.olena)
    ticket.refresh_from_db()
    sent.refresh_from_db()
    assert (ticket.status, sent.outbox) == (Status.OPEN, OutboxState.HELD)
