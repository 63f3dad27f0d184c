"""One receiver a process for all its visitors' sockets: hears which tickets changed and pokes who talks there.

A poke says only that there is news. What waits for a slow browser is at most one of each kind, so nothing grows; a
browser that does not take even that is cut off and asks again later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from tickets.live.lean import WorkThread
from tickets.live.listener import Listener
from tickets.live.socket import abort

logger = logging.getLogger(__name__)
T = TypeVar("T")
Send = Callable[[dict[str, Any]], Awaitable[None]]

SEND_SECONDS = 10.0
IDLE_SECONDS = 30.0
_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, VisitorHub] = WeakKeyDictionary()


def visitor_hub() -> VisitorHub:
    """The hub of this event loop; a process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = VisitorHub()
    return _hubs[loop]


def open_lines() -> int:
    """Sockets of visitors this process serves."""
    return sum(map(len, _hubs.values()))


class Line:
    """One visitor's socket: what is still to be said, one of each kind."""

    __slots__ = (
        "_pending",
        "_send",
        "_writer",
        "digest",
        "gone",
        "key",
        "shown",
        "shows_drafts",
        "thread",
        "tickets",
        "visitor_id",
    )

    def __init__(self, send: Send, *, key: str, shown: str, digest: str) -> None:
        self._send = send
        self.key, self.shown, self.digest = key, shown, digest
        self.visitor_id: int | None = None
        self.thread = ""
        self.tickets: tuple[int, ...] = ()
        self.gone = False
        self.shows_drafts = False
        self._pending: dict[str, str] = {}
        self._writer: asyncio.Task[None] | None = None

    @property
    def ticket(self) -> int | None:
        """The one their next words would go to."""
        return self.tickets[0] if self.tickets else None

    def push(self, kind: str, **data: Any) -> None:
        """Say this soon; never waits."""
        if self.gone:
            return
        self._pending[kind] = json.dumps({"kind": kind, **data}, ensure_ascii=False, separators=(",", ":"))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._pending and not self.gone:
                text = self._pending.pop(next(iter(self._pending)))
                await asyncio.wait_for(self._send({"type": "websocket.send", "text": text}), SEND_SECONDS)
        except TimeoutError:
            self.gone = True
            abort(self._send)
        except OSError:
            self.gone = True

    def left(self) -> None:
        self.gone = True
        if self._writer:
            self._writer.cancel()


class VisitorHub:
    def __init__(self) -> None:
        self._lines: set[Line] = set()
        self._by_ticket: defaultdict[int, set[Line]] = defaultdict(set)
        self._listener = Listener(on_message=self._hear, on_gap=self._all_look)
        self._listening: asyncio.Task[None] | None = None
        self._thread = WorkThread("chat")

    def __len__(self) -> int:
        return len(self._lines)

    def join(self, line: Line) -> None:
        self._lines.add(line)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        for ticket in line.tickets:
            self._by_ticket[ticket].add(line)

    def turn_to(self, line: Line, tickets: Iterable[int]) -> None:
        """The visitor's tickets, the newest first: in each of them something may be written to them."""
        self._forget_place(line)
        line.tickets = tuple(tickets)
        if line in self._lines:
            for ticket in line.tickets:
                self._by_ticket[ticket].add(line)

    def leave(self, line: Line) -> None:
        line.left()
        self._lines.discard(line)
        self._forget_place(line)
        if not self._lines:
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest_if_idle)

    def alone(self, line: Line) -> bool:
        """Whether no other tab of this visitor is connected here."""
        return not any(other.thread == line.thread for other in self._lines if other is not line)

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do blocking work in the hub's one lasting thread."""
        return await self._thread.run(work, *args)

    def _rest_if_idle(self) -> None:
        """Nobody chats: no subscription, no thread, no connection to the database is kept for it."""
        if self._lines:
            return
        if self._listening:
            self._listening.cancel()
            self._listening = None
        self._thread.stop()

    def _forget_place(self, line: Line) -> None:
        for ticket in line.tickets:
            if ticket in self._by_ticket:
                self._by_ticket[ticket].discard(line)
                if not self._by_ticket[ticket]:
                    del self._by_ticket[ticket]

    async def _listen(self) -> None:
        while True:
            try:
                await self._listener.listen()
            except Exception:  # whatever it is, visitors must not be left without news
                logger.exception("chat pushes stumbled")
                await asyncio.sleep(1)

    def _hear(self, payload: bytes) -> None:
        message = json.loads(payload)
        if message.get("lost"):
            self._all_look()
        for thread, ticket in message.get("chats", ()):
            self._began(thread, ticket)
        for ticket_id, *_ in message.get("changes", ()):
            for line in self._by_ticket.get(ticket_id, ()):
                line.push("news")
        for ticket_id, frame in message.get("to_customers", ()):
            for line in self._by_ticket.get(ticket_id, ()):
                with contextlib.suppress(TypeError):
                    line.push(**frame)

    def _began(self, thread: str, ticket: int) -> None:
        """A visitor we know talks in a ticket that their lines have not heard of."""
        for line in self._lines:
            if line.thread == thread and ticket not in line.tickets:
                self.turn_to(line, (ticket, *line.tickets))
                line.push("news")

    def _all_look(self) -> None:
        """We may have missed something."""
        for line in self._lines:
            line.push("news")
