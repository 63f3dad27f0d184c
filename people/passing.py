"""What may be forgotten at any moment: kept in Redis, reckoned anew without it, and never waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import redis

from events.doorbell import breaker, probe_client


def remembered(name: str, seconds: int, reckon: Callable[[], Any]) -> Any:
    """A figure (JSON, not null) reckoned at most so often; each time while Redis does not answer."""
    key = f"figure:{name}"
    kept = quietly(lambda client: client.get(key))
    if kept:
        return json.loads(kept)
    found = reckon()
    quietly(lambda client: client.set(key, json.dumps(found), ex=seconds))
    return found


def quietly(ask: Callable[[Any], Any]) -> Any:
    """What Redis answers, or None when it does not."""
    if breaker.open:
        return None
    try:
        return ask(probe_client())
    except (redis.RedisError, OSError):
        breaker.trip()
        return None
