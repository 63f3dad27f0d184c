"""Somebody becomes an admin: a fact of its own, since whoever is one can do everything, and all others hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from events.actors import Actor
from events.ledger import record_event

from .models import Agent, Role

MADE_ADMIN = "agent.made_admin"


def note_made_admin(agent: Agent, before: Mapping[str, Any], after: Mapping[str, Any], *, by: Actor) -> None:
    """Record it, in the transaction that does it, if they are an admin by what holds `after` and were not `before`."""
    if _is_admin(after) and not _is_admin(before):
        record_event(("agent", agent.pk), MADE_ADMIN, by=by, at=timezone.now(), data={})


def _is_admin(standing: Mapping[str, Any]) -> bool:
    return bool(standing.get("role") == Role.ADMIN and standing.get("is_active"))
