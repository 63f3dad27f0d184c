"""What stands above a chat's ticket: whether the visitor is here, where, who they are said to be, how long they wait,
and what an agent may do with the chat; and typing back."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from livechat import blocking, chats
from livechat.availability import place_in_queue
from livechat.blocking import visitor_of_ticket
from livechat.mailing import mail_channel_of
from livechat.models import Visitor
from livechat.orders import order_beside, order_named
from livechat.presence import draft_of, pages_of, where_visitor_is
from livechat.rounds import is_over, latest_round
from people.models import Agent, Role, Team
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.pages import read_number
from tickets.inbox.writes import write
from tickets.models import Ticket
from tickets.realtime import tell_customer


@require_safe
@signed_in
def panel(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The lines above the conversation, fetched by the page for itself."""
    agent = agent_of(request)
    ticket, visitor = _chat(agent, ticket_id)
    typing, present = request.GET.get("typing") == "1", latest_round(ticket_id)
    where = where_visitor_is(visitor.thread)
    named, told = order_named(ticket_id), str((where or {}).get("order") or "")
    context = {
        "bot": import_module(settings.CHAT_BOT).standing_of(ticket),
        "ticket": ticket, "visitor": visitor, "where": where, "typing": typing,
        "order": order_beside(visitor, named, told), "unproven": dict.fromkeys(filter(None, [named, told])),
        "draft": draft_of(visitor.thread) if typing else "", "pages": [_page(one) for one in pages_of(visitor.thread)],
        "over": is_over(ticket, present), "round": present, "place": place_in_queue(ticket), "mine": agent.pk,
        "kept_out": blocking.address_blocked_until(visitor, at=timezone.now()) if visitor.blocked_at else None,
        "mail": mail_channel_of(visitor.channel),
        "may_answer": agent.may(Permission.REPLY), "may_change": agent.may(Permission.EDIT_TICKETS),
    }  # fmt: skip
    return render(request, "livechat/_panel.html", context)


def _page(seen: dict[str, Any]) -> dict[str, Any]:
    at = seen.get("at")
    return {**seen, "at": datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else None}


@require_POST
@signed_in
def typing(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The agent is writing: the visitor sees a first name, for some seconds."""
    agent = agent_of(request)
    _chat(agent, ticket_id)
    if agent.may(Permission.REPLY):
        tell_customer(ticket_id, "typing", name=agent.name.split(" ")[0])
    return HttpResponse(status=204)


@require_safe
@signed_in
def hand_over(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The form by which a chat is transferred, or somebody called into it."""
    agent = agent_of(request)
    ticket, _visitor = _chat(agent, ticket_id)
    if not agent.may(Permission.EDIT_TICKETS):
        raise Http404("not for this role")
    people = list(Agent.objects.who_may(Permission.REPLY).exclude(pk=agent.pk).order_by("name"))
    near = Q(role=Role.ADMIN) | (Q(teams=ticket.team_id) if ticket.team_id else Q())
    context = {
        "ticket": ticket, "people": people, "teams": Team.objects.order_by("name"),
        "near": set(Agent.objects.filter(near, pk__in=[one.pk for one in people]).values_list("pk", flat=True)),
    }  # fmt: skip
    return render(request, "livechat/_hand_over.html", context)


@write
def accept(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    chats.accept_chat(ticket_id, by=agent)
    return {}


@write
def transfer(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    kind, _dash, id = request.POST.get("to", "").partition("-")
    person = _agent(id) if kind == "agent" else None
    team = Team.objects.filter(pk=read_number(id)).first() if kind == "team" else None
    chats.transfer_chat(ticket_id, by=agent, agent=person, team=team, note=request.POST.get("note", ""))
    return {}


@write
def invite(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    kind, _dash, id = request.POST.get("to", "").partition("-")
    person = _agent(id) if kind == "agent" else None
    if person is None:
        raise InvalidInput("to", _("Choose a person."))
    chats.invite_agent(ticket_id, by=agent, agent=person, note=request.POST.get("note", ""))
    return {}


@write
def end(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    chats.end_chat(ticket_id, by=agent)
    return {}


@write
def block(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    if request.POST.get("address") == "free":
        blocking.free_address(ticket_id, by=agent)
    else:
        blocking.block_visitor(ticket_id, by=agent, blocked=request.POST.get("blocked") == "1")
    return {}


def _agent(id: str) -> Agent | None:
    return Agent.objects.filter(pk=read_number(id), is_active=True).first()


def _chat(agent: Agent, ticket_id: int) -> tuple[Ticket, Visitor]:
    """A ticket the agent sees, and its visitor."""
    ticket = Ticket.objects.visible_to(agent).select_related("assignee").filter(pk=ticket_id).first()
    visitor = visitor_of_ticket(ticket) if ticket else None
    if ticket is None or visitor is None:
        raise Http404("no such chat")
    return ticket, visitor
