"""How long callers waited: a promise like the others, kept or broken by what the exchange tells of a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.hooks.provider import Reading
from channels_inbound.phone.calls import call_heard
from channels_inbound.twilio.voice import parse_call
from metrics import figures
from metrics.clocks.keeping import plan_ticket
from metrics.facts import Scope
from metrics.models import Clock, Policy, Rules
from metrics.rules import _moments, ensure_defaults, newest_rules
from metrics.verify import differences
from tests.metrics.shop import clocks, database_now, lead, make_policy, settle, sla_events
from tests.people import House, make_house
from tickets.models import Call, Channel, Notification, Ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def line(house: House) -> Channel:
    return Channel.objects.create(kind="phone", name="Hotline", address="+380440000100", team=house.support)


def promise(**fields: Any) -> None:
    """The one policy, in force for a month."""
    make_policy(**fields)
    Rules.objects.filter(pk=newest_rules()).update(made_at=database_now() - timedelta(days=30))
    _moments.cache_clear()


def rang(
    line: Channel, *, waited: int | None, outcome: str = "answered", ago: timedelta = timedelta(hours=1), id: str = "1"
) -> Ticket:
    """A call that is over, of the one caller there is."""
    fact = CallHeard(id, "in", outcome, "+380671110022", line.address, database_now() - ago, wait_seconds=waited,
                     talk_seconds=60 if outcome == "answered" else None)  # fmt: skip
    call_heard(line.pk, fact, at=database_now() - ago + timedelta(minutes=10))
    settle()
    return Ticket.objects.get()


def waits(ticket: Ticket) -> list[tuple[int, str, str, bool]]:
    """(number, state, reason, late) of each wait."""
    found = Clock.objects.filter(ticket=ticket, target="wait").order_by("number")
    return [(clock.number, clock.state, clock.reason, clock.breached_at is not None) for clock in found]


def test_five_minutes_are_promised_until_somebody_changes_it(line: Channel) -> None:
    ensure_defaults()
    assert Policy.objects.get(name="Phone").wait_seconds == 300
    ticket = rang(line, waited=299)
    [clock] = [clock for clock in clocks(ticket) if clock.target == "wait"]
    assert (clock.seconds, clock.wall_seconds, clock.used_seconds, clock.state) == (300, 299.0, 299.0, "fulfilled")
    assert sla_events(ticket) == []


@pytest.mark.parametrize(
    ("waited", "outcome", "state", "reason", "late"),
    [
        (12, "answered", "fulfilled", "answered", False),
        (120, "answered", "fulfilled", "answered", False),
        (121, "answered", "fulfilled", "answered", True),
        (12, "abandoned", "cancelled", "abandoned", False),
        (121, "abandoned", "cancelled", "abandoned", True),
        (30, "missed", "cancelled", "missed", False),
        (400, "voicemail", "cancelled", "voicemail", True),
    ],
)
def test_a_wait_is_kept_missed_or_given_up(
    line: Channel, waited: int, outcome: str, state: str, reason: str, late: bool
) -> None:
    promise(wait_seconds=120, first_seconds=None, next_seconds=None)
    ticket = rang(line, waited=waited, outcome=outcome)
    assert waits(ticket) == [(1, state, reason, late)]
    assert sla_events(ticket) == ([("sla.breached", 100)] if late else [])
    assert list(differences()) == []


def test_without_a_promise_or_a_known_wait_there_is_no_clock(line: Channel) -> None:
    promise()
    assert waits(rang(line, waited=500)) == []
    # What is promised from now on judges nobody who rang before.
    make_policy(name="Phone too", wait_seconds=60)
    assert waits(rang(line, waited=None, id="2")) == []
    Call.objects.create(
        channel=line, external_id="out", direction="out", outcome="answered", started_at=database_now(), wait_seconds=99
    )
    assert waits(rang(line, waited=None, id="3")) == []


def test_calls_of_one_ticket_are_counted_each_and_replays_change_nothing(line: Channel) -> None:
    promise(wait_seconds=120, first_seconds=None, next_seconds=None)
    rang(line, waited=12, ago=timedelta(hours=3))
    ticket = rang(line, waited=300, ago=timedelta(hours=1), id="2")
    before = list(Clock.objects.order_by("pk").values())
    assert waits(ticket) == [(1, "fulfilled", "answered", False), (2, "fulfilled", "answered", True)]
    plan_ticket(ticket.pk, event_id=1)
    assert list(Clock.objects.order_by("pk").values()) == before
    assert sla_events(ticket) == [("sla.breached", 100)]


def test_a_caller_who_waited_too_long_is_told_of_and_raised_once_and_an_old_log_rouses_nobody(
    house: House, line: Channel
) -> None:
    steps = [{"when": 100, "do": "notify", "value": "leads"}, {"when": 100, "do": "priority", "value": 40}]
    promise(wait_seconds=120, first_seconds=None, next_seconds=None, escalation=steps)
    ticket = rang(line, waited=300, ago=timedelta(days=9))
    assert (sla_events(ticket), Notification.objects.count(), ticket.priority) == ([("sla.breached", 100)], 0, 20)
    ticket = rang(line, waited=300, id="2")
    ticket.refresh_from_db()
    assert list(Notification.objects.values_list("agent__name", flat=True)) == ["Adam"]
    assert ticket.priority == 40


def test_it_stands_among_the_figures(house: House, line: Channel) -> None:
    promise(wait_seconds=120, first_seconds=None, next_seconds=None)
    for number, (waited, outcome) in enumerate([(5, "answered"), (200, "answered"), (9, "abandoned")]):
        rang(line, waited=waited, outcome=outcome, id=str(number))
    now = database_now()
    found = {one.target: one for one in figures.attainment(Scope(lead(house.ben), now - timedelta(days=1), now))}
    wait = found["wait"]
    assert (wait.kept, wait.missed, wait.dropped) == (1, 1, 1)


RING = {"CallSid": "CA7", "From": "+380671110022", "To": "+380440000100", "Direction": "inbound"}


def test_twilio_tells_a_wait_by_its_ringing_and_its_end(house: House, line: Channel) -> None:
    """Nobody says how long somebody waited: it began when it rang, and ended when talking began."""
    promise(wait_seconds=20, first_seconds=None, next_seconds=None)
    rings = database_now() - MINUTE * 5
    reading = Reading(line.pk, line.address, received_at=rings)

    def heard(at: timedelta, **fields: str) -> str:
        [fact] = parse_call(RING | fields, replace(reading, received_at=rings + at))
        return call_heard(line.pk, fact, at=rings + at) if isinstance(fact, CallHeard) else "ignored"

    assert heard(timedelta(), CallStatus="ringing") == "applied"
    assert heard(MINUTE, CallStatus="in-progress") == "ignored"
    # Picked up after 25 s, talked for 95 s; the caller's line is open a little longer.
    over = {"CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallDuration": "95"}
    assert heard(MINUTE * 2, **over) == "applied"
    assert heard(MINUTE * 2, CallStatus="completed", CallDuration="120") in ("applied", "duplicate")
    settle()
    call = Call.objects.get()
    assert (call.started_at, call.wait_seconds, call.outcome) == (rings, 25, "answered")
    assert waits(Ticket.objects.get()) == [(1, "fulfilled", "answered", True)]


def test_who_was_not_answered_stays_so_when_their_line_ends_later(house: House, line: Channel) -> None:
    promise(wait_seconds=20)
    rings = database_now() - MINUTE * 5
    for seconds, fields in (
        (0, {"CallStatus": "ringing"}),
        (30, {"CallStatus": "in-progress", "DialCallStatus": "no-answer"}),
        (31, {"CallStatus": "completed", "CallDuration": "31"}),
    ):
        at = rings + timedelta(seconds=seconds)
        [fact] = parse_call(RING | fields, Reading(line.pk, line.address, received_at=at))
        assert isinstance(fact, CallHeard)
        call_heard(line.pk, fact, at=at)
    settle()
    call = Call.objects.get()
    assert (call.outcome, call.wait_seconds, call.callback_at) == ("missed", 30, rings + timedelta(seconds=30))
    assert waits(Ticket.objects.get()) == [(1, "cancelled", "missed", True)]
