"""A shop with promises, and what tests do to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from bench.shop_year import Year, make_year
from commerce.models import Shop
from events.delivery import drain
from events.models import Event
from metrics.models import BusinessCalendar, Clock, Policy
from metrics.rules import ensure_defaults, freeze, newest_rules
from people.models import Agent
from tests.people import House, receive
from tickets.models import Channel, Ticket

WORK_DAY = [[540, 780], [840, 1080]]  # nine to one, two to six


def make_policy(name: str = "Everything", **fields: Any) -> Policy:
    """The one policy in force; an hour to an answer around the clock unless said otherwise."""
    ensure_defaults()
    Policy.objects.all().update(is_active=False)
    calendar = fields.pop("calendar", None) or BusinessCalendar.objects.get(name="Around the clock")
    values: dict[str, Any] = {
        "first_seconds": 3600, "next_seconds": 7200, "warn": [75, 90], "pauses": ["pending", "on_hold", "snoozed"],
    }  # fmt: skip
    policy = Policy.objects.create(name=name, calendar=calendar, **(values | fields))
    freeze(by=None)
    return policy


def work_week(name: str = "Kyiv office", **fields: Any) -> BusinessCalendar:
    weekly = [WORK_DAY] * 5 + [[], []]
    return BusinessCalendar.objects.create(name=name, time_zone="Europe/Kyiv", weekly=weekly, **fields)


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def ask(channel: Channel, *, ago: timedelta = timedelta(), **fields: Any) -> Ticket:
    """A mail of Zoe's some time ago, with its clocks planned."""
    at = fields.pop("at", None) or database_now() - ago
    result = receive(channel, at=at, received_at=at, **fields)
    settle()
    return Ticket.objects.get(pk=result.ticket_id)


def settle() -> None:
    """Let everybody hear of what happened."""
    drain()


def clocks(ticket: Ticket) -> list[Clock]:
    return list(Clock.objects.filter(ticket=ticket).order_by("cycle", "started_at", "target"))


def brief(ticket: Ticket) -> list[tuple[Any, ...]]:
    """(cycle, target, number, state, reason, late) of each clock."""
    return [(c.cycle, c.target, c.number, c.state, c.reason, c.breached_at is not None) for c in clocks(ticket)]


def sla_events(ticket: Ticket) -> list[tuple[str, int]]:
    found = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk, kind__startswith="sla.").order_by(
        "sequence"
    )
    return [(event.kind, event.data.get("percent", 0)) for event in found]


def lead(agent: Agent) -> Agent:
    agent.role = "manager"
    agent.save()
    return agent


def fill_year(house: House, buyers: int) -> Year:
    """The generated year of shop life up to today's beginning in UTC, with its planted truths."""
    shop = Shop.objects.create(name="Year", key="y" * 32)
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return make_year(
        buyers, end=end, teams=(house.support.pk, house.returns.pk), shop=shop.pk, rules=newest_rules(),
        channels=(house.channel.pk, house.other_channel.pk),
    )  # fmt: skip
