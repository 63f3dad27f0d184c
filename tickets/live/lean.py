"""What every socket of ours stands on: a consumer without a channel layer, and one thread for blocking work."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any, ClassVar, TypeVar

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import close_old_connections, connections

T = TypeVar("T")
LONGEST_MESSAGE = 2048
TRUSTED_SECONDS = 2.0


class LeanConsumer(AsyncWebsocketConsumer):
    """Its hub hears for all sockets of the process, so an idle one is a coroutine and no more."""

    # How many messages at once, and how many a second after that.
    burst: ClassVar[int]
    per_second: ClassVar[float]

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.scope, self.base_send = scope, send
        self._allowance, self._counted_at = float(self.burst), time.monotonic()
        self.begun()
        try:
            while True:
                message = await receive()
                await getattr(self, message["type"].replace(".", "_"))(message)
        except StopConsumer:
            return
        finally:
            self.ended()

    def begun(self) -> None:
        """Before the handshake is looked at."""

    def ended(self) -> None:
        """However it ended."""

    def affords_one(self) -> bool:
        """Whether one more message is within what a browser may send; counts it."""
        now = time.monotonic()
        self._allowance = min(self.burst, self._allowance + (now - self._counted_at) * self.per_second) - 1
        self._counted_at = now
        return self._allowance >= 0


def read_object(text: str | None) -> dict[str, Any] | None:
    """What a browser said, or None when it is too long or no JSON object."""
    if not text or len(text) > LONGEST_MESSAGE:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


class WorkThread:
    """One lasting thread with its lasting database connection, started when there is work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do blocking work there, and wait for it without blocking."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return await asyncio.get_running_loop().run_in_executor(self._pool, _with_connection, work, args)

    def stop(self) -> None:
        """Keep neither thread nor connection; new work starts them again."""
        pool, self._pool = self._pool, None
        if pool:
            pool.submit(connections.close_all)
            pool.shutdown(wait=False)


_looked_at = local()


def _with_connection(work: Callable[..., T], args: tuple[Any, ...]) -> T:
    """Django asks the connection whether it is well before each use; of one that answered just now that is a question
    too many, since a broken one ends in an error either way and is closed by it."""
    now = time.monotonic()
    if now - getattr(_looked_at, "at", 0.0) > TRUSTED_SECONDS:
        close_old_connections()
        _looked_at.at = now
    try:
        return work(*args)
    except Exception:
        _looked_at.at = 0.0
        close_old_connections()
        raise
