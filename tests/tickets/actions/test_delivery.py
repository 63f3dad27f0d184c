"""The outbox: claimed once, fenced by the attempt, and honest about what nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections

from tests.people import NOW, ZOE, House, events_of, make_house, open_ticket
from tickets import actions
from tickets.actions import delivery
from tickets.errors import TooLate
from tickets.inbound import Address
from tickets.models import Message, OutboxState, Ticket
from tickets.outbound import OutboundMessage

LATER = NOW + timedelta(seconds=11)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, external_id="first@customer.example", text="Hi\n> old", quoted=((3, 8),))


@pytest.fixture
def answer(house: House, ticket: Ticket) -> Message:
    return actions.reply(ticket.pk, by=house.olena, text="It is on its way.", at=NOW)


def claim(at: object = LATER) -> OutboundMessage:
    [claimed] = delivery.claim_replies(10, at=at)  # type: ignore[arg-type]
    return claimed


def test_nothing_leaves_before_the_undo_window_is_over(answer: Message) -> None:
    assert delivery.claim_replies(10, at=NOW + timedelta(seconds=9)) == []


def test_the_agents_signature_stands_above_the_channels(house: House, answer: Message) -> None:
    house.olena.signature, house.channel.signature = "Olena", "Nordvik Outdoor"
    house.olena.save()
    house.channel.save()
    assert claim().signature == "Olena\n\nNordvik Outdoor"


def test_a_claim_is_everything_a_channel_needs(house: House, ticket: Ticket, answer: Message) -> None:
    claimed = claim()

    assert (claimed.message_id, claimed.attempt, claimed.ticket_id) == (answer.pk, 1, ticket.pk)
    assert claimed.to == (Address("Zoe Bauer", ZOE.address),)
    assert claimed.reply_address == f"support+{answer.reply_token}@shop.example"
    assert claimed.message_id_header == answer.external_id
    assert (claimed.in_reply_to, claimed.references) == ("first@customer.example", ("first@customer.example",))
    assert claimed.quoted is not None and (claimed.quoted.author, claimed.quoted.text) == ("Zoe Bauer", "Hi")
    answer.refresh_from_db()
    assert (answer.outbox, answer.attempts, answer.lease_until) == ("sending", 1, LATER + delivery.LEASE)
    assert events_of(ticket.pk)[-1] == "message.sent"
    assert ticket.cycles.get().first_reply_at == NOW
    assert delivery.claim_replies(10, at=LATER) == []


Outcome = Callable[[Message], bool]
OUTCOMES: list[tuple[str, Outcome, str, str, bool]] = [
    ("accepted", lambda m: delivery.record_accepted(m.pk, 1, at=LATER), "sent", "delivery.accepted", False),
    (
        "partly",
        lambda m: delivery.record_accepted(m.pk, 1, at=LATER, refused={ZOE.address: "550"}),
        "sent",
        "delivery.accepted",
        True,
    ),
    (
        "temporary",
        lambda m: delivery.record_temporary_failure(m.pk, 1, error="451", next_try_at=LATER, at=LATER),
        "queued",
        "delivery.delayed",
        False,
    ),
    (
        "permanent",
        lambda m: delivery.record_permanent_failure(m.pk, 1, error="550 no such user", at=LATER),
        "failed",
        "delivery.failed",
        True,
    ),
    (
        "unknown",
        lambda m: delivery.record_unknown(m.pk, 1, error="cut off", at=LATER),
        "unknown",
        "delivery.unknown",
        True,
    ),
]


@pytest.mark.parametrize(("name", "settle", "outbox", "event", "attention"), OUTCOMES)
def test_an_outcome_is_kept_once(
    ticket: Ticket, answer: Message, name: str, settle: Outcome, outbox: str, event: str, attention: bool
) -> None:
    claim()

    assert settle(answer)
    assert not settle(answer)

    answer.refresh_from_db()
    ticket.refresh_from_db()
    assert (answer.outbox, ticket.needs_attention) == (outbox, attention)
    assert events_of(ticket.pk)[2:] == ["message.queued", "message.sent", event]


def test_a_late_worker_changes_nothing(answer: Message) -> None:
    claim()
    delivery.record_temporary_failure(answer.pk, 1, error="451", next_try_at=LATER, at=LATER)
    assert claim().attempt == 2

    assert not delivery.begin_handover(answer.pk, 1, at=LATER)
    assert not delivery.record_permanent_failure(answer.pk, 1, error="late", at=LATER)

    answer.refresh_from_db()
    assert answer.outbox == OutboxState.SENDING


@pytest.mark.parametrize(("handed_over", "outbox"), [(False, OutboxState.QUEUED), (True, OutboxState.UNKNOWN)])
def test_a_worker_that_is_gone_never_makes_a_silent_second_copy(
    answer: Message, handed_over: bool, outbox: str
) -> None:
    claim()
    if handed_over:
        assert delivery.begin_handover(answer.pk, 1, at=LATER)
    assert delivery.release_expired(at=LATER) == 0

    assert delivery.release_expired(at=LATER + timedelta(seconds=121)) == 1

    answer.refresh_from_db()
    assert answer.outbox == outbox


def test_a_reply_that_stops_its_workers_is_given_up_and_shown(ticket: Ticket, answer: Message) -> None:
    at = LATER
    for _ in range(3):  # refused by a server: says nothing about our workers
        claimed = claim(at)
        delivery.record_temporary_failure(answer.pk, claimed.attempt, error="451", next_try_at=at, at=at)
    for number in range(1, delivery.MAX_LOST_CLAIMS + 1):
        answer.refresh_from_db()
        assert (answer.outbox, number) == ("queued", number)
        claim(at)
        at += delivery.LEASE + timedelta(seconds=1)
        assert delivery.release_expired(at=at) == 1
    answer.refresh_from_db()
    ticket.refresh_from_db()
    assert (answer.outbox, answer.error) == ("failed", "The worker stopped at every try.")
    assert ticket.needs_attention


def test_a_person_decides_about_the_unknown(house: House, ticket: Ticket, answer: Message) -> None:
    claim()
    delivery.record_unknown(answer.pk, 1, error="cut off", at=LATER)

    actions.confirm_delivered(answer.pk, by=house.ben)

    answer.refresh_from_db()
    ticket.refresh_from_db()
    assert (answer.outbox, ticket.needs_attention) == ("sent", False)
    assert events_of(ticket.pk)[-1] == "delivery.confirmed"
    with pytest.raises(TooLate):
        actions.retry_delivery(answer.pk, by=house.ben)


def test_a_person_sends_again_under_the_same_message_id(house: House, answer: Message) -> None:
    first = claim()
    delivery.record_permanent_failure(answer.pk, 1, error="550", at=LATER)

    actions.retry_delivery(answer.pk, by=house.ben, at=LATER)

    again = claim()
    assert (again.attempt, again.message_id_header) == (2, first.message_id_header)
    assert events_of(again.ticket_id).count("message.sent") == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_claim_each_reply_once() -> None:
    house = make_house()
    for n in range(12):
        actions.reply(open_ticket(house.channel).pk, by=house.olena, text=f"{n}", at=NOW)
    claimed: list[int] = []

    def work() -> None:
        for _ in range(6):
            claimed.extend(message.message_id for message in delivery.claim_replies(3, at=LATER))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    claimed.extend(message.message_id for message in delivery.claim_replies(100, at=LATER))

    assert sorted(claimed) == sorted(Message.objects.filter(kind="outbound").values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_undo_and_claim_at_the_same_moment_agree() -> None:
    house = make_house()
    for _ in range(6):
        answer = actions.reply(open_ticket(house.channel).pk, by=house.olena, text="Hi", at=NOW)
        outcome: dict[str, bool] = {}
        barrier = threading.Barrier(2)

        def undo(pk: int = answer.pk, outcome: dict[str, bool] = outcome, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            try:
                actions.withdraw_reply(pk, by=house.olena)
                outcome["undone"] = True
            except TooLate:
                outcome["undone"] = False
            connections.close_all()

        def send(outcome: dict[str, bool] = outcome, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            outcome["claimed"] = bool(delivery.claim_replies(5, at=LATER))
            connections.close_all()

        threads = [threading.Thread(target=undo), threading.Thread(target=send)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not (outcome["undone"] and outcome["claimed"])
