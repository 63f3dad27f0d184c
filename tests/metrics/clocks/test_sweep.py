"""Warnings and missed deadlines: once each, at their moment, whoever looks, however often, after whatever."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from events.models import Event
from metrics.actions import save_calendar
from metrics.clocks.replan import replan_all, waiting_for_replan
from metrics.clocks.sweep import sweep
from metrics.models import Clock, Policy
from metrics.rules import freeze
from tests.metrics.shop import ask, brief, clocks, database_now, make_policy, settle, sla_events, work_week
from tests.people import House, assert_gapless, make_house, row_counts
from tickets import actions
from tickets.inbound import Address
from tickets.models import DueState, Ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return make_house()


def test_nothing_is_told_before_its_time(house: House) -> None:
    make_policy()
    ask(house.channel, ago=44 * MINUTE)
    before = row_counts()
    assert sweep() == 0
    assert row_counts() == before


def test_a_warning_a_second_and_the_breach_each_once(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=46 * MINUTE)
    assert (sweep(), sweep()) == (1, 0)
    assert sla_events(ticket) == [("sla.warned", 75)]
    assert clocks(ticket)[0].next_at == ticket.opened_at + 54 * MINUTE
    shift(ticket, 10 * MINUTE)
    assert (sweep(), sweep()) == (1, 0)
    shift(ticket, 5 * MINUTE)
    assert (sweep(), sweep()) == (1, 0)
    assert sla_events(ticket) == [("sla.warned", 75), ("sla.warned", 90), ("sla.breached", 100)]
    [clock] = clocks(ticket)
    assert (clock.next_at, clock.told, clock.state) == (None, 100, "running")
    ticket.refresh_from_db()
    assert (ticket.due_state, ticket.next_due_at) == (DueState.LATE, clock.due_at)
    assert_gapless(ticket.pk)


def shift(ticket: Ticket, by: timedelta) -> None:
    """Let time pass: the clock's moments move into the past."""
    clock = Clock.objects.get(ticket=ticket)
    back = lambda text: (type(clock.started_at).fromisoformat(text) - by).isoformat()  # noqa: E731
    clock.alarms = [[percent, back(at)] for percent, at in clock.alarms]
    clock.due_at, clock.next_at = clock.due_at - by, clock.next_at - by  # type: ignore[operator]
    clock.save()


def test_what_was_slept_through_is_told_as_the_breach_alone(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=90 * MINUTE)
    assert sweep() == 1
    assert sla_events(ticket) == [("sla.breached", 100)]


@pytest.mark.parametrize("off", [timedelta(days=-2), timedelta(hours=-1), timedelta(hours=1), timedelta(days=2)])
def test_a_worker_whose_clock_is_wrong_tells_at_the_same_moment(
    house: House, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    """The database's clock decides: neither early by a worker that is ahead nor late by one that is behind."""
    make_policy(warn=[])
    late = ask(house.channel, ago=61 * MINUTE)
    early = ask(house.channel, ago=59 * MINUTE, sender=Address("E", "e@e.example"))
    right = time.time
    monkeypatch.setattr("time.time", lambda: right() + off.total_seconds())
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) + off)
    assert sweep() == 1
    assert (sla_events(late), sla_events(early)) == ([("sla.breached", 100)], [])
    told = Event.objects.get(kind="sla.breached")
    assert abs(told.at - database_now()) < 5 * MINUTE


def test_an_edit_of_a_calendar_plans_open_clocks_anew_too_and_the_page_says_how_many(house: House) -> None:
    calendar = work_week()
    make_policy(calendar=calendar, first_seconds=20 * 3600)
    ticket = ask(house.channel)
    before = clocks(ticket)[0].due_at
    fields = {name: getattr(calendar, name) for name in ("name", "time_zone", "country", "region", "own_days")}
    save_calendar(calendar.pk, by=house.adam, **fields, weekly=[[[0, 1440]]] * 7)
    client = Client()
    client.force_login(house.adam)
    page = client.get(reverse("service_levels")).content.decode()
    assert "1 open ticket is being planned anew" in page
    assert (replan_all(), waiting_for_replan()) == (1, 0)
    assert clocks(ticket)[0].due_at == ticket.opened_at + 20 * 60 * MINUTE != before
    assert sla_events(ticket)[-1] == ("sla.replanned", 0)
    # The same once more changes nothing.
    save_calendar(calendar.pk, by=house.adam, **fields, weekly=[[[0, 1440]]] * 7)
    assert waiting_for_replan() == 0


def test_a_late_clock_goes_on_until_the_answer(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=90 * MINUTE)
    sweep()
    actions.reply(ticket.pk, by=house.olena, text="At last.", undo_seconds=0)
    settle()
    assert brief(ticket) == [(1, "first", 1, "fulfilled", "answered", True)]
    assert sla_events(ticket) == [("sla.breached", 100)]
    ticket.refresh_from_db()
    assert ticket.due_state == DueState.NONE


def test_paused_and_answered_clocks_are_never_due(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, ago=30 * MINUTE)
    actions.set_status(ticket.pk, by=house.olena, status="pending")
    settle()
    assert clocks(ticket)[0].next_at is None
    Clock.objects.update(due_at=ticket.opened_at)
    assert sweep() == 0


def test_an_edit_plans_open_clocks_anew_and_says_so(house: House) -> None:
    policy = make_policy()
    ticket, done = ask(house.channel), ask(house.channel, sender=Address("D", "d@d.example"))
    actions.reply(done.pk, by=house.olena, text="Yes.", undo_seconds=0)
    settle()
    kept = Clock.objects.filter(ticket=done).values().get()
    Policy.objects.filter(pk=policy.pk).update(first_seconds=600)
    assert waiting_for_replan() == 0
    rules = freeze(by=house.adam)
    assert waiting_for_replan() == 1
    assert (replan_all(), replan_all(), waiting_for_replan()) == (1, 0, 0)
    [clock] = clocks(ticket)
    assert (clock.due_at, clock.rules_id) == (ticket.opened_at + 10 * MINUTE, rules.pk)
    assert sla_events(ticket) == [("sla.replanned", 0)]
    ticket.refresh_from_db()
    assert ticket.next_due_at == clock.due_at
    # What is over keeps the promise it had.
    assert Clock.objects.filter(ticket=done).values().get() == kept
    assert sla_events(done) == []


def test_what_was_late_stays_late_whatever_is_promised_afterwards(house: House) -> None:
    policy = make_policy()
    ticket = ask(house.channel, ago=90 * MINUTE)
    sweep()
    Policy.objects.filter(pk=policy.pk).update(first_seconds=86400)
    freeze(by=None)
    replan_all()
    [clock] = clocks(ticket)
    assert (clock.breached_at, clock.due_at) == (ticket.opened_at + 60 * MINUTE,) * 2
    assert sla_events(ticket) == [("sla.breached", 100), ("sla.replanned", 0)]
    assert sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_many_workers_tell_of_each_deadline_once() -> None:
    house = make_house()
    make_policy()
    tickets = [ask(house.channel, ago=90 * MINUTE, sender=Address("C", f"c{n}@many.example")) for n in range(30)]
    told: list[int] = []

    def work() -> None:
        for _round in range(20):
            told.append(sweep(limit=7))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(told) == 30
    assert [sla_events(ticket) for ticket in tickets] == [[("sla.breached", 100)]] * 30


@pytest.mark.django_db(transaction=True)
def test_a_ticket_somebody_writes_to_waits_for_the_next_look() -> None:
    house = make_house()
    make_policy()
    busy = ask(house.channel, ago=90 * MINUTE)
    free = ask(house.channel, ago=90 * MINUTE, sender=Address("F", "f@free.example"))
    held, looked = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=busy.pk)
            held.set()
            looked.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    assert sweep() == 1
    looked.set()
    holder.join()
    assert (sla_events(free), sla_events(busy)) == ([("sla.breached", 100)], [])
    assert sweep() == 1
    assert sla_events(busy) == [("sla.breached", 100)]


def test_a_worker_that_dies_in_the_middle_has_told_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    make_policy()
    ticket = ask(house.channel, ago=90 * MINUTE)
    before = row_counts()

    def die(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr("metrics.clocks.sweep.show_overdue", die)
        sweep()
    assert row_counts() == before and clocks(ticket)[0].told == 0
    assert sweep() == 1
