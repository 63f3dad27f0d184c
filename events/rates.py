"""How often something may be done, counted in Redis. A protection and no fact: without Redis nobody is refused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network

import redis
from django.conf import settings
from django.http import HttpRequest

from events.doorbell import breaker, probe_client


def spend(rules: Sequence[tuple[str, int, int]]) -> int:
    """Count one under each rule (name, so many, in so many seconds); how many seconds to wait, 0 when all allow it."""
    if breaker.open or not rules:
        return 0
    now = time.time()
    try:
        with probe_client().pipeline(transaction=False) as pipe:
            for name, _, window in rules:
                key = f"{name}:{int(now // window)}"
                pipe.incr(key)
                pipe.expire(key, 2 * window)
            counts = pipe.execute()[::2]
    except (redis.RedisError, OSError):
        breaker.trip()
        return 0
    waits = [
        int(window - now % window) + 1
        for (_, most, window), count in zip(rules, counts, strict=True) if int(count) > most
    ]  # fmt: skip
    return max(waits, default=0)


def client_address(request: HttpRequest) -> str:
    """Whose address limits count: the connection's, or what the last proxy of ours says."""
    return address_of(str(request.META.get("REMOTE_ADDR", "")), request.headers.get("X-Forwarded-For", ""))


def address_of(remote: str, forwarded: str) -> str:
    """The same by the connection's address and what its X-Forwarded-For says; for sockets, which are no requests."""
    hops, trusted = forwarded.split(","), settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted and hops[-trusted].strip():
        remote = hops[-trusted].strip()
    return _one_holder(remote[:64])


def _one_holder(address: str) -> str:
    """The address, or of IPv6 its network: whoever has one such address has the 2**64 beside it."""
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
