"""Giving a conversation back to the bot."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from assistant.back import hand_back as give
from people.models import Agent
from tickets.inbox.writes import write


@write
def hand_back(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    give(ticket_id, by=agent)
    return {}
