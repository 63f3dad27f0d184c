"""Is this process alive, is the helpdesk ready, and how is it doing."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from events import replica
from helpdesk import draining, durability, signals, vitals
from helpdesk.tasks import HEARTBEAT_STALE, heartbeat_age

# Someone who asks often must not make us open a mail connection each time.
REMEMBER_SECONDS = 1.0
# Which parts must work for a process of that role to be given work.
ROLES = {
    "all": ("database", "redis", "durability", "worker", "mail"),
    "web": ("database",),
    "worker": ("database", "redis", "worker"),
    "mail": ("database", "durability", "mail"),
}
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process can answer at all; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 only when all that `?role=` needs works: mail listener, worker through its queue, database, this process."""
    parts = ROLES.get(request.GET.get("role", "all"))
    if parts is None:
        return JsonResponse({"error": f"role must be one of {', '.join(ROLES)}"}, status=400)
    states = {"web": "draining" if draining.started() else "ok"} | {part: state_of(part) for part in parts}
    ready = all(state == "ok" for state in states.values())
    response = JsonResponse({"ready": ready} | states, status=200 if ready else 503)
    # Not ready is an answer and no error of ours; asked each second it would fill the log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


_memory: dict[str, tuple[float, str]] = {}


def state_of(part: str) -> str:
    """`ok` or what is wrong with that part, as it was found within the last second."""
    known = _memory.get(part)
    if known and time.monotonic() - known[0] < REMEMBER_SECONDS:
        return known[1]
    state = PROBES[part]()
    _memory[part] = (time.monotonic(), state)
    return state


def probe_database() -> str:
    """`ok` when the database answers and has the tables this code expects to find."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('people_agent') IS NOT NULL")
            migrated = cursor.fetchone()
    except DatabaseError:
        return "no answer"
    return "ok" if migrated and migrated[0] else "not migrated"


def probe_redis() -> str:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return "no answer"
    return "ok"


def probe_durability() -> str:
    """`ok` when neither server is set so that a crash or a full memory costs what we acknowledged."""
    try:
        faults = durability.database_faults()
    except DatabaseError:
        return "unknown without database"
    # Away, which the part `redis` tells, or a managed one that does not let itself be asked.
    with suppress(RedisError, OSError):
        faults += durability.redis_faults(durability.redis_settings())
    return ", ".join(faults) or "ok"


def probe_worker() -> str:
    """`ok` when a worker lately did a job that came through the queue."""
    try:
        age = heartbeat_age()
    except (RedisError, OSError):
        return "unknown without redis"
    if age is None:
        return "no heartbeat yet"
    return "ok" if age < HEARTBEAT_STALE else f"last heartbeat {age:.0f} s ago"


def probe_replica() -> str:
    """`ok` while it answers and is not too far behind to be read from."""
    behind = replica.lag()
    if behind is None:
        return "no answer"
    return "ok" if behind <= settings.REPLICA_LAG_SECONDS else f"{behind:.0f} s behind"


PROBES: dict[str, Callable[[], str]] = {
    "replica": probe_replica,
    "database": probe_database,
    "redis": probe_redis,
    "durability": probe_durability,
    "worker": probe_worker,
    "mail": vitals.probe_listener,
}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text for a caller on this machine, or with `Authorization: Bearer` and the metrics token."""
    if not (_is_local(request) or _has_token(request)):
        return HttpResponse("Needs the metrics token.\n", status=403, content_type="text/plain")
    with suppress(RedisError, OSError):
        cache.set(signals.READ_AT, time.time(), 3600)
    return HttpResponse(signals.as_prometheus(signals.collect()), content_type="text/plain; version=0.0.4")


def _is_local(request: HttpRequest) -> bool:
    """A caller on this machine itself. Behind a proxy on the same machine everyone seems local, so then nobody is."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and kind == "Bearer" and hmac.compare_digest(token.encode(), expected.encode())
