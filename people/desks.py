"""Which agents have the helpdesk open, by lease: written by every process that holds their sockets."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

import redis

from events.doorbell import breaker, probe_client

KEY = "live:desks"
LEASE_SECONDS = 30


def note_desks(agent_ids: Collection[int]) -> None:
    """These agents have a socket open now. Without Redis nobody is known to be there, and nothing waits."""
    if not agent_ids or breaker.open:
        return
    now = time.time()
    try:
        with probe_client().pipeline(transaction=False) as pipe:
            pipe.zadd(KEY, {str(id): now for id in agent_ids})
            pipe.zremrangebyscore(KEY, 0, now - 10 * LEASE_SECONDS)
            pipe.execute()
    except (redis.RedisError, OSError):
        breaker.trip()


def agents_at_their_desks() -> set[int]:
    """Ids of those who are; nobody, while Redis does not answer."""
    return desks_if_known() or set()


def desks_if_known() -> set[int] | None:
    """The same for whoever must not take a silent Redis for empty desks: None then."""
    if breaker.open:
        return None
    try:
        found: Any = probe_client().zrangebyscore(KEY, time.time() - LEASE_SECONDS, "+inf")
    except (redis.RedisError, OSError):
        breaker.trip()
        return None
    return {int(id) for id in found}
