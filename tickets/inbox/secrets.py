"""What is masked in messages: shown on purpose, taken out for good."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from people.models import Agent
from people.permissions import Permission
from tickets.actions.secrets import may_reveal, redact_secret, redact_text, reveal_secret
from tickets.models import Message, SecretKind, Ticket

from .access import agent_of, signed_in
from .writes import write


@require_safe
@signed_in
@never_cache
def redact_sheet(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """The form in which the words to be taken out are typed, or brought along from what is selected."""
    agent = agent_of(request)
    message = Message.objects.filter(pk=message_id, ticket__in=Ticket.objects.visible_to(agent)).only("pk").first()
    if message is None or not agent.may(Permission.REDACT):
        raise Http404("no such message for this role")
    return render(request, "tickets/_sheet_redact.html", {"message": message})


def _only(agent: Agent, permission: Permission) -> None:
    """Whoever has no such right hears nothing of what there is."""
    if not agent.may(permission):
        raise Http404("not for this role")


@write
def redact(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    _only(agent, Permission.REDACT)
    message = redact_text(message_id, text=request.POST.get("text", ""), by=agent)
    return {"ticket": message.ticket_id, "said": _("Taken out.")}


@write
def redact_found(request: HttpRequest, agent: Agent, secret_id: int) -> dict[str, Any]:
    _only(agent, Permission.REDACT)
    return {"ticket": redact_secret(secret_id, by=agent).ticket_id, "said": _("It is being taken out.")}


@write
def reveal(request: HttpRequest, agent: Agent, secret_id: int) -> dict[str, Any]:
    if not may_reveal(agent, SecretKind.IBAN):  # whoever may see any kind may see this one
        raise Http404("not for this role")
    return {"value": reveal_secret(secret_id, by=agent)}
