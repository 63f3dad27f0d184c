"""Whoever was signed out, or may something else now, has their open sockets looked at at once."""

from __future__ import annotations

from events.models import Event

from .realtime import announce_agent_changed

HEARD = frozenset({"agent.changed", "agent.signed_out", "agent.password_changed"})


def close_sockets(event: Event) -> None:
    """A subscriber: the hubs compare each socket of the agent with the database and close what has ended."""
    announce_agent_changed(event.stream_id)
