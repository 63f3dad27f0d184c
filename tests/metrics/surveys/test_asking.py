"""Who is asked, who is not, and why; once, whatever runs twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.actors import SYSTEM
from events.models import Event
from metrics.clocks.machine import State
from metrics.models import Clock, SurveyInvitation
from metrics.surveys.asking import ask_due, plan_survey
from people.contact_budget import contact_rules, end_of_quiet, spend_contact
from people.models import ContactRules, Identity, MailKind, UnpromptedContact
from people.unsubscribing import unsubscribe
from tests.metrics.shop import ask, database_now, make_policy, settle
from tests.metrics.surveys.asked import asked, make_survey, outcome, solved
from tests.people import House, events_of, make_house, row_counts
from tickets import actions
from tickets.actions.refusals import note_refusal
from tickets.actions.status import change_status
from tickets.inbound import Address
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def test_the_customer_of_a_solved_ticket_is_asked_once(house: House) -> None:
    survey = make_survey()
    ticket = solved(house)
    assert outcome(ticket) == [(1, "planned", "")]
    assert ask_due(at=database_now()) == 1 and ask_due(at=database_now()) == 0
    [row] = SurveyInvitation.objects.all()
    assert (row.state, row.survey_id, row.agent_id, row.probability) == ("asked", survey.pk, house.olena.pk, 1.0)
    mail = Message.objects.get(auto_kind="survey")
    assert (mail.outbox, mail.agent_id, mail.pk) == ("queued", None, row.message_id)
    assert mail.envelope["to"] == [{"name": "", "address": "zoe@customer.example"}]
    assert f"/survey/{row.secret}." in mail.text and "?score=5" in mail.html and f"#{ticket.pk}" in mail.text
    assert mail.envelope["unprompted"]["kind"] == "survey"
    assert ticket.subject not in mail.text  # a stranger's words are in no mail of ours
    assert events_of(ticket.pk)[-4:] == ["ticket.solved", "survey.planned", "message.queued", "survey.asked"]
    # Hearing of the solution again changes nothing.
    before = row_counts()
    plan_survey(Event.objects.get(kind="ticket.solved"))
    assert row_counts() == before


def test_asking_neither_starts_nor_ends_a_clock_and_holds_back_no_answer(house: House) -> None:
    make_policy(resolution_seconds=7200)
    make_survey()
    invitation = asked(house)
    settle()
    states = list(Clock.objects.filter(ticket=invitation.ticket_id).values_list("target", "state"))
    assert sorted(states) == [("first", State.FULFILLED), ("resolution", State.FULFILLED)]
    newest = Ticket.objects.get(pk=invitation.ticket_id)
    assert newest.status == "solved"
    actions.reply(newest.pk, by=house.olena, text="One more thing.", expected=2, undo_seconds=0)


def nobody_writes(house: House) -> Ticket:
    return solved(house, auto_kind="auto_reply")


def from_a_list(house: House) -> Ticket:
    return solved(house, auto_kind="list")


def not_genuine(house: House) -> Ticket:
    ticket = ask(house.channel, ago=timedelta(hours=1), verdict="fail")
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    return ticket


def by_a_rule(house: House) -> Ticket:
    ticket = ask(house.channel, ago=timedelta(hours=1))
    change_status(ticket, "solved", by=SYSTEM, at=database_now())
    settle()
    return ticket


def lost_address(house: House) -> Ticket:
    ticket = ask(house.channel, ago=timedelta(hours=1))
    Identity.objects.update(hard_bounces=5)
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    return ticket


def stopped(house: House) -> Ticket:
    ticket = ask(house.channel, ago=timedelta(hours=1))
    note_refusal(ticket.channel_id, Identity.objects.get().value, "stopped", at=database_now())
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    return ticket


@pytest.mark.parametrize(
    ("make", "reason"),
    [(nobody_writes, "automatic"), (from_a_list, "mailing_list"), (not_genuine, "suspect"), (by_a_rule, "closed_by_rule"),
     (lost_address, "unreachable"), (stopped, "refused")],
)  # fmt: skip
def test_whoever_cannot_or_must_not_be_asked_has_the_reason(house: House, make: Any, reason: str) -> None:
    make_survey()
    ticket = make(house)
    assert outcome(ticket) == [(1, "withheld", reason)]
    assert ask_due(at=database_now() + timedelta(days=1)) == 0
    assert not Message.objects.filter(auto_kind="survey").exists()
    assert Event.objects.get(kind="survey.withheld").data["reason"] == reason


def test_without_a_survey_nothing_is_kept_and_one_that_does_not_fit_says_so(house: House) -> None:
    assert outcome(solved(house)) == []
    make_survey(conditions={"channel_id": [house.other_channel.pk]})
    other = solved(house, sender=Address("Ada", "ada@other.example"))
    assert outcome(other) == [(1, "withheld", "no_survey")]
    make_survey(name="All", position=5, percent=40)
    third = solved(house, sender=Address("Ivo", "ivo@other.example"))
    row = SurveyInvitation.objects.get(ticket=third)
    assert row.probability == 0.4 and row.reason in ("", "not_drawn")


def test_one_budget_for_all_and_a_no_is_a_no(house: House) -> None:
    make_survey()
    first, second = asked(house), asked(house, subject="Another matter")
    assert (first.state, second.state, second.reason) == ("asked", "withheld", "budget")
    ContactRules.objects.update(allowance=2)
    assert asked(house, subject="A third").state == "asked"
    unsubscribe(Identity.objects.get(value="zoe@customer.example").pk, MailKind.SURVEY)
    ContactRules.objects.update(allowance=9)
    assert asked(house, subject="A fourth").reason == "refused"
    assert UnpromptedContact.objects.count() == 2


def test_a_merged_customer_has_one_budget(house: House) -> None:
    make_survey()
    zoe, ada = asked(house).customer, asked(house, sender=Address("Ada", "ada@other.example")).customer
    ada.merged_into = zoe
    ada.save()
    assert spend_contact(zoe.pk, purpose="greeting", at=database_now()) == "budget"


def test_open_again_is_not_asked_and_the_next_solution_is(house: House) -> None:
    make_survey(delay_minutes=60)
    ticket = solved(house)
    actions.set_status(ticket.pk, by=house.olena, status="open")  # within a minute: a slip
    settle()
    assert outcome(ticket) == [(1, "withheld", "reopened")]
    actions.set_status(ticket.pk, by=house.olena, status="solved")
    settle()
    assert outcome(ticket) == [(1, "planned", "")]
    later = database_now() + timedelta(hours=3)
    actions.set_status(ticket.pk, by=house.olena, status="open", at=later)
    actions.set_status(ticket.pk, by=house.olena, status="solved", at=later)
    settle()
    assert outcome(ticket) == [(1, "withheld", "reopened"), (2, "planned", "")]


def test_quiet_hours_put_off_and_a_week_is_too_late(house: House) -> None:
    make_survey()
    ContactRules.objects.update(quiet_from=0, quiet_until=24 * 60 - 1)
    ticket = solved(house)
    ask_due(at=database_now())
    row = SurveyInvitation.objects.get(ticket=ticket)
    assert row.state == "planned" and row.due_at is not None and row.due_at > database_now()
    ContactRules.objects.update(quiet_until=0)
    ask_due(at=row.planned_at + timedelta(days=8))
    assert outcome(ticket) == [(1, "withheld", "too_late")]


@pytest.mark.parametrize(
    ("at", "zone", "end"),
    [
        ("2026-03-02 20:30", "Europe/Kyiv", "2026-03-03 07:00"),  # 22:30 there, until 9:00
        ("2026-03-02 05:00", "Europe/Kyiv", "2026-03-02 07:00"),
        ("2026-03-02 12:00", "Europe/Kyiv", None),
        ("2026-03-02 12:00", "America/Los_Angeles", "2026-03-02 17:00"),  # 4:00 there
        ("2026-03-29 00:30", "Europe/Kyiv", "2026-03-29 06:00"),  # the clock goes forward that night
        ("2026-03-02 07:00", "Europe/Kyiv", None),
        ("2026-03-02 20:30", "Nowhere/Land", "2026-03-03 07:00"),  # the house's own clock
    ],
)
def test_quiet_hours_go_by_the_customers_clock(at: str, zone: str, end: str | None) -> None:
    found = end_of_quiet(datetime.fromisoformat(at).replace(tzinfo=UTC), zone, contact_rules())
    assert (f"{found.astimezone(UTC):%Y-%m-%d %H:%M}" if found else None) == end


def test_history_that_was_imported_asks_nobody(house: House) -> None:
    make_survey()
    ticket = ask(house.channel, historic=True)
    settle()
    assert outcome(ticket) == []
