"""Status, snooze, assignment, labels, files, drafts: state, exact events, and nothing when nothing changes."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from people.models import Agent
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket
from tickets import actions
from tickets.actions.files import remove_upload
from tickets.errors import InvalidInput, NotFound
from tickets.models import Attachment, Draft, RemovedUpload, Seen, Status, Tag, Ticket

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


Change = Callable[[House, int], object]
CHANGES: list[tuple[str, Change, str]] = [
    ("assign", lambda h, t: actions.assign_ticket(t, by=h.olena, assignee=h.ben), "ticket.assigned"),
    ("pending", lambda h, t: actions.set_status(t, by=h.olena, status="pending"), "ticket.status_changed"),
    ("solve", lambda h, t: actions.set_status(t, by=h.olena, status="solved"), "ticket.solved"),
    ("snooze", lambda h, t: actions.snooze_ticket(t, by=h.olena, until=LATER, at=NOW), "ticket.snoozed"),
    ("priority", lambda h, t: actions.set_priority(t, by=h.olena, priority=40), "ticket.prioritised"),
    ("tag", lambda h, t: actions.add_tag(t, by=h.olena, name=" VIP  customer "), "ticket.tagged"),
    ("move", lambda h, t: actions.move_to_team(t, by=h.adam, team=h.returns), "ticket.moved"),
]


@pytest.mark.parametrize(("name", "change", "kind"), CHANGES, ids=[name for name, _, _ in CHANGES])
def test_a_change_is_one_event_and_repeating_it_none(
    house: House, ticket: Ticket, name: str, change: Change, kind: str
) -> None:
    before = events_of(ticket.pk)

    change(house, ticket.pk)
    change(house, ticket.pk)

    assert events_of(ticket.pk) == [*before, kind]
    assert_gapless(ticket.pk)


def test_solving_ends_the_period_and_reopening_begins_the_next(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=LATER)
    ticket.refresh_from_db()
    assert (ticket.solved_at, ticket.waiting_since) == (LATER, None)

    actions.set_status(ticket.pk, by=house.olena, status="open", at=LATER + timedelta(hours=2))

    cycles = list(ticket.cycles.order_by("number").values_list("number", "solved_at"))
    assert cycles == [(1, LATER), (2, None)]


def test_a_solve_taken_back_at_once_was_a_slip(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=LATER)

    actions.set_status(ticket.pk, by=house.olena, status="open", at=LATER + timedelta(seconds=30))

    assert list(ticket.cycles.values_list("number", "solved_at")) == [(1, None)]


@pytest.mark.parametrize("status", ["closed", "spam", ""])
def test_only_the_timer_closes(house: House, ticket: Ticket, status: str) -> None:
    with pytest.raises(InvalidInput):
        actions.set_status(ticket.pk, by=house.olena, status=status)


def test_the_timer_closes_what_was_solved_long_ago(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=NOW)

    assert actions.close_solved(at=NOW + timedelta(days=13)) == 0
    assert actions.close_solved(at=NOW + timedelta(days=15)) == 1
    assert actions.close_solved(at=NOW + timedelta(days=15)) == 0

    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_at) == (Status.CLOSED, NOW + timedelta(days=15))
    assert events_of(ticket.pk)[-1] == "ticket.closed"


def test_a_snoozed_ticket_comes_back_in_time(house: House, ticket: Ticket) -> None:
    actions.snooze_ticket(ticket.pk, by=house.olena, until=LATER, at=NOW)

    assert actions.wake_snoozed(at=LATER - timedelta(seconds=1)) == 0
    assert actions.wake_snoozed(at=LATER) == 1

    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    assert events_of(ticket.pk)[-1] == "ticket.woken"


def test_a_ticket_is_not_snoozed_into_the_past(house: House, ticket: Ticket) -> None:
    with pytest.raises(InvalidInput):
        actions.snooze_ticket(ticket.pk, by=house.olena, until=NOW, at=NOW)


def test_only_who_can_answer_is_assigned(house: House, ticket: Ticket) -> None:
    with pytest.raises(InvalidInput):
        actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.vera)


def test_who_is_assigned_sees_it_in_any_team(house: House, ticket: Ticket) -> None:
    assert not Ticket.objects.visible_to(house.mallory).exists()

    actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.mallory)

    assert Ticket.objects.visible_to(house.mallory).get() == ticket


def test_a_moved_ticket_is_out_of_sight(house: House, ticket: Ticket) -> None:
    actions.move_to_team(ticket.pk, by=house.olena, team=house.returns)

    with pytest.raises(NotFound):
        actions.add_note(ticket.pk, by=house.olena, text="Still here?")


def test_a_tag_has_one_spelling(house: House, ticket: Ticket) -> None:
    actions.add_tag(ticket.pk, by=house.olena, name="Late  Parcel")
    actions.remove_tag(ticket.pk, by=house.olena, name="late parcel")
    actions.remove_tag(ticket.pk, by=house.olena, name="late parcel")

    assert Tag.objects.get().name == "late parcel"
    assert events_of(ticket.pk)[-2:] == ["ticket.tagged", "ticket.untagged"]
    with pytest.raises(InvalidInput):
        actions.add_tag(ticket.pk, by=house.olena, name=" ")


def test_a_late_draft_overwrites_nothing(house: House, ticket: Ticket) -> None:
    def save(text: str, revision: int) -> bool:
        return actions.save_draft(
            ticket.pk, by=house.olena, kind="outbound", text=text, recipients={}, revision=revision
        )

    assert save("newer", 5)
    assert not save("older", 4)

    assert Draft.objects.get().text == "newer"
    assert events_of(ticket.pk)[-1] == "message.received"


def test_reading_goes_forward_only_and_not_past_the_end(house: House, ticket: Ticket) -> None:
    for sequence in (99, 0):
        actions.mark_seen(ticket.pk, by=house.olena, sequence=sequence)

    assert Seen.objects.get().sequence == 1
    with pytest.raises(NotFound):
        actions.mark_seen(ticket.pk, by=house.mallory, sequence=1)


def test_an_upload_is_used_once_by_who_made_it(house: House, ticket: Ticket) -> None:
    file = actions.upload_attachment(
        ticket.pk, by=house.olena, upload=io.BytesIO(b"%PDF-1.7 hello"), filename="../../etc/чек\x00.pdf"
    )
    assert (file.filename, file.content_type, file.message) == ("чек.pdf", "application/pdf", None)

    with pytest.raises(InvalidInput):
        actions.reply(ticket.pk, by=house.ben, text="Stolen", attachments=[file.public_id])
    message = actions.reply(ticket.pk, by=house.olena, text="Here", attachments=[file.public_id])
    with pytest.raises(InvalidInput):
        actions.reply(ticket.pk, by=house.olena, text="Again", attachments=[file.public_id])

    assert list(message.attachments.all()) == [file]


def upload(ticket: Ticket, by: Agent, public_id: uuid.UUID) -> Attachment:
    return actions.upload_attachment(
        ticket.pk, by=by, upload=io.BytesIO(b"text"), filename="a.txt", public_id=public_id
    )


def test_an_upload_that_comes_twice_is_one_and_its_id_is_its_makers(house: House, ticket: Ticket) -> None:
    file = upload(ticket, house.olena, uuid.uuid4())

    assert upload(ticket, house.olena, file.public_id) == file
    with pytest.raises(InvalidInput):
        upload(ticket, house.ben, file.public_id)
    actions.reply(ticket.pk, by=house.olena, text="Here", attachments=[file.public_id])
    with pytest.raises(InvalidInput):
        upload(ticket, house.olena, file.public_id)

    assert Attachment.objects.count() == 1


def test_a_file_removed_before_it_arrived_is_not_kept(house: House, ticket: Ticket) -> None:
    early = uuid.uuid4()
    for _ in range(2):
        remove_upload(ticket.pk, by=house.olena, public_id=early)
    with pytest.raises(NotFound):
        remove_upload(ticket.pk, by=house.mallory, public_id=early)
    before = events_of(ticket.pk)

    with pytest.raises(InvalidInput):
        upload(ticket, house.olena, early)
    assert not Attachment.objects.exists()
    assert list(RemovedUpload.objects.values_list("public_id", "agent")) == [(early, house.olena.pk)]
    assert events_of(ticket.pk) == before

    # Who guesses another's id stops nobody.
    assert upload(ticket, house.ben, early).public_id == early


def test_a_file_is_removed_by_its_maker_alone_and_leaves_no_mark(house: House, ticket: Ticket) -> None:
    file = upload(ticket, house.olena, uuid.uuid4())

    remove_upload(ticket.pk, by=house.ben, public_id=file.public_id)
    assert Attachment.objects.get() == file
    remove_upload(ticket.pk, by=house.olena, public_id=file.public_id)

    assert not Attachment.objects.exists() and not RemovedUpload.objects.exists()


def test_removals_of_what_never_arrived_are_swept_after_a_day(house: House, ticket: Ticket) -> None:
    remove_upload(ticket.pk, by=house.olena, public_id=uuid.uuid4())
    at = RemovedUpload.objects.get().created_at

    assert actions.sweep_orphans(at=at + timedelta(hours=23)) == 0
    assert actions.sweep_orphans(at=at + timedelta(hours=25)) == 1
    assert not RemovedUpload.objects.exists()


@pytest.mark.parametrize("content", [b"", b"x" * 1025])
def test_an_upload_has_a_size(house: House, ticket: Ticket, content: bytes, settings: object) -> None:
    settings.MAX_UPLOAD_SIZE = 1024  # type: ignore[attr-defined]

    with pytest.raises(InvalidInput):
        actions.upload_attachment(ticket.pk, by=house.olena, upload=io.BytesIO(content), filename="x")

    assert not Attachment.objects.exists()


def test_unused_uploads_are_swept_after_a_day(house: House, ticket: Ticket) -> None:
    file = actions.upload_attachment(ticket.pk, by=house.olena, upload=io.BytesIO(b"text"), filename="a.txt")

    assert actions.sweep_orphans(at=file.created_at + timedelta(hours=23)) == 0
    assert actions.sweep_orphans(at=file.created_at + timedelta(hours=25)) == 1


def test_a_note_is_for_the_team(house: House, ticket: Ticket) -> None:
    click = uuid.uuid4()

    note = actions.add_note(ticket.pk, by=house.olena, text="Be kind", client_id=click)
    again = actions.add_note(ticket.pk, by=house.olena, text="Be kind", client_id=click)

    ticket.refresh_from_db()
    assert note == again and (note.kind, note.envelope, note.outbox) == ("note", {}, "")
    assert (ticket.preview, ticket.waiting_since) == ("Hello, my parcel has not arrived.", NOW)
    assert events_of(ticket.pk)[2:] == ["note.added"]
