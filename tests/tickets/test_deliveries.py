"""What became of a reply for each recipient: reached once, tried again only where it failed, a delay is no failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.people import NOW, ZOE, House, events_of, make_house, open_ticket, receive
from tests.security.world import signed_in
from tickets import actions
from tickets.actions import delivery
from tickets.deliveries import still_to_send
from tickets.errors import TooLate
from tickets.inbound import Address, BouncedRecipient, BounceReport
from tickets.models import Message, OutboxState
from tickets.outbound import OutboundMessage

pytestmark = pytest.mark.django_db
ANN, BEA = "ann@customer.example", "bea@other.example"
LATER = NOW + timedelta(seconds=11)
HOUR = NOW + timedelta(hours=1)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def answer(house: House) -> Message:
    ticket = open_ticket(house.channel)
    return actions.reply(
        ticket.pk, by=house.olena, text="On its way.", cc=[ANN], bcc=[BEA], confirmed=[ANN, BEA], at=NOW
    )


def claim(at: Any = LATER) -> OutboundMessage:
    [claimed] = delivery.claim_replies(10, at=at)
    return claimed


def states(message: Message) -> dict[str, str]:
    message.refresh_from_db()
    return {who: was["state"] for who, was in (message.deliveries or {}).items()}


def bounce(house: House, message: Message, *others: BouncedRecipient, permanent: bool = True, who: str = ANN) -> None:
    report = BounceReport(
        who, "5.1.1" if permanent else "4.4.7", permanent, original_ids=(message.external_id,), others=others
    )
    receive(house.channel, sender=Address("", "daemon@x.example"), auto_kind="bounce", bounce=report, received_at=HOUR)


def test_all_taken(answer: Message) -> None:
    assert claim().send_to is None
    delivery.record_accepted(answer.pk, 1, at=LATER)

    assert states(answer) == {ZOE.address: "accepted", ANN: "accepted", BEA: "accepted"}
    assert (answer.outbox, answer.error) == (OutboxState.SENT, "")


def test_one_refused_is_shown_and_only_that_one_tried_again(house: House, answer: Message) -> None:
    claim()
    delivery.record_accepted(answer.pk, 1, at=LATER, refused={ANN: "550 no such user"})

    assert states(answer) == {ZOE.address: "accepted", ANN: "refused", BEA: "accepted"}
    assert (answer.outbox, answer.error) == (OutboxState.SENT, f"{ANN}: 550 no such user")
    assert answer.ticket.needs_attention
    shown = signed_in(house.olena).get(f"/tickets/{answer.ticket_id}/pane/").json()["thread"]
    assert f"Not delivered to <b>{ANN}</b>" in shown
    assert 'data-cmd="retry"' in shown

    actions.retry_delivery(answer.pk, by=house.olena, at=HOUR)
    again = claim(HOUR)
    assert again.send_to == (ANN,)
    delivery.record_accepted(answer.pk, 2, at=HOUR)

    assert states(answer) == {ZOE.address: "accepted", ANN: "accepted", BEA: "accepted"}
    answer.ticket.refresh_from_db()
    assert (answer.error, answer.ticket.needs_attention) == ("", False)
    assert events_of(answer.ticket_id)[-2:] == ["delivery.retried", "delivery.accepted"]
    with pytest.raises(TooLate):
        actions.retry_delivery(answer.pk, by=house.olena)


def test_who_waits_is_tried_again_by_itself_and_nobody_else(answer: Message) -> None:
    claim()
    delivery.record_temporary_failure(
        answer.pk, 1, error="451", next_try_at=HOUR, at=LATER, reached=True,
        refused={BEA: "550 gone"}, waiting={ANN: "451 greylisted"},
    )  # fmt: skip

    assert states(answer) == {ZOE.address: "accepted", ANN: "waiting", BEA: "refused"}
    assert answer.outbox == OutboxState.QUEUED
    assert claim(HOUR).send_to == (ANN,)

    delivery.record_permanent_failure(answer.pk, 2, error="given up", at=HOUR)

    assert states(answer) == {ZOE.address: "accepted", ANN: "refused", BEA: "refused"}
    assert answer.outbox == OutboxState.SENT  # Zoe has it
    assert answer.ticket.needs_attention


def test_a_try_that_reached_nobody_goes_to_all_again(answer: Message) -> None:
    claim()
    delivery.record_temporary_failure(answer.pk, 1, error="451", next_try_at=HOUR, at=LATER)

    assert states(answer) == {}
    assert claim(HOUR).send_to is None


def test_all_refused_is_a_failed_reply(house: House, answer: Message) -> None:
    claim()
    delivery.record_permanent_failure(answer.pk, 1, error="550 spam", at=LATER)

    assert set(states(answer).values()) == {"refused"}
    assert answer.outbox == OutboxState.FAILED
    actions.retry_delivery(answer.pk, by=house.olena, at=HOUR)
    assert claim(HOUR).send_to is None


def test_a_channel_without_addresses_fails_as_a_whole(answer: Message) -> None:
    Message.objects.filter(pk=answer.pk).update(envelope={})
    claim()
    delivery.record_permanent_failure(answer.pk, 1, error="no such chat", at=LATER)

    assert states(answer) == {}
    assert answer.outbox == OutboxState.FAILED


def test_a_report_marks_the_recipient_it_names(house: House, answer: Message) -> None:
    claim()
    delivery.record_accepted(answer.pk, 1, at=LATER)

    bounce(house, answer)
    bounce(house, answer)

    assert states(answer) == {ZOE.address: "accepted", ANN: "bounced", BEA: "accepted"}
    assert answer.outbox == OutboxState.SENT
    answer.ticket.refresh_from_db()
    assert answer.ticket.needs_attention
    actions.retry_delivery(answer.pk, by=house.olena, at=HOUR)
    assert claim(HOUR).send_to == (ANN,)


def test_a_report_about_several_marks_those_we_wrote_to(house: House, answer: Message) -> None:
    claim()
    delivery.record_accepted(answer.pk, 1, at=LATER)

    others = (BouncedRecipient(BEA, "5.2.2", True), BouncedRecipient("victim@x.example", "5.1.1", True))
    bounce(house, answer, *others)

    assert states(answer) == {ZOE.address: "accepted", ANN: "bounced", BEA: "bounced"}
    assert events_of(answer.ticket_id)[-2:] == ["delivery.bounced", "delivery.bounced"]

    bounce(house, answer, who=ZOE.address)
    assert states(answer)[ZOE.address] == "bounced"
    assert answer.outbox == OutboxState.FAILED


def test_a_delay_is_no_failure(house: House, answer: Message) -> None:
    claim()
    delivery.record_accepted(answer.pk, 1, at=LATER)

    bounce(house, answer, permanent=False)

    assert states(answer)[ANN] == "delayed"
    assert (answer.outbox, answer.error, answer.ticket.needs_attention) == (OutboxState.SENT, "", False)
    assert still_to_send(answer.envelope, answer.deliveries) == []
    with pytest.raises(TooLate):
        actions.retry_delivery(answer.pk, by=house.olena)
    shown = signed_in(house.olena).get(f"/tickets/{answer.ticket_id}/pane/").json()["thread"]
    assert f"Still on its way to <b>{ANN}</b>" in shown


def test_who_said_it_arrived_has_settled_it_for_all(house: House, answer: Message) -> None:
    claim()
    delivery.record_unknown(answer.pk, 1, error="cut off", at=LATER)
    assert states(answer) == {}

    actions.confirm_delivered(answer.pk, by=house.olena, at=HOUR)

    assert set(states(answer).values()) == {"accepted"}
