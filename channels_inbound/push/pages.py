"""What the settings page's script asks: our key, and this browser to be told or told no more."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels_inbound.credentials import CredentialsError
from channels_inbound.models import PushSubscription
from people.models import Agent
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.writes import write

from .browsers import forget_browser, our_key, subscribe_browser


@require_safe
@signed_in
def push_key(request: HttpRequest) -> HttpResponseBase:
    """The public key browsers subscribe with, and whether the agent's browsers are told subjects."""
    try:
        public = our_key()[0]
    except CredentialsError:
        return JsonResponse(
            {"message": _("Notices in the browser need a key of the server, which is not set.")}, status=503
        )
    own = PushSubscription.objects.filter(agent=agent_of(request))
    return JsonResponse({"key": public, "subject": own.filter(shows_subject=True).exists()})


@write
def push_browser(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    """Tell this browser from now on."""
    form = request.POST
    subscribe_browser(
        by=agent, endpoint=form.get("endpoint", ""), p256dh=form.get("p256dh", "")[:200],
        auth=form.get("auth", "")[:60], session_key=request.session.session_key or "",
        shows_subject=form.get("subject") == "1",
    )  # fmt: skip
    return {}


@write
def push_forget(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    forget_browser(by=agent, endpoint=request.POST.get("endpoint", "")[:1000])
    return {}
