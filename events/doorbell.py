"""The doorbell: tells workers that rows are waiting. It carries nothing, so losing it costs a sweep's delay.

PostgreSQL is the truth and Celery only the bell: one job for any number of rows. The key in Redis means "rung and
not yet answered"; a worker clears it before it looks for rows, so whoever commits later rings again, and whoever
commits earlier is seen. Redis frozen or gone must never hold a request (threat R7): a probe with a hard time-out
goes first, and a breaker keeps quiet for a while after a failure.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from threading import Lock

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction

from events import gathering
from events.redis_servers import client

logger = logging.getLogger(__name__)

PROBE_SECONDS = 0.3
BREAKER_SECONDS = 10.0
UNANSWERED_MS = 5_000


class _Breaker:
    """Open for a while after a failure, so that a dead Redis costs one time-out, not one a request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = 0.0
        self.failures = 0

    @property
    def open(self) -> bool:
        return time.monotonic() < self._until

    def trip(self) -> None:
        with self._lock:
            self._until = time.monotonic() + BREAKER_SECONDS
            self.failures += 1

    def reset(self) -> None:
        self._until = 0.0


breaker = _Breaker()


@cache
def probe_client() -> redis.Redis:
    """A plain client that answers or fails within `PROBE_SECONDS`; redis-py's own retries would take seconds."""
    return client(settings.REDIS_URL, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS)


def ring(name: str) -> None:
    """Ring `name` (a key of `settings.DOORBELLS`) once the current transaction has committed; who works through a
    backlog rings less often (`events.gathering`)."""
    transaction.on_commit(lambda: gathering.tell(f"bell {name}", lambda: ring_now(name)), robust=True)


def ring_now(name: str) -> bool:
    """Ring at once; False when the bell was already ringing or Redis did not answer. Never raises."""
    if breaker.open:
        return False
    task, queue = settings.DOORBELLS[name]
    try:
        if not probe_client().set(_key(name), 1, nx=True, px=UNANSWERED_MS):
            return False
        current_app.send_task(task, queue=queue, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 - whatever the broker client raises, the rows are safe and the sweep comes
        breaker.trip()
        logger.warning("doorbell not rung", extra={"bell": name, "error": type(error).__name__})
        return False
    return True


def answered(name: str) -> None:
    """Called by the worker before it looks for rows: from here on a new commit rings again."""
    try:
        probe_client().delete(_key(name))
    except redis.RedisError:
        breaker.trip()


def _key(name: str) -> str:
    return f"doorbell:{name}"
