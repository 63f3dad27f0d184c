"""The queue's own pulse: proof that a job sent is a job done."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import redis
from celery import shared_task, signals
from django.conf import settings

from events.redis_servers import client

# Written beside Django's cache, not in it: the launcher reads it too, without Django.
HEARTBEAT_KEY = "helpdesk:worker-heartbeat:at"
HEARTBEAT_EVERY = 10.0
HEARTBEAT_STALE = 45.0

BEAT_SCHEDULE = {
    "heartbeat": {"task": "helpdesk.tasks.heartbeat", "schedule": HEARTBEAT_EVERY, "options": {"queue": "critical"}},
    "heartbeat of bulk": {
        "task": "helpdesk.tasks.heartbeat",
        "schedule": 60.0,
        "kwargs": {"of": ":bulk"},
        "options": {"queue": "bulk"},
    },
}


@shared_task(name="helpdesk.tasks.heartbeat", queue="critical")
def heartbeat(of: str = "", **_: Any) -> None:
    """A worker that is connected but deaf to the queue does not write this. `of`: the queue, if it has its own."""
    _client().set(HEARTBEAT_KEY + of, time.time())


@signals.worker_ready.connect
def _ask_for_first_heartbeat(**_: Any) -> None:
    """Through the queue like the others, so that a start need not wait for beat's first tick."""
    heartbeat.apply_async(expires=60)


def heartbeat_age() -> float | None:
    """Seconds since a worker last did a job from the queue; None when none ever did."""
    last = _client().get(HEARTBEAT_KEY)
    return None if last is None else max(0.0, time.time() - float(last))


@cache
def _client() -> redis.Redis:
    return client(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)
