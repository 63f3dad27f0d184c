"""The channels and how each is doing."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from channels_inbound.models import RawState
from channels_inbound.quarantine import channels_visible_to
from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in


@require_safe
@signed_in
def list_page(request: HttpRequest) -> HttpResponseBase:
    """Each channel the agent may see: when mail last came and went, what is wrong, what waits in quarantine."""
    agent = agent_of(request)
    quarantined = Count("raw_deliveries", filter=Q(raw_deliveries__state=RawState.QUARANTINED))
    channels = channels_visible_to(agent).select_related("team").annotate(quarantined=quarantined).order_by("name")
    context = {
        "channels": channels,
        "may_handle": agent.may(Permission.HANDLE_QUARANTINE),
        "demo_mailbox": settings.DEMO_MAILBOX,
        "smtp": f"{settings.SMTP_HOST}:{settings.SMTP_PORT}",
    }
    return render(request, "channels_inbound/channels.html", context)
