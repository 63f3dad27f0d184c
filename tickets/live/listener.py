"""Hears what `tickets.realtime` publishes, and knows when it may have missed something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import redis
from django.conf import settings
from redis.asyncio.client import PubSub

from events.redis_servers import listening_client
from tickets.realtime import CHANNEL

logger = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
CONNECT_SECONDS = 2.0
RETRY_SECONDS = 0.25
RETRY_MOST_SECONDS = 5.0


class Listener:
    """A subscription that is renewed whenever it breaks. Redis forgets what it could not deliver, so each renewal
    is a gap: `on_gap` is called once we hear again."""

    def __init__(self, *, on_message: Callable[[bytes], None], on_gap: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_gap = on_gap
        self._gap = False
        self.ready = asyncio.Event()

    async def listen(self) -> None:
        pause = RETRY_SECONDS
        while True:
            try:
                await self._hear_until_broken()
            except (redis.RedisError, OSError, TimeoutError) as error:
                if self.ready.is_set():
                    pause = RETRY_SECONDS
                    logger.warning("live updates lost Redis", extra={"error": type(error).__name__})
            finally:
                self.ready.clear()
                self._gap = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MOST_SECONDS)

    async def _hear_until_broken(self) -> None:
        # redis-py would reconnect on its own, silently, and the gap would go unnoticed: no retries here.
        client = listening_client(settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=CONNECT_SECONDS)
        pubsub = client.pubsub()
        try:
            await asyncio.wait_for(pubsub.subscribe(CHANNEL), CONNECT_SECONDS)
            await self._hear(pubsub)
        finally:
            await pubsub.aclose()
            await client.aclose()

    async def _hear(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=QUIET_SECONDS)
            if message is None:
                if asked or not self.ready.is_set():
                    raise TimeoutError("Redis does not answer")
                # Quiet, or dead: a connection cut by a router looks the same until something is asked on it.
                await asyncio.wait_for(pubsub.ping(), CONNECT_SECONDS)
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                self._subscribed()
            elif message["type"] == "message":
                self._on_message(message["data"])

    def _subscribed(self) -> None:
        self.ready.set()
        if self._gap:
            self._gap = False
            self._on_gap()
