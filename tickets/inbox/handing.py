"""Handing a ticket over with a word, and following one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from people.models import Agent, Team
from tickets.actions import handover
from tickets.errors import InvalidInput

from .access import agent_of, signed_in
from .directory import read_directory
from .pages import read_number
from .steps import undoing
from .together import visible_ticket
from .writes import blind_words, posted_uuid, write


@require_safe
@signed_in
def hand_over_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    ticket, directory = visible_ticket(agent, ticket_id), read_directory()
    people = [entry for entry in directory.agents.values() if entry.takes_tickets and entry.id != agent.pk]
    return render(
        request, "tickets/_sheet_hand_over.html", {"ticket": ticket, "people": people, "teams": directory.teams}
    )


@write
def hand_over(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    kind, _dash, number = request.POST.get("to", "").partition("-")
    to = Agent.objects.filter(pk=read_number(number), is_active=True).first() if kind == "agent" else None
    team = Team.objects.filter(pk=read_number(number)).first() if kind == "team" else None
    if to is None and team is None:
        raise InvalidInput("to", _("Choose a person or a team."))
    handed = handover.hand_over(
        ticket_id, by=agent, to=to, team=team, note=request.POST.get("note", ""),
        client_id=posted_uuid(request.POST.get("client_id"), "client_id"),
    )  # fmt: skip
    said = _("Handed over to %(whom)s.") % {"whom": to or team}
    return {"said": said} | blind_words(handed.note) | undoing(ticket_id, *handed.changes)


@write
def follow(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Follow, or with `off` no longer; the way back is offered like that of other actions."""
    off = "off" in request.POST or "off" in request.GET
    on = handover.follow_ticket(ticket_id, by=agent, on=not off)
    said = _("You follow this ticket now.") if on else _("You no longer follow this ticket.")
    back = reverse("ticket_follow", args=[ticket_id])
    return {"said": said, "following": on, "undo": f"{back}?off" if on else back}
