"""Reading reports and searches from a streaming replica, where there is one (DATABASE_REPLICA_URL).

Inside `reading` the thread's connection `default` is the replica's, so every query goes there, written by hand or by
Django, and nothing can be written by mistake: PostgreSQL refuses. Who asks gets the same as from the primary, but for
what happened within the last seconds; and whoever has just written themselves reads from the primary until the replica
must have it. A replica that is away, behind, or gives up a query in the middle costs the question a second try.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from redis import RedisError

ALIAS = "replica"
# How long a measure of the lag is believed, and a replica that failed is left alone.
BELIEVED, LEFT_ALONE = 1.0, 10.0
logger = logging.getLogger(__name__)
T = TypeVar("T")
Page = Callable[..., HttpResponseBase]
# The last commit it has replayed is as old as what is missing, at most. One that has everything is not behind, however
# long ago that was.
_LAG = """
SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false),
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
"""


@dataclass(slots=True)
class _Known:
    at: float = 0.0
    lag: float | None = None


_known, _measuring = _Known(), Lock()


def configured() -> bool:
    return ALIAS in settings.DATABASES


def lag() -> float | None:
    """Seconds the replica is behind, as measured within the last second; None when it is away or is none."""
    now = time.monotonic()
    if now - _known.at < BELIEVED:
        return _known.lag
    with _measuring:
        if time.monotonic() - _known.at < BELIEVED:
            return _known.lag
        found = _measure()
        _known.lag, _known.at = found, time.monotonic() + (0 if found is not None else LEFT_ALONE - BELIEVED)
        return found


def _measure() -> float | None:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()::text")
            written = cursor.fetchone()[0]
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(_LAG, [written])
            follows, has_all, age = cursor.fetchone()
    except DatabaseError as error:
        logger.warning("the replica does not answer", extra={"error": type(error).__name__})
        connections[ALIAS].close()
        return None
    if not follows:
        logger.warning("DATABASE_REPLICA_URL leads to no replica")
        return None
    return 0.0 if has_all else age


def leave_alone() -> None:
    """It failed a question: nobody asks it for a while."""
    _known.lag, _known.at = None, time.monotonic() + LEFT_ALONE - BELIEVED


def forget() -> None:
    """Measure anew at the next question."""
    _known.lag, _known.at = None, 0.0


def wrote(agent_id: int) -> None:
    """Their own reads come from the primary until any replica that is read from must have what they wrote."""
    try:
        cache.set(_mark(agent_id), 1, settings.REPLICA_LAG_SECONDS + 2 * BELIEVED)
    except (RedisError, OSError):
        leave_alone()  # this process at least


def _may_serve(agent_id: int) -> float | None:
    """How far behind the replica is that may answer this agent; None when the primary must."""
    if not configured() or connections[DEFAULT_DB_ALIAS].in_atomic_block:
        return None
    behind = lag()
    if behind is None or behind > settings.REPLICA_LAG_SECONDS:
        return None
    try:
        return None if cache.get(_mark(agent_id)) else behind
    except (RedisError, OSError):
        return None  # nobody knows whether they wrote


def _mark(agent_id: int) -> str:
    return f"wrote:{agent_id}"


def behind_now() -> int | None:
    """For what is being read in this thread: whole seconds it may be behind; None for the primary."""
    if connections[DEFAULT_DB_ALIAS].alias != ALIAS:
        return None
    return math.ceil(_known.lag or 0)


@contextmanager
def reading() -> Iterator[None]:
    """This thread's queries go to the replica."""
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def read(agent_id: int, question: Callable[[], T]) -> tuple[T, float | None]:
    """What `question` gives, from the replica where that may be, and how many seconds old it may be at most (None: it
    is from the primary). `question` reads only, and may be asked twice."""
    behind = _may_serve(agent_id)
    if behind is not None:
        try:
            with reading():
                return question(), behind
        except DatabaseError as error:
            logger.warning("the replica failed a question", extra={"error": type(error).__name__})
            connections[ALIAS].close()
            leave_alone()
    return question(), None


def from_replica(page: Page) -> Page:
    """For pages that only read and are done when they return."""

    @wraps(page)
    def served(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response, behind = read(request.user.pk or 0, lambda: page(request, *args, **kwargs))
        if behind is not None:
            response["X-Read-From"] = f"replica, {behind:.1f} s behind"
        return response

    return served


class WritesAreSeen:
    """After a request that may have written, its agent's own reads come from the primary for a while."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if configured() and request.method not in ("GET", "HEAD", "OPTIONS") and request.user.is_authenticated:
            wrote(request.user.pk)
        return response
