"""Merging: everything goes, later mail follows, promises and counts are kept once, and all of it can be taken back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections

from metrics.verify import differences
from people.models import Agent
from people.permissions import PermissionDenied
from tests.metrics.shop import brief, make_policy, settle
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.actions.delivery import claim_replies, record_accepted
from tickets.counts import view_counts
from tickets.errors import DifferentCustomers, DomainError, InvalidInput, NotFound, TicketMerged
from tickets.inbound import Address
from tickets.models import Conversation, Draft, Message, Relocation, Seen, Status, Ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def older(house: House) -> Ticket:
    return open_ticket(house.channel, subject="Where is my parcel?", external_id="older@customer.example")


@pytest.fixture
def newer(house: House, older: Ticket) -> Ticket:
    return open_ticket(
        house.channel, subject="Parcel again", external_id="newer@customer.example", at=NOW + HOUR,
        received_at=NOW + HOUR,
    )  # fmt: skip


def texts(ticket: Ticket) -> list[tuple[int, str]]:
    return list(Message.objects.filter(ticket=ticket).order_by("sequence").values_list("sequence", "text"))


def refreshed(*tickets: Ticket) -> None:
    for ticket in tickets:
        ticket.refresh_from_db()


def test_everything_goes_and_a_signpost_stays(house: House, older: Ticket, newer: Ticket) -> None:
    actions.add_note(newer.pk, by=house.olena, text="He rang too", at=NOW + HOUR)

    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk, at=NOW + 2 * HOUR)

    refreshed(older, newer)
    assert [text for _n, text in texts(older)] == ["Hello, my parcel has not arrived."] * 2 + ["He rang too"]
    assert texts(newer) == []
    assert (newer.status, newer.merged_into_id, newer.waiting_since) == (Status.CLOSED, older.pk, None)
    assert (older.message_sequence, older.inbound_sequence, older.waiting_since) == (3, 2, NOW)
    assert older.last_message_at == NOW + HOUR
    assert events_of(newer.pk)[-1] == "ticket.merged"
    assert events_of(older.pk)[-1] == "ticket.absorbed"
    assert [row[1] for row in done.moved["messages"]] == [1, 2]
    assert_gapless(older.pk)
    assert_gapless(newer.pk)


def test_merging_again_or_from_the_other_end_changes_nothing(house: House, older: Ticket, newer: Ticket) -> None:
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    before = row_counts()

    assert actions.merge_ticket(newer.pk, by=house.ben, into=older.pk) == done
    assert actions.merge_ticket(older.pk, by=house.ben, into=newer.pk) == done

    assert row_counts() == before


def test_both_must_be_in_sight(house: House, older: Ticket) -> None:
    theirs = open_ticket(house.other_channel, subject="Return")
    before = row_counts()
    for by, source, target in [
        (house.olena, older, theirs),
        (house.olena, theirs, older),
        (house.mallory, older, theirs),
    ]:
        with pytest.raises(NotFound):
            actions.merge_ticket(source.pk, by=by, into=target.pk)
    with pytest.raises(PermissionDenied):
        actions.merge_ticket(older.pk, by=house.vera, into=older.pk + 1)
    assert row_counts() == before


def test_nobody_takes_back_what_they_do_not_see(house: House, older: Ticket, newer: Ticket) -> None:
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    before = row_counts()
    with pytest.raises(NotFound):
        actions.undo_merge(done.pk, by=house.mallory)
    with pytest.raises(PermissionDenied):
        actions.undo_merge(done.pk, by=house.vera)
    assert row_counts() == before


def test_two_people_are_fused_only_on_purpose(house: House, older: Ticket) -> None:
    ivo = open_ticket(house.channel, sender=Address("Ivo", "ivo@customer.example"))
    with pytest.raises(DifferentCustomers):
        actions.merge_ticket(ivo.pk, by=house.olena, into=older.pk)
    assert not Relocation.objects.exists()

    actions.merge_ticket(ivo.pk, by=house.olena, into=older.pk, confirmed=True)

    assert Conversation.objects.get(home=ivo).ticket == older


def test_not_with_itself_and_not_with_history(house: House, older: Ticket, newer: Ticket) -> None:
    with pytest.raises(InvalidInput):
        actions.merge_ticket(older.pk, by=house.olena, into=older.pk)
    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    third = open_ticket(house.channel)
    with pytest.raises(TicketMerged):
        actions.merge_ticket(third.pk, by=house.olena, into=newer.pk)


CHANGES: list[Callable[[House, int], Any]] = [
    lambda h, t: actions.add_note(t, by=h.olena, text="x"),
    lambda h, t: actions.reply(t, by=h.olena, text="x"),
    lambda h, t: actions.set_status(t, by=h.olena, status="open"),
    lambda h, t: actions.assign_ticket(t, by=h.olena, assignee=h.ben),
    lambda h, t: actions.add_tag(t, by=h.olena, name="x"),
    lambda h, t: actions.snooze_ticket(t, by=h.olena, until=None),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_signpost_takes_no_change_and_says_where_it_went(
    house: House, older: Ticket, newer: Ticket, change: Callable[[House, int], Any]
) -> None:
    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    before = row_counts()
    with pytest.raises(TicketMerged) as refused:
        change(house, newer.pk)
    assert refused.value.into == older.pk
    assert row_counts() == before


ANSWERS: list[tuple[str, Callable[[Ticket, Message], dict[str, Any]]]] = [
    ("token", lambda newer, sent: {"tokens": (sent.reply_token,)}),
    ("own id", lambda newer, sent: {"in_reply_to": sent.external_id}),
    ("their id", lambda newer, sent: {"in_reply_to": "newer@customer.example"}),
    ("number", lambda newer, sent: {"subject_numbers": (newer.pk,)}),
]


@pytest.mark.parametrize(("how", "names"), ANSWERS, ids=[how for how, _ in ANSWERS])
def test_later_mail_follows(
    house: House, older: Ticket, newer: Ticket, how: str, names: Callable[[Ticket, Message], dict[str, Any]]
) -> None:
    sent = actions.reply(newer.pk, by=house.olena, text="On its way", at=NOW + HOUR)
    claim_replies(5, at=NOW + 2 * HOUR)
    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)

    came = receive(house.channel, **names(newer, sent))

    assert (came.outcome, came.ticket_id) == ("threaded", older.pk)
    message = Message.objects.get(pk=came.message_id)
    assert message.conversation.home == newer
    assert (message.conversation.ticket_id, message.ticket_id) == (older.pk, older.pk)


def test_through_two_merges(house: House, older: Ticket, newer: Ticket) -> None:
    first = open_ticket(house.channel, subject="The very first")
    one = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    two = actions.merge_ticket(older.pk, by=house.olena, into=first.pk)

    assert receive(house.channel, subject_numbers=(newer.pk,)).ticket_id == first.pk

    actions.undo_merge(one.pk, by=house.olena)
    assert len(texts(newer)) == 2
    actions.undo_merge(two.pk, by=house.olena)
    assert [len(texts(ticket)) for ticket in (newer, older, first)] == [2, 1, 1]


def everything_of(ticket: Ticket) -> dict[str, Any]:
    ticket.refresh_from_db()
    return {name: getattr(ticket, name) for name in (
        "status", "message_sequence", "inbound_sequence", "last_message_at", "preview", "waiting_since",
        "snoozed_until", "solved_at", "closed_at", "needs_attention", "merged_into_id",
    )} | {"said": texts(ticket)}  # fmt: skip


@pytest.mark.parametrize("before", ["open", "pending", "solved"])
def test_taken_back_at_once_all_is_as_it_was(house: House, older: Ticket, newer: Ticket, before: str) -> None:
    if before != "open":
        actions.set_status(newer.pk, by=house.olena, status=before, at=NOW + HOUR)
    was, other = everything_of(newer), everything_of(older)
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)

    actions.undo_merge(done.pk, by=house.ben)
    again = row_counts()
    actions.undo_merge(done.pk, by=house.ben)

    assert everything_of(newer) == was
    assert everything_of(older) | {"message_sequence": 1} == other
    assert row_counts() == again
    assert events_of(newer.pk)[-1] == "ticket.unmerged"
    assert events_of(older.pk)[-1] == "ticket.released"
    assert not Message.objects.exclude(origin=None).exists()


def test_what_came_since_returns_with_its_thread_and_notes_stay(house: House, older: Ticket, newer: Ticket) -> None:
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk, at=NOW + 2 * HOUR)
    receive(house.channel, in_reply_to="newer@customer.example", text="Still nothing", received_at=NOW + 3 * HOUR)
    receive(house.channel, in_reply_to="older@customer.example", text="And the first?", received_at=NOW + 3 * HOUR)
    actions.add_note(older.pk, by=house.olena, text="Ask the courier", at=NOW + 3 * HOUR)

    actions.undo_merge(done.pk, by=house.olena, at=NOW + 4 * HOUR)

    assert texts(newer) == [(1, "Hello, my parcel has not arrived."), (2, "Still nothing")]
    assert [text for _n, text in texts(older)][1:] == ["And the first?", "Ask the courier"]
    assert Message.objects.get(text="Ask the courier").conversation.ticket == older
    assert Message.objects.get(text="Still nothing").origin == older
    assert receive(house.channel, in_reply_to="newer@customer.example").ticket_id == newer.pk


def test_a_solved_one_opens_for_an_open_question(house: House, older: Ticket, newer: Ticket) -> None:
    actions.set_status(older.pk, by=house.olena, status="solved", at=NOW + HOUR)
    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk, at=NOW + 2 * HOUR)
    older.refresh_from_db()
    assert (older.status, older.waiting_since) == (Status.OPEN, NOW + HOUR)


def test_drafts_go_along_and_what_was_read_stays_read(house: House, older: Ticket, newer: Ticket) -> None:
    for ticket in (older, newer):
        actions.mark_seen(ticket.pk, by=house.ben, sequence=1)
    actions.save_draft(newer.pk, by=house.ben, kind="outbound", text="Dear Zoe", recipients={}, revision=1)
    actions.save_draft(newer.pk, by=house.olena, kind="note", text="theirs", recipients={}, revision=1)
    actions.save_draft(older.pk, by=house.olena, kind="note", text="here", recipients={}, revision=1)

    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)

    assert Draft.objects.get(agent=house.ben).ticket == older
    assert set(Draft.objects.filter(agent=house.olena).values_list("ticket", "text")) == {
        (older.pk, "here"), (newer.pk, "theirs"),
    }  # fmt: skip
    assert Seen.objects.get(agent=house.ben, ticket=older).sequence == 2


def test_the_counts_count_once(house: House, older: Ticket, newer: Ticket) -> None:
    def counted() -> int:
        return view_counts(house.olena, {"open": {"status": ("open",)}})["open"]

    assert counted() == 2
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    assert counted() == 1
    actions.undo_merge(done.pk, by=house.olena)
    assert counted() == 2


def test_a_reply_on_its_way_arrives_from_where_it_is_now(house: House, older: Ticket, newer: Ticket) -> None:
    sent = actions.reply(newer.pk, by=house.olena, text="On its way", at=NOW)
    late = actions.reply(newer.pk, by=house.olena, text="Later", at=NOW, send_at=NOW + 5 * HOUR)
    claim_replies(5, at=NOW + HOUR)

    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    assert record_accepted(sent.pk, 1, at=NOW + HOUR)

    assert events_of(older.pk)[-1] == "delivery.accepted"
    assert [m.message_id for m in claim_replies(5, at=NOW + 6 * HOUR)] == [late.pk]


def test_a_reply_for_later_is_still_held_by_an_answer(house: House, older: Ticket, newer: Ticket) -> None:
    late = actions.reply(newer.pk, by=house.olena, text="Later", at=NOW, send_at=NOW + 5 * HOUR)
    actions.merge_ticket(newer.pk, by=house.olena, into=older.pk)
    receive(house.channel, in_reply_to="newer@customer.example")
    assert claim_replies(5, at=NOW + 6 * HOUR) == []
    late.refresh_from_db()
    assert late.outbox == "held"


def test_the_oldest_promise_is_kept_and_the_other_ends(house: House, older: Ticket, newer: Ticket) -> None:
    make_policy()
    settle()
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk, at=NOW + 2 * HOUR)
    settle()
    assert brief(older)[0][3] == "running"
    assert brief(newer)[0][3:5] == ("cancelled", "merged")
    assert list(differences()) == []

    actions.undo_merge(done.pk, by=house.olena, at=NOW + 4 * HOUR)
    settle()
    assert brief(newer)[0][3] == "running"
    assert list(differences()) == []


def test_a_question_keeps_its_age_when_it_moves_to_an_answered_ticket(
    house: House, older: Ticket, newer: Ticket
) -> None:
    make_policy()
    actions.reply(older.pk, by=house.olena, text="Sent yesterday", at=NOW + timedelta(minutes=10), undo_seconds=0)
    claim_replies(5, at=NOW + timedelta(minutes=11))
    settle()
    done = actions.merge_ticket(newer.pk, by=house.olena, into=older.pk, at=NOW + 2 * HOUR)
    settle()
    running = older.clocks.get(state="running")  # type: ignore[attr-defined]
    assert (running.target, running.started_at) == ("next", NOW + HOUR)
    assert list(differences()) == []

    actions.undo_merge(done.pk, by=house.olena, at=NOW + 3 * HOUR)
    settle()
    running.refresh_from_db()
    assert (running.state, running.reason) == ("cancelled", "moved")
    assert list(differences()) == []


def at_once(*work: Callable[[], object]) -> list[object]:
    """What each came to: its result, or what it was refused with."""
    start, results = threading.Barrier(len(work)), list[object]([None] * len(work))

    def run(place: int, one: Callable[[], object]) -> None:
        start.wait()
        try:
            results[place] = one()
        except (OperationalError, DomainError) as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def merging(by: Agent, source: Ticket, target: Ticket) -> Callable[[], object]:
    return lambda: actions.merge_ticket(source.pk, by=by, into=target.pk)


@pytest.mark.django_db(transaction=True)
def test_two_agents_merge_the_two_into_each_other_at_once() -> None:
    house = make_house()
    one, two = open_ticket(house.channel), open_ticket(house.channel)

    first, second = at_once(merging(house.olena, one, two), merging(house.ben, two, one))

    assert first == second == Relocation.objects.get()
    refreshed(one, two)
    assert {one.merged_into_id, two.merged_into_id} in ({None, two.pk}, {None, one.pk})
    assert sorted(Message.objects.values_list("sequence", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_mail_comes_while_it_is_merged_and_taken_back() -> None:
    house = make_house()
    older = open_ticket(house.channel)
    newer = open_ticket(house.channel, external_id="newer@customer.example")

    def mail_in() -> str:
        """As the worker does it: what was overtaken too often in a row comes again later."""
        while True:
            with contextlib.suppress(IntegrityError):
                return receive(house.channel, in_reply_to="newer@customer.example").outcome

    def mails() -> list[str]:
        return [mail_in() for _ in range(12)]

    def merges() -> None:
        for _ in range(6):
            actions.undo_merge(actions.merge_ticket(newer.pk, by=house.olena, into=older.pk).pk, by=house.olena)

    came, other, done = at_once(mails, mails, merges)

    assert came == other == ["threaded"] * 12
    assert done is None
    assert Message.objects.filter(ticket=newer).count() == 25
    assert Message.objects.exclude(ticket_id=newer.pk).count() == 1
    for message in Message.objects.select_related("conversation"):
        assert message.conversation.ticket_id == message.ticket_id
    for ticket in (older, newer):
        assert_gapless(ticket.pk)


@pytest.mark.django_db(transaction=True)
def test_a_reply_is_queued_while_its_ticket_is_merged() -> None:
    house = make_house()
    older, newer = open_ticket(house.channel), open_ticket(house.channel)

    reply, done = at_once(
        lambda: actions.reply(newer.pk, by=house.ben, text="Hello", undo_seconds=0),
        merging(house.olena, newer, older),
    )

    assert isinstance(done, Relocation)
    if isinstance(reply, Message):
        reply.refresh_from_db()
        assert reply.ticket == older
        assert claim_replies(5, at=reply.at)[0].message_id == reply.pk
    else:
        assert isinstance(reply, TicketMerged)
        assert not Message.objects.filter(kind="outbound").exists()
