"""Many tickets at once: each changed once by the ordinary rules, whatever is killed, and nothing refused in silence."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events.models import Event
from people.models import Identity
from people.permissions import PermissionDenied
from tests.people import NOW, House, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.actions import bulk
from tickets.errors import InvalidInput, NotFound
from tickets.models import BulkItem, BulkJob, BulkPhase, BulkState, Status, Ticket

pytestmark = pytest.mark.django_db
OPEN = {"status": ("open", "on_hold"), "snoozed": (False,)}


@pytest.fixture
def house() -> House:
    return make_house()


def some(house: House, number: int) -> list[int]:
    return [open_ticket(house.channel, subject=f"Parcel {n}").pk for n in range(number)]


def begin(house: House, ids: list[int], do: str = "status", value: str = "solved") -> BulkJob:
    return actions.start_bulk(
        actions.Selection(ids=ids), by=house.olena, do=do, value=value, client_id=uuid4(), at=NOW
    )  # fmt: skip


def finish() -> None:
    while actions.work_bulk(at=NOW):
        pass


def outcome(job: BulkJob) -> dict[str, int]:
    job.refresh_from_db()
    assert bulk.counts_of(job) == {"total": job.items.count()} | {
        name: job.items.filter(state=name).count() for name in ("done", "same", "refused", "undone", "kept")
    }
    return {name: n for name, n in bulk.counts_of(job).items() if n}


CHANGES = [
    ("status", "solved", "ticket.solved"),
    ("status", "pending", "ticket.status_changed"),
    ("assignee", "{ben}", "ticket.assigned"),
    ("team", "{returns}", "ticket.moved"),
    ("priority", "40", "ticket.prioritised"),
    ("tag", "Late parcel", "ticket.tagged"),
    ("snooze", "2026-03-03T09:00:00+00:00", "ticket.snoozed"),
    ("spam", "", "ticket.marked_spam"),
]


@pytest.mark.parametrize(("do", "value", "kind"), CHANGES, ids=[f"{do} {kind}" for do, _, kind in CHANGES])
def test_every_change_is_done_and_taken_back(house: House, do: str, value: str, kind: str) -> None:
    ids = some(house, 3)
    before = {id: events_of(id) for id in ids}
    job = begin(house, ids, do, value.format(ben=house.ben.pk, returns=house.returns.pk))
    finish()
    assert outcome(job) == {"total": 3, "done": 3}
    assert {id: events_of(id) for id in ids} == {id: [*before[id], kind] for id in ids}

    actions.undo_bulk(job.pk, by=house.olena, at=NOW)
    finish()

    assert outcome(job) == {"total": 3, "undone": 3}
    assert job.phase == BulkPhase.UNDONE
    facts = Ticket.objects.values_list("status", "assignee", "team", "priority", "tags", "snoozed_until")
    assert set(facts) == {("open", None, house.support.pk, 20, None, None)}
    assert list(Event.objects.filter(stream_type="bulk").values_list("kind", flat=True)) == [
        "bulk.started", "bulk.finished", "bulk.undo_started", "bulk.undone",
    ]  # fmt: skip


def test_what_is_no_spam_comes_back_and_its_senders_may_write(house: House) -> None:
    ids = some(house, 2)
    for id in ids:
        actions.mark_spam(id, by=house.ben)

    job = begin(house, ids, "no_spam", "")
    finish()

    assert outcome(job) == {"total": 2, "done": 2}
    assert set(Ticket.objects.values_list("status", flat=True)) == {"open"}
    assert not Identity.objects.filter(blocked_at__isnull=False).exists()
    actions.undo_bulk(job.pk, by=house.olena, at=NOW)
    finish()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"spam"}
    assert Identity.objects.filter(blocked_at__isnull=False).exists()


def test_a_tag_is_removed_where_it_is(house: House) -> None:
    ids = some(house, 2)
    actions.add_tag(ids[0], by=house.olena, name="vip")

    job = begin(house, ids, "untag", "VIP")
    finish()

    assert outcome(job) == {"total": 2, "done": 1, "same": 1}


def test_what_is_refused_says_why(house: House) -> None:
    ids = some(house, 3)
    Ticket.objects.filter(pk=ids[1]).update(status=Status.CLOSED)

    job = begin(house, ids, "assignee", str(house.ben.pk))
    finish()

    assert outcome(job) == {"total": 3, "done": 2, "refused": 1}
    assert BulkItem.objects.get(state=BulkState.REFUSED).reason == "This ticket is closed."


def test_a_ticket_that_breaks_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = some(house, 3)
    whole = actions.set_status

    def break_one(ticket_id: int, **fields: object) -> Ticket:
        ticket = whole(ticket_id, **fields)  # type: ignore[arg-type]
        if ticket_id == ids[1]:
            raise RuntimeError("after it had changed")
        return ticket

    monkeypatch.setattr(bulk, "set_status", break_one)

    job = begin(house, ids)
    finish()

    assert outcome(job) == {"total": 3, "done": 2, "refused": 1}
    assert Ticket.objects.get(pk=ids[1]).status == Status.OPEN
    assert "ticket.solved" not in events_of(ids[1])


def test_the_undo_leaves_what_changed_since(house: House) -> None:
    ids = some(house, 3)
    job = begin(house, ids)
    finish()
    actions.add_note(ids[0], by=house.ben, text="Looking at it")
    receive(house.channel, subject_numbers=(ids[1],), text="Still nothing")

    actions.undo_bulk(job.pk, by=house.olena, at=NOW)
    finish()

    assert outcome(job) == {"total": 3, "undone": 1, "kept": 2}
    assert Ticket.objects.get(pk=ids[0]).status == Status.SOLVED
    assert set(job.items.filter(state="kept").values_list("reason", flat=True)) == {
        "Something happened on this ticket meanwhile."
    }


def test_a_job_undone_half_way_is_not_gone_on_with(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    ids = some(house, 5)
    job = begin(house, ids)
    actions.work_bulk(at=NOW)

    actions.undo_bulk(job.pk, by=house.olena, at=NOW)
    actions.undo_bulk(job.pk, by=house.olena, at=NOW)
    finish()

    assert outcome(job) == {"total": 5, "undone": 2, "refused": 3}
    assert not Ticket.objects.filter(status=Status.SOLVED).exists()


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_repeats_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It dies before the commit of its second batch: the next one goes on where the first batch ended."""
    monkeypatch.setattr(bulk, "BATCH", 2)
    ids = some(house, 5)
    job = begin(house, ids)
    actions.work_bulk(at=NOW)
    with pytest.raises(SystemExit), transaction.atomic():
        actions.work_bulk(at=NOW)
        raise SystemExit
    assert outcome(job) == {"total": 5, "done": 2}

    finish()

    assert outcome(job) == {"total": 5, "done": 5}
    assert Counter(kind for id in ids for kind in events_of(id))["ticket.solved"] == 5


def test_the_same_click_is_the_same_job(house: House) -> None:
    click = uuid4()
    one, same = (
        actions.start_bulk(
            actions.Selection(ids=some(house, 1)), by=house.olena, do="status", value="solved", client_id=click
        )
        for _ in range(2)
    )
    assert one == same
    assert one.items.count() == 1


def test_a_view_is_taken_as_it_is_now_but_for_some(house: House) -> None:
    ids = some(house, 4)
    actions.snooze_ticket(ids[0], by=house.olena, until=NOW + timedelta(days=1), at=NOW)
    job = actions.start_bulk(
        actions.Selection(where=OPEN, without=[ids[1]]), by=house.olena, do="status", value="solved", client_id=uuid4()
    )
    new = open_ticket(house.channel)
    finish()

    assert outcome(job) == {"total": 2, "done": 2}
    assert set(Ticket.objects.filter(status="open").values_list("pk", flat=True)) == {ids[0], ids[1], new.pk}


def test_a_view_that_nothing_can_stand_in_is_done_at_once(house: House) -> None:
    some(house, 1)
    job = actions.start_bulk(
        actions.Selection(where={"status": ()}), by=house.olena, do="status", value="solved", client_id=uuid4(), at=NOW
    )
    finish()
    assert (outcome(job), job.phase) == ({}, BulkPhase.DONE)


@pytest.mark.parametrize(
    ("do", "value"),
    [("status", "closed"), ("assignee", "{vera}"), ("assignee", "0"), ("team", "99"), ("priority", "7"), ("tag", " "),
     ("snooze", "2020-01-01T00:00:00+00:00"), ("snooze", "soon"), ("erase", "")],
)  # fmt: skip
def test_what_no_ticket_would_take_is_refused_at_once(house: House, do: str, value: str) -> None:
    ids, rows = some(house, 1), row_counts()
    with pytest.raises(InvalidInput):
        begin(house, ids, do, value.format(vera=house.vera.pk))
    assert row_counts() == rows


def test_too_many_are_refused_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    with pytest.raises(InvalidInput):
        begin(house, some(house, 3))
    assert not BulkJob.objects.exists()


def test_others_tickets_are_out_of_reach(house: House) -> None:
    theirs = open_ticket(house.other_channel)
    before = events_of(theirs.pk)

    job = begin(house, [theirs.pk])
    everything = actions.start_bulk(
        actions.Selection(where={}), by=house.olena, do="status", value="solved", client_id=uuid4()
    )
    finish()

    assert (job.total, everything.total) == (0, 0)
    assert events_of(theirs.pk) == before


def test_a_viewer_begins_nothing_and_nobody_undoes_anothers_job(house: House) -> None:
    ids = some(house, 1)
    with pytest.raises(PermissionDenied):
        actions.start_bulk(actions.Selection(ids=ids), by=house.vera, do="status", value="solved", client_id=uuid4())
    job = begin(house, ids)
    finish()
    for who in (house.ben, house.mallory, house.adam):
        with pytest.raises(NotFound):
            actions.undo_bulk(job.pk, by=who)
    assert outcome(job) == {"total": 1, "done": 1}


def test_who_lost_the_right_meanwhile_changes_nothing(house: House) -> None:
    ids = some(house, 2)
    job = begin(house, ids)
    type(house.olena).objects.filter(pk=house.olena.pk).update(is_active=False)

    finish()

    assert outcome(job) == {"total": 2, "refused": 2}
    assert not Ticket.objects.filter(status=Status.SOLVED).exists()


def test_a_batch_costs_the_same_whatever_the_job(house: House) -> None:
    def cost(number: int) -> int:
        begin(house, some(house, number))
        with CaptureQueriesContext(connection) as queries:
            actions.work_bulk(at=NOW)
        finish()
        return len(queries)

    cost(bulk.BATCH + 1)
    assert cost(bulk.BATCH + 1) == cost(3 * bulk.BATCH)


def test_old_jobs_are_forgotten(house: House) -> None:
    begin(house, some(house, 1))
    finish()
    assert actions.sweep_bulk(at=NOW + timedelta(days=29)) == 0
    assert actions.sweep_bulk(at=NOW + timedelta(days=31)) == 1
    assert not BulkItem.objects.exists()
