"""The button that hides a public comment, or shows it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from channels_inbound.hooks.hiding import hide_comment
from people.models import Agent
from tickets.inbox.writes import write
from tickets.models import Message


@write
def hiding(request: HttpRequest, agent: Agent, message_id: int) -> dict[str, Any]:
    hide_comment(message_id, hidden=request.POST.get("hidden") == "1", by=agent)
    return {"ticket": Message.objects.values_list("ticket_id", flat=True).get(pk=message_id)}
