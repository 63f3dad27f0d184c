"""Telling agents' open tabs that somebody waits in a chat: a frame with the ticket's number, for sound and notice."""

from __future__ import annotations

from people.availability import takers_here
from tickets.realtime import announce_to_agent


def ring_agents(ticket_id: int, *, team_id: int | None, assignee_id: int | None, channel_id: int) -> None:
    """Once committed, tell who has the chat, or everybody here who may take it and did not say they are busy."""
    taking = [agent.pk for agent in takers_here(team_id, channel_id)] if assignee_id is None else [assignee_id]
    for id in taking:
        announce_to_agent(id, "chat", ticket=ticket_id, fresh=assignee_id is None)
