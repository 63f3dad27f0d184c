"""What one message changes: the rows, the exact events, and nothing else; once, however often it comes."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, connections

from events.models import Event
from people.models import Customer, Identity, Trust
from tests.people import NOW, ZOE, House, assert_gapless, events_of, mail, make_house, open_ticket, receive
from tickets import actions
from tickets.inbound import Address, BounceReport, InboundAttachment
from tickets.ingest import ingest, ingest_batch
from tickets.models import Attachment, Message, OutboxState, Participant, SearchEntry, Status, Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def test_a_first_mail_opens_a_ticket(house: House) -> None:
    message = mail(
        house.channel, text="Hello\n\n> old", quoted=((7, 12),), language="en", cc=(Address("", "f@x.example"),)
    )

    result = ingest(message)

    ticket = Ticket.objects.get()
    assert (result.outcome, result.ticket_id, result.layer) == ("new", ticket.pk, "new")
    assert (ticket.subject, ticket.status, ticket.team, ticket.assignee) == (
        message.subject,
        "open",
        house.support,
        None,
    )
    assert (ticket.message_sequence, ticket.inbound_sequence, ticket.preview) == (1, 1, "Hello")
    assert ticket.opened_at == ticket.last_message_at == ticket.waiting_since == NOW
    stored = Message.objects.get()
    assert (stored.text, stored.quoted, stored.external_id) == (message.text, [[7, 12]], message.external_id)
    assert stored.envelope["cc"] == [{"name": "", "address": "f@x.example"}]
    assert (ticket.customer.name, ticket.customer.identities.get().value) == ("Zoe Bauer", ZOE.address)
    assert events_of(ticket.pk) == ["ticket.opened", "message.received", "participant.joined"]
    assert ticket.cycles.get().opened_at == NOW
    assert SearchEntry.objects.get().message_id == stored.pk
    assert_gapless(ticket.pk)


def test_a_second_mail_of_a_known_person_makes_nobody_new(house: House) -> None:
    receive(house.channel)
    receive(house.channel)

    assert Ticket.objects.count() == 2
    assert Customer.objects.count() == Identity.objects.count() == 1


def test_the_same_message_again_changes_nothing(house: House) -> None:
    message = mail(house.channel)
    first = ingest(message)
    recorded = Event.objects.count()

    again = ingest(message)

    assert (again.outcome, again.message_id, again.ticket_id) == ("duplicate", first.message_id, first.ticket_id)
    assert (Message.objects.count(), Event.objects.count()) == (1, recorded)


@pytest.mark.parametrize(("verdict", "trust"), [("pass", Trust.VERIFIED), ("none", Trust.CLAIMED)])
def test_a_verified_sender_is_remembered_as_such(house: House, verdict: str, trust: Trust) -> None:
    receive(house.channel)

    receive(house.channel, verdict=verdict)

    assert Identity.objects.get().trust == trust


def test_an_answer_ends_waiting_and_snoozing(house: House) -> None:
    ticket = open_ticket(house.channel)
    actions.set_status(ticket.pk, by=house.olena, status=Status.PENDING)
    actions.snooze_ticket(ticket.pk, by=house.olena, until=NOW + timedelta(days=4000))

    receive(house.channel, subject_numbers=(ticket.pk,))

    ticket.refresh_from_db()
    assert (ticket.status, ticket.snoozed_until) == (Status.OPEN, None)
    assert events_of(ticket.pk)[-3:] == ["message.received", "ticket.status_changed", "ticket.woken"]


def test_history_keeps_its_dates_and_waits_for_nobody(house: House) -> None:
    long_ago = NOW - timedelta(days=900)

    result = receive(house.channel, at=long_ago, historic=True)

    ticket = Ticket.objects.get(pk=result.ticket_id)
    assert (ticket.status, ticket.opened_at, ticket.waiting_since) == (Status.SOLVED, long_ago, None)
    assert ticket.cycles.get().solved_at == long_ago


def test_a_live_mails_date_is_only_the_senders_word(house: House) -> None:
    result = receive(house.channel, at=NOW + timedelta(days=365))

    message = Message.objects.get(pk=result.message_id)
    assert message.at == NOW
    assert message.envelope["date"].startswith("2027-03-02")


def test_files_come_with_their_message(house: House) -> None:
    file = InboundAttachment("чек.pdf", "application/pdf", 12, "a" * 64, "cid1", inline=True)

    result = receive(house.channel, attachments=(file,))

    stored = Attachment.objects.get()
    assert (stored.message_id, stored.ticket_id) == (result.message_id, result.ticket_id)
    assert (stored.filename, stored.content_id, stored.inline, stored.size) == ("чек.pdf", "cid1", True, 12)


def test_a_batch_sees_itself(house: House) -> None:
    first = mail(house.channel, external_id="a@x")
    second = mail(house.channel, external_id="b@x", in_reply_to="a@x")
    twin = mail(house.other_channel, dedupe_key=first.dedupe_key, external_id="a@x")
    other = mail(house.channel, sender=Address("Y", "y@y.example"), references=("a@x",))

    results = ingest_batch([first, second, twin, other])

    assert [result.outcome for result in results] == ["new", "threaded", "duplicate", "new"]
    assert results[0].ticket_id == results[1].ticket_id == results[2].ticket_id != results[3].ticket_id
    assert list(Message.objects.filter(ticket=results[0].ticket_id).values_list("sequence", flat=True)) == [1, 2]
    for ticket in Ticket.objects.all():
        assert_gapless(ticket.pk)


@pytest.mark.parametrize(
    ("status", "permanent", "outbox", "attention"),
    [("5.1.1", True, OutboxState.FAILED, True), ("4.2.2", False, OutboxState.QUEUED, False)],
)
def test_a_bounce_marks_the_reply_it_is_about(
    house: House, status: str, permanent: bool, outbox: str, attention: bool
) -> None:
    ticket = open_ticket(house.channel)
    answer = actions.reply(ticket.pk, by=house.olena, text="Hello", then_status=Status.SOLVED)
    report = BounceReport(ZOE.address, status, permanent, original_ids=(answer.external_id,))

    result = receive(house.channel, sender=Address("", "mailer-daemon@x.example"), auto_kind="bounce", bounce=report)

    answer.refresh_from_db()
    ticket.refresh_from_db()
    assert (result.outcome, result.ticket_id) == ("bounce", ticket.pk)
    assert (answer.outbox, ticket.needs_attention, ticket.status) == (outbox, attention, Status.SOLVED)
    assert events_of(ticket.pk)[-2:] == ["message.received", "delivery.bounced"]


@pytest.mark.parametrize("how", ["failed", "refused"])
def test_no_report_of_somebody_shut_out_enters_a_thread(house: House, how: str) -> None:
    """Whoever was copied has the id of our mail and knows whom it went to."""
    ticket = open_ticket(house.channel)
    sent = actions.reply(ticket.pk, by=house.olena, text="On its way.", undo_seconds=0)
    report = BounceReport(ZOE.address, "5.1.1", permanent=True, original_ids=(sent.external_id,))
    eve = Address("Eve", "eve@evil.example")
    if how == "refused":
        receive(house.channel, sender=eve, tokens=(sent.reply_token,), text="Me too.")
        asked = Participant.objects.get(conversation__ticket=ticket, identity__value=eve.address)
        actions.refuse_participant(asked.conversation_id, asked.identity_id, by=house.olena)
    before = events_of(ticket.pk)
    verdict = "fail" if how == "failed" else "none"
    came = receive(house.channel, sender=eve, auto_kind="bounce", bounce=report, verdict=verdict, text="Refund to me!")
    assert came.ticket_id != ticket.pk
    assert [one for one in events_of(ticket.pk) if one not in before] == []
    sent.refresh_from_db()
    assert sent.outbox == OutboxState.QUEUED


def test_a_forged_bounce_is_believed_by_nobody(house: House) -> None:
    ticket = open_ticket(house.channel)
    answer = actions.reply(ticket.pk, by=house.olena, text="Hello")
    before = events_of(ticket.pk)
    wrong_person = BounceReport("other@x.example", "5.1.1", permanent=True, original_ids=(answer.external_id,))
    wrong_mail = BounceReport(ZOE.address, "5.1.1", permanent=True, original_ids=("guessed@shop.example",))

    for report in (wrong_person, wrong_mail):
        receive(house.channel, sender=Address("", "daemon@x.example"), auto_kind="bounce", bounce=report)

    answer.refresh_from_db()
    assert answer.outbox == OutboxState.QUEUED and events_of(ticket.pk) == before


def test_a_delivery_report_about_nothing_of_ours_waits_for_nobody(house: House) -> None:
    result = receive(house.channel, auto_kind="bounce", bounce=BounceReport("a@b.example", "5.1.1", permanent=True))

    assert Ticket.objects.get(pk=result.ticket_id).status == Status.SOLVED


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_the_same_mails_store_each_once() -> None:
    house = make_house()
    mails = [mail(house.channel, external_id=f"{n}@x", sender=Address("", f"{n % 3}@x.example")) for n in range(6)]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for message in mails:
                ingest(message)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert not failures
    assert Message.objects.count() == Ticket.objects.count() == 6
    assert Customer.objects.count() == Identity.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_answers_from_many_workers_to_one_ticket_are_numbered_without_a_gap() -> None:
    house = make_house()
    ticket = open_ticket(house.channel)

    def work(worker: int) -> None:
        for n in range(5):
            receive(
                house.channel, subject_numbers=(ticket.pk,), dedupe_key=uuid.uuid5(uuid.NAMESPACE_OID, f"{worker}{n}")
            )
            actions.add_note(ticket.pk, by=house.olena, text=f"note {worker} {n}")
        connections.close_all()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()

    sequences = list(Message.objects.filter(ticket=ticket).order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, 42))
    ticket.refresh_from_db()
    assert ticket.message_sequence == 41
    assert_gapless(ticket.pk)


@pytest.mark.parametrize("size", [1, 20])
def test_a_batch_costs_a_fixed_number_of_statements(
    house: House, size: int, django_assert_max_num_queries: object
) -> None:
    batch = [mail(house.channel, sender=Address("", f"{n}@x.example")) for n in range(size)]

    with django_assert_max_num_queries(17):  # type: ignore[operator]
        ingest_batch(batch)

    assert connection.in_atomic_block


def test_a_mail_of_somebody_else_under_an_id_of_ours_is_an_answer_and_not_swallowed(house: House) -> None:
    """Some programs write the id of what they answer as their own."""
    ticket = open_ticket(house.channel, text="Where is it?")
    sent = actions.reply(ticket.pk, by=house.olena, text="On its way.", undo_seconds=0)
    sent.refresh_from_db()
    came = receive(
        house.channel, external_id=sent.external_id, dedupe_key=uuid.uuid4(), text="IMPORTANT: another address!"
    )
    assert (came.outcome, came.ticket_id, came.layer) == ("threaded", ticket.pk, "own_message_id")
    # Ours is known by its mark, and by where it comes from.
    for ours in ({"auto_kind": "own"}, {"sender": Address("", house.channel.address)}):
        values: dict[str, object] = {"external_id": sent.external_id, "dedupe_key": uuid.uuid4()} | ours
        assert receive(house.channel, **values).outcome == "own"
    assert Message.objects.filter(ticket=ticket).count() == 3
