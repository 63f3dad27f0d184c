"""Going on by another channel: the ways there are, and the message itself."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from tickets.actions import replies
from tickets.actions.elsewhere import Elsewhere
from tickets.actions.manner import Manner
from tickets.actions.ways import Way, ways_of
from tickets.errors import InvalidInput
from tickets.kinds import registered_kinds
from tickets.models import Channel, Status, Ticket

from .access import agent_of, signed_in
from .pages import read_number
from .writes import posted_uuid, write


@require_safe
@signed_in
def part(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """What the dialog holds; asked for when it is opened."""
    agent = agent_of(request)
    ticket = Ticket.objects.visible_to(agent).filter(pk=ticket_id).first()
    if ticket is None or ticket.status == Status.CLOSED or not agent.may(Permission.REPLY):
        raise Http404
    ways = ways_of(ticket, at=timezone.now())
    context = {"ways": ways, "usable": any(way.usable for way in ways), "listed": [_listed(way) for way in ways]}
    context["invites"] = ticket.pk if agent.may(Permission.EDIT_TICKETS) and _invites(ticket) else None
    return HttpResponse(render_to_string("tickets/_elsewhere.html", context, request))


def _invites(ticket: Ticket) -> bool:
    """Whether there is a channel to which the customer can be invited."""
    kinds = [traits.kind for traits in registered_kinds() if traits.invites]
    ours = Q(team=None) | Q(team=ticket.team_id)
    return bool(kinds) and Channel.objects.filter(ours, kind__in=kinds, is_active=True).exists()


def _listed(way: Way) -> dict[str, Any]:
    """What the dialog's script needs of a way."""
    templates = [
        {"id": one.pk, "name": one.name, "language": one.language, "text": one.text, "header": one.header}
        for one in way.templates
    ]
    most = way.traits.max_reply or way.traits.max_text
    return {"key": way.key, "closed": bool(way.why), "templates": templates, "most": most}


@write
def send(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """Queue it; the composer's draft and files stay where they are."""
    form = request.POST
    channel, _dash, identity = form.get("way", "").partition("-")
    if not read_number(channel) or not read_number(identity):
        raise InvalidInput("way", _("Choose a way."))
    wish = Elsewhere(
        read_number(channel),
        read_number(identity),
        read_number(form.get("template")) or None,
        form.getlist("value")[:20],
    )
    message = replies.reply(
        ticket_id, by=agent, text="" if wish.template_id else form.get("text", ""), manner=Manner(elsewhere=wish),
        expected=read_number(form.get("expected")) or None, client_id=posted_uuid(form.get("client_id"), "client_id"),
    )  # fmt: skip
    left = (message.not_before - timezone.now()).total_seconds() if message.not_before else 0
    return {"message": message.pk, "sequence": message.sequence, "undo_seconds": max(0, round(left, 1))}
