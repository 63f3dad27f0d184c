"""Where a Redis is: at an address, or where its Sentinels say. Loads no Django: the launcher and probes use it too.

    redis://:password@host:6379/0
    redis+sentinel://:password@one:26379,two:26379,three:26379/0?master=helpdesk&sentinel_password=...

With Sentinels each new connection asks them who the master is, and one whose master became a replica is closed by the
first refused write: after a fail-over everybody finds the new one by themselves, without a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import redis
from redis import asyncio as redis_asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

SCHEME = "redis+sentinel"
SENTINEL_PORT = 26379
# One that is gone must not hold up the question to the next.
ASKING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Watched:
    """A Redis that Sentinels watch under the name `master`."""

    sentinels: tuple[tuple[str, int], ...]
    master: str
    username: str
    password: str
    database: int
    sentinel_password: str

    @property
    def access(self) -> dict[str, Any]:
        """How to introduce oneself to the master."""
        found = {"username": self.username, "password": self.password, "db": self.database}
        return {name: value for name, value in found.items() if value}

    @property
    def asking(self) -> dict[str, Any]:
        """How to speak to a Sentinel."""
        limits = {"socket_timeout": ASKING_SECONDS, "socket_connect_timeout": ASKING_SECONDS}
        return limits | ({"password": self.sentinel_password} if self.sentinel_password else {})


def watched(url: str) -> Watched | None:
    """What a redis+sentinel:// URL says; None for an address. Raises ValueError for one that names nobody."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        return None
    access, _, hosts = parts.netloc.rpartition("@")
    username, _, password = access.partition(":")
    sentinels = tuple(_host(host) for host in hosts.split(",") if host)
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if not sentinels or not said.get("master"):
        raise ValueError(f"{SCHEME}:// needs its Sentinels and ?master=NAME.")
    database = int(parts.path.strip("/") or 0)
    password, secret = unquote(password), said.get("sentinel_password", "")
    return Watched(sentinels, said["master"], unquote(username), password, database, secret)


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host, int(port or SENTINEL_PORT)


def client(url: str, **limits: Any) -> redis.Redis:
    """A client that answers or fails within its `limits` (redis-py's connection arguments) and never repeats itself."""
    limits = {"retry": Retry(NoBackoff(), 0), **limits}
    # Not `from_pool`: such a client hangs up all its pool's lines when it is let go, also those in use. Of two threads
    # that make the first one at once a cache keeps one, and the other's was let go in the middle of its question.
    return redis.Redis(connection_pool=Pool.from_url(url, **limits))


def listening_client(url: str, **limits: Any) -> redis_asyncio.Redis:
    """The same for an event loop."""
    limits = {"retry": redis_asyncio.retry.Retry(NoBackoff(), 0), **limits}
    if not (found := watched(url)):
        return redis_asyncio.Redis.from_url(url, **limits)
    asked = redis_asyncio.Sentinel(list(found.sentinels), sentinel_kwargs=found.asking)
    pool = redis_asyncio.SentinelConnectionPool(found.master, asked, **found.access, **limits)
    return redis_asyncio.Redis.from_pool(pool)


class Pool:
    """For Django's cache, which makes its pools of URLs."""

    @staticmethod
    def from_url(url: str, **limits: Any) -> redis.ConnectionPool:
        if not (found := watched(url)):
            return redis.ConnectionPool.from_url(url, **limits)
        asked = Sentinel(list(found.sentinels), sentinel_kwargs=found.asking)
        return SentinelConnectionPool(found.master, asked, **found.access, **limits)


def broker(url: str) -> tuple[str, dict[str, Any]]:
    """The same as Celery wants it: broker_url, and what to add to its transport options."""
    if not (found := watched(url)):
        return url, {}
    access = f"{quote(found.username, safe='')}:{quote(found.password, safe='')}@" if found.password else ""
    hosts = [f"sentinel://{access}{host}:{port}/{found.database}" for host, port in found.sentinels]
    return ";".join(hosts), {"master_name": found.master, "sentinel_kwargs": found.asking}


def channel_host(url: str, **limits: Any) -> dict[str, Any]:
    """The same as channels_redis wants one of its hosts."""
    if not (found := watched(url)):
        return {"address": url, **limits}
    asked = {"sentinels": list(found.sentinels), "sentinel_kwargs": found.asking, "master_name": found.master}
    return asked | found.access | limits
