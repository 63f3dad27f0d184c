"""A shop that asks its customers, and a ticket solved just now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from metrics.models import Survey, SurveyInvitation
from metrics.surveys.asking import ask_due
from people.models import Agent, ContactRules
from tests.metrics.shop import ask, database_now, settle
from tests.people import House
from tickets import actions
from tickets.models import Ticket

CUSTOMER = {"suspect": False}


def make_survey(**fields: Any) -> Survey:
    """A satisfaction survey at once after solving, for everybody, with quiet hours off."""
    ContactRules.objects.update_or_create(pk=1, defaults={"quiet_from": 0, "quiet_until": 0})
    values: dict[str, Any] = {"name": "After help", "kind": "csat", "delay_minutes": 0}
    return Survey.objects.create(**(values | fields))


def solved(house: House, *, by: Agent | None = None, **fields: Any) -> Ticket:
    """Zoe asked and was helped; everybody has heard of it."""
    fields.setdefault("ago", timedelta(hours=1))
    ticket = ask(house.channel, verdict="pass", **fields)
    actions.reply(ticket.pk, by=by or house.olena, text="It is on its way.", undo_seconds=0)
    actions.set_status(ticket.pk, by=by or house.olena, status="solved")
    settle()
    return ticket


def asked(house: House, **fields: Any) -> SurveyInvitation:
    """The invitation of a ticket whose customer was asked."""
    ticket = solved(house, **fields)
    ask_due(at=database_now())
    return SurveyInvitation.objects.get(ticket=ticket)


def outcome(ticket: Ticket) -> list[tuple[int, str, str]]:
    """(cycle, state, reason) of what became of asking."""
    found = SurveyInvitation.objects.filter(ticket=ticket).order_by("cycle")
    return list(found.values_list("cycle", "state", "reason"))
