"""A link by which a ticket's customer comes to a channel where only they can begin."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_inbound.hooks.invitations import invite, inviting_channels
from people.permissions import Permission
from tickets.errors import DomainError
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.pages import read_number
from tickets.models import Ticket


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The channels there are; POST makes a link, which is shown this once."""
    agent = agent_of(request)
    ticket = Ticket.objects.visible_to(agent).select_related("customer").filter(pk=ticket_id).first()
    if ticket is None or not (agent.may(Permission.REPLY) and agent.may(Permission.EDIT_TICKETS)):
        raise Http404("no such ticket")
    channels, link, made, problem = inviting_channels(ticket), "", None, ""
    if request.method == "POST":
        try:
            link, made = invite(ticket.pk, read_number(request.POST.get("channel")) or 0, by=agent)
        except DomainError as error:
            problem = str(error) or _("This cannot be done now.")
    context = {"ticket": ticket, "channels": channels, "link": link, "made": made, "problem": problem}
    status = 422 if problem else 201 if link else 200
    return render(request, "channels_inbound/invitations.html", context, status=status)
