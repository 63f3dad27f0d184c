"""An agent's running chats as one line above whichever is open, fetched by the inbox for itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from livechat.running import running_chats, waiting_for
from tickets.inbox.access import agent_of, signed_in


@require_safe
@signed_in
def running(request: HttpRequest) -> HttpResponseBase:
    """Empty while the agent has no chat and nobody waits for one."""
    agent = agent_of(request)
    chats, queue = running_chats(agent, at=timezone.now()), waiting_for(agent)
    if not chats and not queue.count:
        return HttpResponse()
    return render(request, "livechat/_running.html", {"chats": chats, "queue": queue})
