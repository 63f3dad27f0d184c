"""Taking back one's own last change: the inverse, once, and only where nothing happened since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from events.models import Event
from metrics.verify import differences
from people.models import Identity
from tests.metrics.shop import make_policy, settle
from tests.people import NOW, House, assert_gapless, events_of, make_house, open_ticket, receive, row_counts
from tickets import actions
from tickets.actions.undo import undo_changes
from tickets.errors import NotFound, TooLate
from tickets.inbound import Address
from tickets.models import Participant, ParticipantState, Tagging, Ticket

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


Change = Callable[[House, int], Ticket]
CHANGES: dict[str, tuple[Change, str]] = {
    "assign": (lambda h, t: actions.assign_ticket(t, by=h.olena, assignee=h.ben), "ticket.assigned"),
    "move": (lambda h, t: actions.move_to_team(t, by=h.olena, team=h.returns), "ticket.moved"),
    "priority": (lambda h, t: actions.set_priority(t, by=h.olena, priority=40), "ticket.prioritised"),
    "tag": (lambda h, t: actions.add_tag(t, by=h.olena, name="vip"), "ticket.untagged"),
    "snooze": (lambda h, t: actions.snooze_ticket(t, by=h.olena, until=TOMORROW, at=NOW), "ticket.woken"),
    "spam": (lambda h, t: actions.mark_spam(t, by=h.olena, at=LATER), "ticket.unmarked_spam"),
    "solve": (lambda h, t: actions.set_status(t, by=h.olena, status="solved", at=LATER), "ticket.reopened"),
    "pending": (lambda h, t: actions.set_status(t, by=h.olena, status="pending"), "ticket.status_changed"),
}  # fmt: skip


def standing(ticket: Ticket) -> tuple[object, ...]:
    ticket.refresh_from_db()
    tags = tuple(Tagging.objects.filter(ticket=ticket).values_list("tag__name", flat=True))
    cycles = tuple(ticket.cycles.order_by("number").values_list("number", "solved_at"))
    return (
        ticket.status, ticket.assignee_id, ticket.team_id, ticket.priority, ticket.snoozed_until, ticket.waiting_since,
        ticket.solved_at, tags, cycles,
    )  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_taken_back_once(house: House, ticket: Ticket, name: str) -> None:
    change, inverse = CHANGES[name]
    before = standing(ticket)
    event = change(house, ticket.pk).recorded
    assert event is not None
    kinds = events_of(ticket.pk)
    assert standing(ticket) != before

    actions.undo_change(ticket.pk, event, by=house.olena, at=LATER + timedelta(minutes=9))
    actions.undo_change(ticket.pk, event, by=house.olena, at=LATER + timedelta(minutes=9))

    assert standing(ticket) == before
    assert events_of(ticket.pk) == [*kinds, inverse]
    assert Event.objects.latest("pk").data["undoes"] == event
    assert_gapless(ticket.pk)


def test_spam_goes_back_to_where_it_stood_and_blocks_nobody_who_was_not(house: House, ticket: Ticket) -> None:
    actions.set_status(ticket.pk, by=house.olena, status="pending", at=NOW)
    actions.snooze_ticket(ticket.pk, by=house.olena, until=TOMORROW, at=NOW)
    before = standing(ticket)
    other = open_ticket(house.channel)
    actions.mark_spam(other.pk, by=house.ben)  # blocks the same address first
    event = actions.mark_spam(ticket.pk, by=house.olena, at=LATER).recorded
    assert event is not None

    actions.undo_change(ticket.pk, event, by=house.olena, at=LATER)

    assert standing(ticket) == before
    assert Identity.objects.get(value="zoe@customer.example").blocked_at is not None


def test_what_was_done_together_is_taken_back_together_or_not_at_all(house: House, ticket: Ticket) -> None:
    before = standing(ticket)
    changes = actions.hand_over(ticket.pk, by=house.olena, team=house.returns, to=house.ben, note="Yours").changes
    assert len(changes) == 2

    undo_changes(ticket.pk, changes, by=house.olena)
    assert standing(ticket) == before

    changes = actions.hand_over(ticket.pk, by=house.olena, team=house.returns, to=house.ben, note="Yours").changes
    handed = standing(ticket)
    with pytest.raises(NotFound):
        undo_changes(ticket.pk, [0, *changes], by=house.olena)
    assert standing(ticket) == handed


@pytest.mark.parametrize("accept", [True, False])
def test_whoever_was_let_in_or_kept_out_waits_again(house: House, ticket: Ticket, accept: bool) -> None:
    make_policy()
    answer = actions.reply(ticket.pk, by=house.olena, text="Look here", at=NOW)
    receive(house.channel, sender=Address("Ivo", "ivo@customer.example"), tokens=(answer.reply_token,), at=LATER)
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=LATER)
    guest = Participant.objects.get(state=ParticipantState.PENDING)
    before = guest_stands(ticket)
    decide = actions.accept_participant if accept else actions.refuse_participant
    changes = decide(guest.conversation_id, guest.identity_id, by=house.olena, at=LATER).recorded
    assert guest_stands(ticket) != before
    for other in (house.ben, house.mallory):
        with pytest.raises(NotFound):
            undo_changes(ticket.pk, changes, by=other)

    for _ in range(2):
        undo_changes(ticket.pk, changes, by=house.olena, at=LATER)

    assert guest_stands(ticket) == before
    assert events_of(ticket.pk).count("participant.undecided") == 1
    settle()
    assert list(differences()) == []


def guest_stands(ticket: Ticket) -> tuple[object, ...]:
    ticket.refresh_from_db()
    states = list(Participant.objects.order_by("pk").values_list("state", flat=True))
    pending = list(ticket.messages.order_by("pk").values_list("pending", flat=True))
    return ticket.status, ticket.waiting_since, ticket.needs_attention, states, pending


def test_a_removed_tag_comes_back(house: House, ticket: Ticket) -> None:
    actions.add_tag(ticket.pk, by=house.olena, name="vip")
    event = actions.remove_tag(ticket.pk, by=house.olena, name="vip").recorded
    assert event is not None

    actions.undo_change(ticket.pk, event, by=house.olena)

    assert list(ticket.tags.values_list("name", flat=True)) == ["vip"]


def test_a_snooze_ended_by_closing_goes_on(house: House, ticket: Ticket) -> None:
    actions.snooze_ticket(ticket.pk, by=house.olena, until=TOMORROW, at=NOW)
    event = actions.set_status(ticket.pk, by=house.olena, status="solved", at=NOW).recorded
    assert event is not None

    actions.undo_change(ticket.pk, event, by=house.olena, at=LATER)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.snoozed_until) == ("open", TOMORROW)


def test_one_goes_back_step_by_step(house: House, ticket: Ticket) -> None:
    before = standing(ticket)
    steps = [CHANGES[name][0](house, ticket.pk).recorded for name in ("assign", "priority", "tag")]

    for event in reversed(steps):
        assert event is not None
        actions.undo_change(ticket.pk, event, by=house.olena)

    assert standing(ticket) == before


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda h, t: receive(h.channel, text="One more thing", subject_numbers=(t,)),
        lambda h, t: actions.add_note(t, by=h.ben, text="Looking at it"),
        lambda h, t: actions.set_priority(t, by=h.ben, priority=30),
    ],
    ids=["customer", "note", "colleague"],
)
def test_what_changed_since_stays(house: House, ticket: Ticket, meanwhile: Callable[[House, int], object]) -> None:
    event = actions.set_status(ticket.pk, by=house.olena, status="solved", at=NOW).recorded
    assert event is not None
    meanwhile(house, ticket.pk)
    before, kinds = standing(ticket), events_of(ticket.pk)

    with pytest.raises(TooLate):
        actions.undo_change(ticket.pk, event, by=house.olena)

    assert standing(ticket) == before
    assert events_of(ticket.pk) == kinds


@pytest.mark.parametrize("who", ["ben", "mallory", "vera", "adam"])
def test_nobody_takes_back_what_others_did(house: House, ticket: Ticket, who: str) -> None:
    event = actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.ben).recorded
    assert event is not None
    before, rows = standing(ticket), row_counts()

    with pytest.raises((NotFound, actions.base.PermissionDenied)):
        actions.undo_change(ticket.pk, event, by=getattr(house, who))

    assert standing(ticket) == before
    assert row_counts() == rows


def test_a_move_out_of_sight_can_be_taken_back(house: House, ticket: Ticket) -> None:
    event = actions.move_to_team(ticket.pk, by=house.olena, team=house.returns).recorded
    assert event is not None
    assert not Ticket.objects.visible_to(house.olena).exists()

    actions.undo_change(ticket.pk, event, by=house.olena)

    assert Ticket.objects.visible_to(house.olena).get() == ticket
