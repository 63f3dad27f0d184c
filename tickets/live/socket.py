"""One browser's connection as the hub sees it: what it looks at, and a short queue of what it is still to be told."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from enum import IntEnum
from typing import Any

from tickets.facets import Where

from .presence import Place, State
from .sight import Sight

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

# A browser that is not reading is dropped and catches up later; what waits for it must not grow.
QUEUE_FRAMES = 200
QUEUE_CHARACTERS = 512 * 1024
CLOSE_SECONDS = 2.0


class Goodbye(IntEnum):
    """Why we closed. live.js reloads on SIGNED_OUT and otherwise connects again."""

    LEFT = 1001
    SIGNED_OUT = 4401
    MALFORMED = 4400
    TOO_MUCH = 4429
    TOO_SLOW = 4408
    TOO_OLD = 4410


class Socket:
    """`view` is the condition of the list shown and `view_key` its name (None: no list), `ticket` the open one and
    `beside` others shown with it; `state` is what its agent does there, `told_place` what the others were told of that;
    `wall` that figures of this moment are on the page."""

    __slots__ = (
        "_closing",
        "_number",
        "_queue",
        "_send",
        "_waiting",
        "_writer",
        "beside",
        "counts",
        "heard_at",
        "joined_at",
        "session_key",
        "session_mark",
        "sight",
        "state",
        "tab",
        "ticket",
        "told_place",
        "view",
        "view_key",
        "wall",
    )  # fmt: skip

    def __init__(self, send: Send, sight: Sight, session_key: str, session_mark: str, *, joined_at: float) -> None:
        self._send = send
        self.sight = sight
        self.session_key = session_key
        self.session_mark = session_mark
        self.joined_at = self.heard_at = joined_at
        self.tab = secrets.token_hex(6)
        self.state = State.HERE
        self.told_place: Place | None = None
        self.view_key: str | None = None
        self.view: Where | None = None
        self.ticket: int | None = None
        self.beside: frozenset[int] = frozenset()
        self.wall = False
        self.counts: dict[str, int] | None = None
        self._queue: deque[str] | None = None
        self._waiting = 0
        self._number = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing: Goodbye | None = None

    @property
    def shown(self) -> frozenset[int]:
        """The tickets on the page, which its agent may see as far as we last looked."""
        return self.beside if self.ticket is None else self.beside | {self.ticket}

    def forget(self, tickets: Collection[int]) -> None:
        """These are out of its agent's sight: nothing of them goes here any more, turned away or not."""
        if self.ticket in tickets:
            self.ticket = None
        self.beside = self.beside.difference(tickets)

    @property
    def gone(self) -> bool:
        return self._closing is not None

    @property
    def number(self) -> int:
        """How many messages this socket was sent: a browser that counted fewer has missed some."""
        return self._number

    def push(self, frames: str) -> None:
        """Queue frames (JSON objects joined by commas) as one message; never waits. Drops a socket that lags."""
        if self.gone:
            return
        self._number += 1
        text = f'{{"n":{self._number},"view":{json.dumps(self.view_key)},"frames":[{frames}]}}'
        if self._queue is None:
            self._queue = deque()
        if len(self._queue) >= QUEUE_FRAMES or self._waiting + len(text) > QUEUE_CHARACTERS:
            self.close(Goodbye.TOO_SLOW)
            return
        self._queue.append(text)
        self._waiting += len(text)
        self._wake()

    def close(self, code: Goodbye) -> None:
        """Say goodbye and forget what waits; never waits."""
        if self.gone:
            return
        self._closing, self._queue, self._waiting = code, None, 0
        if code is Goodbye.TOO_SLOW and self._writer:
            self._writer.cancel()
            self._writer = None
        self._wake()

    def left(self) -> None:
        """The browser is gone: stop writing."""
        self._closing = self._closing or Goodbye.LEFT
        if self._writer:
            self._writer.cancel()

    def _wake(self) -> None:
        # A task only while there is something to write: an idle socket keeps none.
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._queue and not self.gone:
                text = self._queue.popleft()
                self._waiting -= len(text)
                await self._send({"type": "websocket.send", "text": text})
            self._queue = None
            if self.gone:
                await self._say_goodbye()
        except OSError:
            self._closing = self._closing or Goodbye.LEFT  # the server says the browser left; `left` follows
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None

    async def _say_goodbye(self) -> None:
        goodbye = self._send({"type": "websocket.close", "code": int(self._closing or Goodbye.LEFT)})
        try:
            await asyncio.wait_for(goodbye, CLOSE_SECONDS)
        except TimeoutError:
            # Nobody reads the other end, so the close frame would wait in the buffer for ever.
            abort(self._send)


def abort(send: Send) -> None:
    """Cut the connection. ASGI knows only polite closing, so this reaches for uvicorn's transport; under another
    server a stalled connection ends by that server's keep-alive."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None and hasattr(transport, "abort"):
        transport.abort()
    else:
        logger.warning("a stalled socket could not be cut")
