"""Logging a call from anywhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from channels_inbound.pages.calls import CallForm
from channels_inbound.phone import log
from channels_inbound.quarantine import channels_visible_to
from people.models import Agent, Identity, IdentityKind
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.pages import read_number
from tickets.inbox.writes import write
from tickets.models import Ticket


@require_safe
@signed_in
def new(request: HttpRequest) -> HttpResponseBase:
    """The dialog's form; for `?ticket=` its customer's number stands in it."""
    agent = agent_of(request)
    if not agent.may(Permission.REPLY):
        raise Http404("not for this role")
    initial = {"client_id": uuid4(), "number": _number_of(agent, read_number(request.GET.get("ticket")))}
    initial |= {"direction": "out" if initial["number"] else "in", "outcome": "answered"}
    form = CallForm(agent=agent, initial=initial, auto_id="call_%s")
    context = {"form": form, "lines": channels_visible_to(agent).filter(kind=log.KIND).exists()}
    return HttpResponse(render_to_string("channels_inbound/_call_form.html", context, request))


@require_safe
@signed_in
def match(request: HttpRequest) -> HttpResponseBase:
    """Whose number is being typed, as a fragment; nothing while it is none yet."""
    agent = agent_of(request)
    if not agent.may(Permission.REPLY):
        raise Http404("not for this role")
    found = log.match_number(request.GET.get("q", "")[:40], by=agent)
    return render(request, "channels_inbound/_call_match.html", {"found": found})


def _number_of(agent: Agent, ticket_id: int) -> str:
    ticket = Ticket.objects.visible_to(agent).filter(pk=ticket_id).first() if ticket_id else None
    if ticket is None:
        return ""
    known = Identity.objects.filter(customer=ticket.customer_id, kind=IdentityKind.PHONE, suspect=False)
    return known.order_by("pk").values_list("value", flat=True).first() or ""


@write
def keep(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    """Log it; the answer names the ticket it stands on."""
    form = CallForm(request.POST, agent=agent)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        label = form.fields[field].label if field in form.fields else ""
        raise InvalidInput(field, f"{label}: {errors[0]}" if label else str(errors[0]))
    values = form.cleaned_data
    call = log.log_call(
        values["channel"].pk, by=agent, direction=values["direction"], number=values["number"],
        outcome=values["outcome"], seconds=int(values["minutes"] * 60), note=values["note"],
        callback_at=values["callback_at"], follow_up_at=values["follow_up_at"],
        client_id=UUID(str(values["client_id"])),
    )  # fmt: skip
    return {"call": call.pk, "on": call.ticket_id}
