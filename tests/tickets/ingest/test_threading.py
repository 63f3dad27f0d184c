"""Where a mail goes, layer by layer; and where it does not."""

from __future__ import annotations

import pytest

from tests.people import ZOE, House, events_of, mail, make_house, open_ticket, receive
from tickets import actions
from tickets.inbound import Address, IngestResult
from tickets.models import LinkReason, Message, Participant, ParticipantState, Status, Ticket, TicketLink
from tickets.tokens import new_token

pytestmark = pytest.mark.django_db

STRANGER = Address("Sam Stranger", "sam@elsewhere.example")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, external_id="first@customer.example")


@pytest.fixture
def answer(house: House, ticket: Ticket) -> Message:
    return actions.reply(ticket.pk, by=house.olena, text="It is on its way.")


def proofs(answer: Message) -> dict[str, dict[str, object]]:
    return {
        "token": {"tokens": (answer.reply_token,)},
        "own_message_id": {"in_reply_to": answer.external_id},
        "body_token": {"body_tokens": (answer.reply_token,)},
    }


@pytest.mark.parametrize("layer", ["token", "own_message_id", "body_token"])
def test_the_customer_with_our_own_mail_comes_back_to_the_thread(
    house: House, ticket: Ticket, answer: Message, layer: str
) -> None:
    result = receive(house.channel, **proofs(answer)[layer])

    assert (result.outcome, result.ticket_id, result.layer) == ("threaded", ticket.pk, layer)
    assert Message.objects.get(pk=result.message_id).thread_layer == layer


@pytest.mark.parametrize(
    ("layer", "evidence"),
    [
        ("known_message_id", {"in_reply_to": "first@customer.example"}),
        ("known_message_id", {"references": ("far@away.example", "first@customer.example")}),
        ("subject", "number"),
    ],
)
def test_weak_evidence_is_enough_for_who_takes_part(house: House, ticket: Ticket, layer: str, evidence: object) -> None:
    fields = {"subject_numbers": (ticket.pk,)} if evidence == "number" else evidence

    result = receive(house.channel, **fields)

    assert (result.outcome, result.ticket_id, result.layer) == ("threaded", ticket.pk, layer)


@pytest.mark.parametrize("evidence", ["reference", "number"])
def test_a_stranger_with_weak_evidence_gets_a_ticket_of_their_own_linked(
    house: House, ticket: Ticket, evidence: str
) -> None:
    before = events_of(ticket.pk)
    fields = {"subject_numbers": (ticket.pk,)} if evidence == "number" else {"in_reply_to": "first@customer.example"}

    result = receive(house.channel, sender=STRANGER, **fields)

    assert result.outcome == "new" and result.ticket_id != ticket.pk
    assert f"#{ticket.pk}" in result.reason
    link = TicketLink.objects.get(ticket=result.ticket_id)
    assert (link.other_id, link.reason) == (ticket.pk, LinkReason.UNPROVEN_REFERENCE)
    assert events_of(ticket.pk) == before


@pytest.mark.parametrize("layer", ["token", "own_message_id", "body_token"])
def test_a_stranger_with_proof_waits_to_be_let_in_and_changes_nothing_else(
    house: House, ticket: Ticket, answer: Message, layer: str
) -> None:
    actions.set_status(ticket.pk, by=house.olena, status=Status.SOLVED)

    result = receive(house.channel, sender=STRANGER, **proofs(answer)[layer])

    ticket.refresh_from_db()
    assert (result.outcome, result.ticket_id) == ("threaded", ticket.pk)
    assert Message.objects.get(pk=result.message_id).pending
    assert (ticket.status, ticket.waiting_since, ticket.needs_attention) == (Status.SOLVED, None, True)
    assert Participant.objects.get(identity__value=STRANGER.address).state == ParticipantState.PENDING
    assert ticket.customer.identities.get().value == ZOE.address
    assert events_of(ticket.pk)[-2:] == ["message.received", "participant.pending"]


def test_a_refused_person_is_a_stranger_even_with_proof(house: House, ticket: Ticket, answer: Message) -> None:
    receive(house.channel, sender=STRANGER, tokens=(answer.reply_token,))
    waiting = Participant.objects.get(identity__value=STRANGER.address)
    actions.refuse_participant(waiting.conversation_id, waiting.identity_id, by=house.olena)

    result = receive(house.channel, sender=STRANGER, tokens=(answer.reply_token,))

    assert result.outcome == "new" and result.ticket_id != ticket.pk


def test_an_accepted_person_reopens_and_counts(house: House, ticket: Ticket, answer: Message) -> None:
    receive(house.channel, sender=STRANGER, tokens=(answer.reply_token,))
    actions.set_status(ticket.pk, by=house.olena, status=Status.SOLVED)
    waiting = Participant.objects.get(identity__value=STRANGER.address)

    actions.accept_participant(waiting.conversation_id, waiting.identity_id, by=house.olena)

    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN and ticket.waiting_since is not None and not ticket.needs_attention
    assert not Message.objects.filter(ticket=ticket, pending=True).exists()
    assert receive(house.channel, sender=STRANGER, subject_numbers=(ticket.pk,)).ticket_id == ticket.pk


def test_a_failed_authentication_never_enters_a_thread(house: House, ticket: Ticket, answer: Message) -> None:
    before = events_of(ticket.pk)

    result = receive(house.channel, verdict="fail", tokens=(answer.reply_token,), subject_numbers=(ticket.pk,))

    opened = Ticket.objects.get(pk=result.ticket_id)
    assert opened.pk != ticket.pk and opened.customer_id != ticket.customer_id
    assert TicketLink.objects.get(ticket=opened).reason == LinkReason.FAILED_AUTHENTICATION
    assert opened.customer.identities.get().suspect
    assert events_of(ticket.pk) == before


@pytest.mark.parametrize(
    "forged",
    [
        lambda token: {"tokens": (new_token(),)},
        lambda token: {"tokens": (token[:-1] + ("a" if token[-1] != "a" else "b"),)},
        lambda token: {"in_reply_to": f"{token}@evil.example"},
        lambda token: {"body_tokens": (token.upper(),)},
    ],
)
def test_a_forged_key_proves_nothing(house: House, ticket: Ticket, answer: Message, forged: object) -> None:
    result = receive(house.channel, sender=STRANGER, **forged(answer.reply_token))  # type: ignore[operator]

    assert result.outcome == "new" and result.ticket_id != ticket.pk
    assert not TicketLink.objects.exists()


def test_an_answer_to_a_solved_ticket_reopens_it_in_a_new_cycle(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status=Status.SOLVED)

    receive(house.channel, subject_numbers=(ticket.pk,))

    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at) == (Status.OPEN, None)
    cycles = ticket.cycles.order_by("number").values_list("number", "solved_at")
    assert [(number, solved is None) for number, solved in cycles] == [(1, False), (2, True)]
    assert events_of(ticket.pk)[-2:] == ["message.received", "ticket.reopened"]


@pytest.mark.parametrize("quiet", [{"auto_kind": "auto_reply"}, {"auto_kind": "list"}, {"historic": True}])
def test_robots_and_history_do_not_reopen(house: House, ticket: Ticket, quiet: dict[str, object]) -> None:
    actions.set_status(ticket.pk, by=house.olena, status=Status.SOLVED)

    result = receive(house.channel, subject_numbers=(ticket.pk,), **quiet)

    ticket.refresh_from_db()
    assert result.ticket_id == ticket.pk
    assert (ticket.status, ticket.waiting_since) == (Status.SOLVED, None)


def test_an_answer_to_a_closed_ticket_opens_one_follow_up_and_stays_there(house: House, ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)

    first = receive(house.channel, subject_numbers=(ticket.pk,))
    second = receive(house.channel, subject_numbers=(ticket.pk,))

    assert first.outcome == "new" and first.ticket_id != ticket.pk
    assert (second.outcome, second.ticket_id) == ("threaded", first.ticket_id)
    assert TicketLink.objects.get().reason == LinkReason.FOLLOW_UP
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED


def test_a_strangers_follow_up_is_not_the_customers(house: House, ticket: Ticket, answer: Message) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)
    theirs = receive(house.channel, sender=STRANGER, tokens=(answer.reply_token,))

    ours = receive(house.channel, tokens=(answer.reply_token,))

    assert len({ticket.pk, theirs.ticket_id, ours.ticket_id}) == 3


def test_one_mail_to_two_mailboxes_is_one_message(house: House) -> None:
    first = mail(house.channel)
    again = mail(house.other_channel, dedupe_key=first.dedupe_key, external_id=first.external_id)

    results: list[IngestResult] = [receive(house.channel, **_fields(m)) for m in (first, again)]

    assert [result.outcome for result in results] == ["new", "duplicate"]
    assert results[0].message_id == results[1].message_id
    assert Ticket.objects.count() == Message.objects.count() == 1


def _fields(message: object) -> dict[str, object]:
    return {name: getattr(message, name) for name in ("channel_id", "dedupe_key", "external_id")}


def test_another_mail_under_a_known_message_id_is_kept_and_linked(house: House, ticket: Ticket) -> None:
    result = receive(house.channel, external_id="first@customer.example", text="Something quite different")

    assert result.outcome == "new"
    link = TicketLink.objects.get()
    assert (link.ticket_id, link.other_id, link.reason) == (result.ticket_id, ticket.pk, LinkReason.SAME_MESSAGE_ID)


def test_who_was_copied_takes_part(house: House) -> None:
    friend = Address("Fred", "fred@friend.example")
    ticket = open_ticket(house.channel, cc=(friend,), external_id="shared@customer.example")

    result = receive(house.channel, sender=friend, in_reply_to="shared@customer.example")

    assert (result.outcome, result.ticket_id) == ("threaded", ticket.pk)
    assert result.layer == "known_message_id"


def test_our_own_mail_coming_back_is_kept_out_by_its_id_not_by_its_sender(
    house: House, ticket: Ticket, answer: Message
) -> None:
    before = events_of(ticket.pk)
    ours = Address("Support", house.channel.address)

    back = receive(house.channel, sender=ours, external_id=answer.external_id)
    looks_like_ours = receive(house.channel, sender=ours)

    assert (back.outcome, back.message_id) == ("own", answer.pk)
    assert looks_like_ours.outcome == "new"
    assert events_of(ticket.pk) == before
