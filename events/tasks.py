"""Celery shells of the ledger."""

from __future__ import annotations

import time
from typing import Any

from celery import shared_task
from django.utils import timezone

from . import delivery, doorbell, seals

# A bell may be lost with its Redis, a failing pair's next try rings nobody: beat looks for what is due.
BEAT_SCHEDULE = {
    "deliver what is due": {"task": "events.tasks.drain_events", "schedule": 10.0},
    "seal the audit": {"task": "events.tasks.seal_audit", "schedule": 10.0, "options": {"queue": "bulk"}},
}


# A backlog is worked off in turns: replies that must leave stand in the same line.
TURN_SECONDS = 5.0


@shared_task(name="events.tasks.drain_events")
def drain_events(**_: Any) -> None:
    """Deliver waiting (event, subscriber) pairs; rung by the doorbell and, for what it missed, by beat."""
    doorbell.answered("events")
    began = time.monotonic()
    delivery.drain(seconds=TURN_SECONDS)
    if time.monotonic() - began >= TURN_SECONDS:
        doorbell.ring_now("events")


@shared_task(name="events.tasks.seal_audit")
def seal_audit(**_: Any) -> None:
    """Seal what was noted and recorded since the last time."""
    seals.seal_all(at=timezone.now())
