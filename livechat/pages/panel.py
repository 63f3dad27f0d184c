"""What stands above a chat's ticket: whether the visitor is here, where, who they are said to be; and typing back."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from livechat.models import Visitor
from livechat.presence import where_visitor_is
from people.models import Agent
from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Conversation, Ticket
from tickets.realtime import tell_customer


@require_safe
@signed_in
def panel(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The line above the conversation, fetched by the page for itself."""
    visitor = _visitor(agent_of(request), ticket_id)
    where = where_visitor_is(visitor.thread)
    context = {"visitor": visitor, "where": where, "typing": request.GET.get("typing") == "1"}
    return render(request, "livechat/_panel.html", context)


@require_POST
@signed_in
def typing(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The agent is writing: the visitor sees a first name, for some seconds."""
    agent = agent_of(request)
    _visitor(agent, ticket_id)
    if agent.may(Permission.REPLY):
        tell_customer(ticket_id, "typing", name=agent.name.split(" ")[0])
    return HttpResponse(status=204)


def _visitor(agent: Agent, ticket_id: int) -> Visitor:
    """The visitor of a ticket the agent sees."""
    ticket = Ticket.objects.visible_to(agent).filter(pk=ticket_id).first()
    talk = Conversation.objects.filter(ticket=ticket, channel__kind="chat").order_by("-pk").first() if ticket else None
    visitor = None
    if talk is not None and len(talk.external_id) == 32:
        visitor = Visitor.objects.filter(channel=talk.channel_id, public_id=talk.external_id).first()
    if visitor is None:
        raise Http404("no such chat")
    return visitor
