"""The part of the customer's panel that says who else may be the same person, and who was joined."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from tickets.actions import same_person
from tickets.errors import InvalidInput
from tickets.kinds import registered_kinds
from tickets.models import Status, Ticket

from .access import agent_of, signed_in
from .pages import read_number
from .writes import write


@require_safe
@signed_in
def part(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The fragment; asked for after the panel, since most customers have nothing of it."""
    agent = agent_of(request)
    ticket = Ticket.objects.visible_to(agent).select_related("customer").filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404
    return HttpResponse(render_to_string("tickets/_same_person.html", context_of(ticket, agent), request))


def context_of(ticket: Ticket, agent: Agent) -> dict[str, Any]:
    customer = ticket.customer
    root = customer.merged_into_id or customer.pk
    may = agent.may(Permission.EDIT_TICKETS) and ticket.status != Status.CLOSED
    return {
        "may_edit": may, "prefers": customer.prefers, "suggestions": same_person.suggestions(root, agent),
        "joinings": same_person.joinings_of(root), "kinds": [one for one in registered_kinds() if one.writes],
    }  # fmt: skip


@write
def decide(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Join, keep apart, take a joining back, or note how they like to be answered."""
    form = request.POST
    word, number = form.get("do", ""), read_number(form.get("id"))
    if word == "join":
        same_person.join_customers(ticket_id, number, by=agent)
    elif word == "apart":
        same_person.keep_apart(ticket_id, number, by=agent)
    elif word == "part":
        same_person.part_customers(ticket_id, number, by=agent)
    elif word == "prefer":
        same_person.prefer_channel(ticket_id, form.get("kind", "")[:16], by=agent)
    else:
        raise InvalidInput("do", _("Say what is to be done."))
    return {}
