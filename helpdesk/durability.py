"""Whether the servers are set so that what we acknowledged survives a crash. Asked by /readyz and by the checks."""

from __future__ import annotations

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from events.redis_servers import client

# On by default in PostgreSQL; images made for tests switch them off.
WANTED_ON = ("fsync", "full_page_writes", "synchronous_commit")


def database_faults(alias: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What is off and must not be, as `fsync=off`. Tests may allow it (HELPDESK_UNSAFE_DATABASE)."""
    if settings.UNSAFE_DATABASE:
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT name || '=' || setting FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' ORDER BY name",
            [list(WANTED_ON)],
        )
        return [fault for (fault,) in cursor.fetchall()]


def redis_settings() -> dict[str, str]:
    """How the queue's Redis is set. Raises RedisError where it is away or CONFIG is forbidden."""
    with client(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1) as asked:
        return {**asked.config_get("maxmemory-policy"), **asked.config_get("appendonly")}


def redis_faults(found: dict[str, str]) -> list[str]:
    """Evicting keys would throw away jobs; everything else in Redis may be lost."""
    policy = found.get("maxmemory-policy", "noeviction")
    return [] if policy == "noeviction" else [f"maxmemory-policy={policy}"]
