"""What the frame of every page asks of the spine about whoever is signed in."""

from __future__ import annotations

from typing import Any

from django import template

from people.models import Agent
from tickets.actions.begin import may_begin
from tickets.notices import unread_and_said

register = template.Library()


@register.simple_tag(takes_context=True)
def own_desk(context: template.Context) -> dict[str, Any]:
    """{"unread", "said"}: what the bell counts, and what the agent says of themselves. One query."""
    agent = getattr(context.get("request"), "user", None)
    unread, said = unread_and_said(agent) if isinstance(agent, Agent) else (0, "")
    return {"unread": unread, "said": said}


@register.filter
def writes_first(person: object) -> bool:
    """Whether the reader may begin a conversation; a stranger may not."""
    return isinstance(person, Agent) and may_begin(person)
