"""What follows a warning and a missed deadline, once, and for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from events.models import Event
from metrics.clocks.escalation import escalate
from metrics.clocks.keeping import plan_ticket
from metrics.clocks.sweep import sweep
from metrics.models import Clock
from metrics.verify import differences
from tests.metrics.shop import ask, clocks, make_policy, settle
from tests.people import House, events_of, make_house
from tickets import actions
from tickets.models import Notification, Tag, Ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return make_house()


def late_ticket(house: House, *steps: dict[str, object]) -> Ticket:
    make_policy(escalation=list(steps))
    ticket = ask(house.channel, ago=90 * MINUTE)
    sweep()
    settle()
    ticket.refresh_from_db()
    return ticket


def told() -> list[str]:
    return sorted(Notification.objects.values_list("agent__name", flat=True))


def test_a_team_is_told_while_nobody_is_assigned(house: House) -> None:
    late_ticket(house, {"when": 100, "do": "notify", "value": "team"})
    assert told() == ["Ben", "Olena"]  # Vera only looks, Mallory is of another team


def test_who_is_assigned_is_told_alone(house: House) -> None:
    make_policy(escalation=[{"when": 100, "do": "notify", "value": "team"}])
    ticket = ask(house.channel, ago=90 * MINUTE)
    actions.assign_ticket(ticket.pk, by=house.olena, assignee=house.olena)
    sweep()
    settle()
    assert told() == ["Olena"]


def test_leads_outside_the_scope_are_not_told(house: House) -> None:
    house.mallory.role = "manager"
    house.mallory.save()
    late_ticket(house, {"when": 100, "do": "notify", "value": "leads"})
    assert told() == ["Adam"]


def test_the_ticket_is_raised_tagged_handed_on_and_assigned_by_the_rule(house: House) -> None:
    ticket = late_ticket(
        house,
        {"when": 100, "do": "priority", "value": 40}, {"when": 100, "do": "tag", "value": "late"},
        {"when": 100, "do": "team", "value": house.returns.pk}, {"when": 100, "do": "assign", "value": house.mallory.pk},
    )  # fmt: skip
    assert (ticket.priority, ticket.team, ticket.assignee) == (40, house.returns, house.mallory)
    assert list(ticket.tags.values_list("name", flat=True)) == ["late"]
    breach = Event.objects.get(kind="sla.breached")
    caused = Event.objects.filter(cause=breach).order_by("id")
    assert [(event.kind, event.actor_kind, event.depth) for event in caused] == [
        ("ticket.prioritised", "rule", 1), ("ticket.tagged", "rule", 1), ("ticket.moved", "rule", 1),
        ("ticket.assigned", "rule", 1),
    ]  # fmt: skip
    before = events_of(ticket.pk)
    escalate(breach)
    assert events_of(ticket.pk) == before


def test_a_priority_is_never_lowered_and_a_warning_does_what_is_said_for_it(house: House) -> None:
    make_policy(escalation=[{"when": 75, "do": "priority", "value": 30}, {"when": 100, "do": "tag", "value": "late"}])
    ticket = ask(house.channel, ago=50 * MINUTE)
    actions.set_priority(ticket.pk, by=house.olena, priority=40)
    settle()
    sweep()
    settle()
    ticket.refresh_from_db()
    assert ticket.priority == 40 and not Tag.objects.exists()


def test_an_answer_that_came_meanwhile_stops_changes_but_not_the_news(house: House) -> None:
    make_policy(
        escalation=[{"when": 100, "do": "priority", "value": 40}, {"when": 100, "do": "notify", "value": "leads"}]
    )
    ticket = ask(house.channel, ago=90 * MINUTE)
    sweep()
    actions.reply(ticket.pk, by=house.olena, text="At last.", undo_seconds=0)
    settle_clocks_first(ticket)
    ticket.refresh_from_db()
    assert ticket.priority == 20 and told() == ["Adam"]


def settle_clocks_first(ticket: Ticket) -> None:
    plan_ticket(ticket.pk, event_id=1)
    settle()


def test_the_recount_agrees_and_finds_every_kind_of_damage(house: House) -> None:
    ticket = late_ticket(house)
    actions.reply(ticket.pk, by=house.olena, text="At last.", undo_seconds=0)
    settle()
    assert list(differences()) == []
    call_command("verify_metrics")
    [clock] = clocks(ticket)
    damage = [
        ({"breached_at": None}, "breached_at is None"), ({"used_seconds": 1.0}, "used_seconds is 1.0"),
        ({"state": "cancelled"}, "state is 'cancelled'"), ({"told": 0}, "told of missed deadlines"),
    ]  # fmt: skip
    for fields, said in damage:
        kept = {name: getattr(clock, name) for name in fields}
        Clock.objects.filter(pk=clock.pk).update(**fields)
        assert any(said in line for line in differences()), fields
        with pytest.raises(CommandError, match="differences between rows, events and counts"):
            call_command("verify_metrics")
        Clock.objects.filter(pk=clock.pk).update(**kept)
    Ticket.objects.filter(pk=ticket.pk).update(due_state="late")
    assert any("shows 'late'" in line for line in differences())
    Ticket.objects.filter(pk=ticket.pk).update(due_state="")
    Clock.objects.all().delete()
    assert any("its row is missing" in line for line in differences())
