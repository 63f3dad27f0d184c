"""Telling agents' open tabs that somebody waits in a chat: a frame that says who, from where and in which ticket, for
sound and notice. What they wrote is not in it: a notice stands on screens that others see too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils import translation
from django.utils.translation import gettext as _

from livechat.models import Visitor
from livechat.presence import where_visitor_is
from people.availability import takers_here
from people.models import Agent
from tickets.models import Conversation
from tickets.realtime import announce_to_agent


def ring_agents(
    ticket_id: int,
    *,
    team_id: int | None,
    assignee_id: int | None,
    channel_id: int,
    page: Mapping[str, Any] | None = None,
) -> None:
    """Once committed, tell who has the chat, or everybody here who may take it and did not say they are busy. `page` is
    where the visitor writes from, if that is known better than by where they were last."""
    taking = takers_here(team_id, channel_id) if assignee_id is None else list(Agent.objects.filter(pk=assignee_id))
    if not taking:
        return
    visitor = _visitor_in(ticket_id, channel_id)
    where = _place(page or (where_visitor_is(visitor.thread) if visitor else None) or {})
    for agent in taking:
        with translation.override(agent.locale):
            about = " · ".join(filter(None, [_called(visitor), where, f"#{ticket_id}"]))
        announce_to_agent(agent.pk, "chat", ticket=ticket_id, fresh=assignee_id is None, about=about)


def _visitor_in(ticket_id: int, channel_id: int) -> Visitor | None:
    chats = Conversation.objects.filter(ticket=ticket_id, channel=channel_id).exclude(external_id="")
    thread = chats.order_by("-pk").values_list("external_id", flat=True).first()
    return Visitor.objects.filter(public_id=thread).first() if thread else None


def _called(visitor: Visitor | None) -> str:
    """By name, if one was signed or typed; else by the mark that their ticket shows."""
    if visitor is None:
        return ""
    return visitor.name or f"{_('Visitor')} {visitor.thread[:4].upper()}"


def _place(page: Mapping[str, Any]) -> str:
    return str(page.get("title") or urlsplit(page.get("url", "")).path)[:80]
