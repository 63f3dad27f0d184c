"""What the inbox's events make of the rows of a ticket's clocks, and of what its row shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.delivery import drain
from events.models import Event, EventDelivery
from metrics.clocks.keeping import keep_clocks, plan_ticket
from metrics.models import Clock, Policy, Rules, Watch
from metrics.rules import DEFAULTS, ensure_defaults, freeze
from tests.metrics.shop import ask, brief, clocks, make_policy, settle, sla_events, work_week
from tests.people import House, assert_gapless, events_of, make_house, receive
from tickets import actions
from tickets.actions import delivery
from tickets.inbound import Address
from tickets.models import DueState, Priority, Ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FIRST_RUNS = (1, "first", 1, "running", "", False)


@pytest.fixture
def house() -> House:
    return make_house()


def shown(ticket: Ticket) -> tuple[str, str, object]:
    ticket.refresh_from_db()
    return ticket.due_state, ticket.due_target, ticket.next_due_at


def test_a_mail_starts_the_clock_of_its_first_answer(house: House) -> None:
    policy = make_policy()
    ticket = ask(house.channel, ago=timedelta(minutes=10))
    [clock] = clocks(ticket)
    due = ticket.opened_at + HOUR
    assert brief(ticket) == [FIRST_RUNS]
    assert (clock.policy_id, clock.seconds, clock.due_at, clock.told) == (policy.pk, 3600, due, 0)
    assert clock.started_at == ticket.opened_at
    assert clock.next_at == ticket.opened_at + 0.75 * HOUR
    assert [percent for percent, _at in clock.alarms] == [75, 90, 100]
    assert shown(ticket) == (DueState.RUNNING, "first", due)
    assert (ticket.due_amber_at, ticket.due_red_at) == (due - 0.25 * HOUR, due - 0.1 * HOUR)
    assert events_of(ticket.pk) == ["ticket.opened", "message.received"]  # a plan is no event


def test_an_answer_stops_it_at_the_click_and_the_next_mail_starts_another(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=timedelta(minutes=10))
    reply = actions.reply(ticket.pk, by=house.olena, text="On its way.", undo_seconds=0)
    settle()
    [clock] = clocks(ticket)
    assert brief(ticket) == [(1, "first", 1, "fulfilled", "answered", False)]
    assert (clock.stopped_at, clock.answered_by, clock.next_at) == (reply.at, house.olena.pk, None)
    assert clock.used_seconds == clock.wall_seconds == (reply.at - ticket.opened_at).total_seconds()
    assert shown(ticket) == (DueState.NONE, "", None)
    later = timezone.now()
    receive(house.channel, subject_numbers=(ticket.pk,), at=later, received_at=later)
    settle()
    assert brief(ticket)[1] == (1, "next", 1, "running", "", False)
    assert shown(ticket) == (DueState.RUNNING, "next", later + 2 * HOUR)


@pytest.mark.parametrize("how", ["note", "auto", "acknowledgement"])
def test_what_is_no_answer_stops_nothing(house: House, how: str) -> None:
    make_policy()
    house.channel.acknowledges = how == "acknowledgement"
    house.channel.save()
    ticket = ask(house.channel)
    if how == "note":
        actions.add_note(ticket.pk, by=house.olena, text="Who knows?")
    elif how == "auto":
        now = timezone.now()
        receive(house.channel, subject_numbers=(ticket.pk,), auto_kind="auto_reply", at=now, received_at=now)
    else:
        assert "message.queued" in events_of(ticket.pk)
    settle()
    assert brief(ticket) == [FIRST_RUNS]


def test_a_robots_mail_and_an_archive_start_nothing(house: House) -> None:
    make_policy()
    robot = ask(house.channel, auto_kind="auto_reply", sender=Address("R", "r@robots.example"))
    old = ask(house.channel, historic=True, sender=Address("O", "o@old.example"))
    assert (brief(robot), brief(old)) == ([], [])
    assert shown(old) == (DueState.NONE, "", None)


def test_an_answer_taken_back_was_none(house: House) -> None:
    make_policy()
    ticket = ask(house.channel)
    reply = actions.reply(ticket.pk, by=house.olena, text="On its w", undo_seconds=600)
    settle()
    assert brief(ticket) == [(1, "first", 1, "fulfilled", "answered", False)]
    actions.withdraw_reply(reply.pk, by=house.olena)
    settle()
    assert brief(ticket) == [FIRST_RUNS]
    assert clocks(ticket)[0].due_at == ticket.opened_at + HOUR


def test_pauses_are_the_policys(house: House) -> None:
    make_policy(pauses=["pending", "snoozed"], resolution_seconds=36000)
    ticket = ask(house.channel)
    actions.set_status(ticket.pk, by=house.olena, status="pending")
    settle()
    assert [row[3] for row in brief(ticket)] == ["paused", "paused"]
    assert shown(ticket)[:1] == (DueState.PAUSED,)
    assert [clock.next_at for clock in clocks(ticket)] == [None, None]
    actions.set_status(ticket.pk, by=house.olena, status="on_hold")
    settle()
    assert [row[3] for row in brief(ticket)] == ["running", "running"]
    actions.snooze_ticket(ticket.pk, by=house.olena, until=timezone.now() + HOUR)
    settle()
    assert [row[3] for row in brief(ticket)] == ["paused", "paused"]


def test_time_stood_still_while_paused(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=timedelta(minutes=30))
    start = ticket.opened_at
    actions.set_status(ticket.pk, by=house.olena, status="pending", at=start + timedelta(minutes=5))
    actions.set_status(ticket.pk, by=house.olena, status="open", at=start + timedelta(minutes=25))
    settle()
    assert clocks(ticket)[0].due_at == start + timedelta(minutes=80)


def test_nights_and_lunch_do_not_count(house: House) -> None:
    make_policy(calendar=work_week(), first_seconds=4 * 3600)
    at = datetime.fromisoformat("2026-11-20T16:30:00+02:00")  # a Friday
    ticket = ask(house.channel, at=at)
    assert clocks(ticket)[0].due_at == datetime.fromisoformat("2026-11-23T11:30:00+02:00")


def test_solving_ends_a_period_and_an_answer_opens_the_next(house: House) -> None:
    make_policy(resolution_seconds=36000)
    ticket = ask(house.channel)
    actions.reply(ticket.pk, by=house.olena, text="Done.", then_status="solved", undo_seconds=0)
    settle()
    done = [(1, "first", 1, "fulfilled", "answered", False), (1, "resolution", 1, "fulfilled", "solved", False)]
    assert brief(ticket) == done
    later = timezone.now() + timedelta(minutes=5)
    receive(house.channel, subject_numbers=(ticket.pk,), text="It is broken again.", at=later, received_at=later)
    settle()
    assert brief(ticket) == [*done, (2, "first", 1, "running", "", False), (2, "resolution", 1, "running", "", False)]


def test_a_bare_thanks_after_solving_starts_no_clock_and_what_follows_does(house: House) -> None:
    make_policy(resolution_seconds=36000)
    ticket = ask(house.channel)
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    before = brief(ticket)
    assert before[0] == (1, "first", 1, "cancelled", "solved", False)
    later = timezone.now() + timedelta(minutes=5)
    receive(house.channel, subject_numbers=(ticket.pk,), text="Дуже дякую!\n\nZoe", at=later, received_at=later)
    settle()
    ticket.refresh_from_db()
    assert ticket.status == "open" and brief(ticket) == before
    assert shown(ticket) == (DueState.NONE, "", None)
    asked = later + timedelta(minutes=1)
    receive(
        house.channel, subject_numbers=(ticket.pk,), text="And where is the second parcel?", at=asked, received_at=asked
    )
    settle()
    assert [(row[0], row[1], row[3]) for row in brief(ticket)[2:]] == [
        (2, "first", "running"), (2, "resolution", "running"),
    ]  # fmt: skip
    assert clocks(ticket)[-1].started_at == asked


def test_a_slip_of_closing_changes_nothing(house: House) -> None:
    make_policy()
    ticket = ask(house.channel)
    before = [(clock.due_at, clock.started_at) for clock in clocks(ticket)]
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    actions.set_status(ticket.pk, by=house.olena, status="open")
    settle()
    assert brief(ticket) == [FIRST_RUNS]
    assert [(clock.due_at, clock.started_at) for clock in clocks(ticket)] == before


def test_priority_plans_one_ticket_anew_from_its_start(house: House) -> None:
    make_policy()
    Policy.objects.filter(name="Everything").update(position=9)
    make_policy_first(priority=[Priority.URGENT], seconds=600)
    ticket, other = ask(house.channel), ask(house.channel, sender=Address("N", "n@n.example"))
    actions.set_priority(ticket.pk, by=house.olena, priority=Priority.URGENT)
    settle()
    assert clocks(ticket)[0].due_at == ticket.opened_at + timedelta(minutes=10)
    assert clocks(other)[0].due_at == other.opened_at + HOUR
    actions.set_priority(ticket.pk, by=house.olena, priority=Priority.NORMAL)
    settle()
    assert clocks(ticket)[0].due_at == ticket.opened_at + HOUR


def make_policy_first(*, priority: list[int], seconds: int) -> Policy:
    everything = Policy.objects.get(name="Everything")
    policy = Policy.objects.create(
        name="Urgent", position=0, calendar=everything.calendar, conditions={"priority": priority},
        first_seconds=seconds, warn=[75], pauses=[],
    )  # fmt: skip
    freeze(by=None)
    return policy


def test_an_answer_too_late_is_told_of_even_if_nobody_swept(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=2 * HOUR)
    actions.reply(ticket.pk, by=house.olena, text="Sorry.", undo_seconds=0)
    settle()
    assert brief(ticket) == [(1, "first", 1, "fulfilled", "answered", True)]
    assert clocks(ticket)[0].breached_at == ticket.opened_at + HOUR
    assert sla_events(ticket) == [("sla.breached", 100)]
    plan_ticket(ticket.pk, event_id=1)
    assert sla_events(ticket) == [("sla.breached", 100)]
    assert_gapless(ticket.pk)


def test_a_replay_and_any_order_of_hearing_change_nothing(house: House) -> None:
    make_policy(resolution_seconds=36000)
    ticket = ask(house.channel, ago=timedelta(minutes=10))
    actions.reply(ticket.pk, by=house.olena, text="Hm.", undo_seconds=0)
    actions.set_priority(ticket.pk, by=house.olena, priority=Priority.HIGH)
    settle()
    before = list(Clock.objects.order_by("pk").values())
    heard = list(Event.objects.filter(stream_type="ticket").order_by("-id"))
    for event in heard:
        keep_clocks(event)
    Watch.objects.all().delete()
    for event in heard:
        keep_clocks(event)
    assert list(Clock.objects.order_by("pk").values()) == before
    Clock.objects.all().delete()
    Watch.objects.all().delete()
    keep_clocks(heard[0])
    assert [strip(row) for row in Clock.objects.order_by("pk").values()] == [strip(row) for row in before]


def strip(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "id"}


def test_one_hearing_serves_all_events_so_far(house: House) -> None:
    """Cost: the second event of a transaction costs a look."""
    make_policy()
    ticket = ask(house.channel)
    actions.reply(ticket.pk, by=house.olena, text="Done.", then_status="solved", undo_seconds=0)
    first, second = Event.objects.filter(kind__in=["message.queued", "ticket.solved"]).order_by("id")
    with CaptureQueriesContext(connection) as queries:
        keep_clocks(first)
    assert len(queries) <= 14
    with CaptureQueriesContext(connection) as queries:
        keep_clocks(second)
    assert len(queries) == 1


def test_a_mail_adds_one_pair_and_nothing_else_to_its_own_transaction(house: House) -> None:
    make_policy()
    receive(house.channel)
    assert list(EventDelivery.objects.filter(subscriber="metrics.clocks").values_list("event__kind", flat=True)) == [
        "message.received"
    ]
    assert not Clock.objects.exists()
    drain()
    assert Clock.objects.count() == 1


def test_a_reply_claimed_by_the_outbox_changes_no_clock(house: House) -> None:
    make_policy()
    ticket = ask(house.channel)
    actions.reply(ticket.pk, by=house.olena, text="Done.", undo_seconds=0)
    settle()
    before = list(Clock.objects.values())
    delivery.claim_replies(10, at=timezone.now())
    plan_ticket(ticket.pk, event_id=1)
    assert "message.sent" in events_of(ticket.pk)
    assert list(Clock.objects.values()) == before


def test_a_helpdesk_without_rules_gets_the_defaults_once(house: House) -> None:
    ticket = ask(house.channel)
    assert [(p.first_seconds, p.next_seconds) for p in Policy.objects.all()] == [(s, s) for _n, _k, s in DEFAULTS]
    assert [s for _n, _k, s in DEFAULTS] == [120, 300, 3600, 86400]
    assert clocks(ticket)[0].due_at == ticket.opened_at + 24 * HOUR
    ensure_defaults()
    assert (Rules.objects.count(), Policy.objects.count()) == (1, 4)
