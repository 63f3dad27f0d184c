"""A bad network between browsers and the helpdesk: it delays, breaks connections in the middle of a frame or an answer, falls
silent on one side and not on the other, closes one half, and loses whole messages of agents' sockets, which are numbered."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections import Counter
from dataclasses import dataclass

from tests.chaos.balancer import Answer, ask

LONGEST_DELAY = 0.15


@dataclass(frozen=True)
class Harm:
    """How often each befalls a message on its way to the browser."""

    lost: float = 0.3
    cut: float = 0.03
    silent: float = 0.01
    half_closed: float = 0.01
    answer_cut: float = 0.1


class LossyWay(threading.Thread):
    """`port()` and `ask()` lead through it. Once `calm` is set nothing more befalls what is under way or comes anew; what
    has fallen silent stays so."""

    def __init__(self, target: int, seed: int, harm: Harm) -> None:
        super().__init__(name="lossy way", daemon=True)
        self.target, self.harm, self.chance = target, harm, random.Random(seed)
        self.calm = threading.Event()
        self.done: Counter[str] = Counter()
        self._port, self._known = 0, threading.Event()
        self._loop = asyncio.new_event_loop()
        self._under_way: set[asyncio.Task[None]] = set()

    def port(self) -> int:
        self._known.wait(10)
        return self._port

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        return ask(self.port(), method, path, body, headers)

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        self._known.set()
        self._loop.run_forever()
        server.close()
        for task in self._under_way:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._under_way, return_exceptions=True))
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(10)

    def _happens(self, how_often: float, what: str) -> bool:
        if self.calm.is_set() or self.chance.random() >= how_often:
            return False
        self.done[what] += 1
        return True

    async def _carry(self, browser: StreamReader, to_browser: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        up = asyncio.create_task(self._to_server(browser, to_server))
        try:
            head = await server.readuntil(b"\r\n\r\n")
            to_browser.write(head)
            if head.startswith(b"HTTP/1.1 101"):
                await self._frames(server, to_browser, numbered=b"helpdesk.v1\r\n" in head)
            else:
                await self._answer(server, to_browser)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side went, or the test is over
        finally:
            up.cancel()
            for writer in (to_browser, to_server):
                writer.transport.abort()

    async def _to_server(self, browser: StreamReader, to_server: StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await browser.read(1 << 16):
                await self._wait()
                to_server.write(data)
                await to_server.drain()
            to_server.write_eof()

    async def _answer(self, server: StreamReader, to_browser: StreamWriter) -> None:
        """An answer to a question: whole, or only its beginning."""
        doomed = self._happens(self.harm.answer_cut, "answer cut")
        while data := await server.read(1 << 16):
            await self._wait()
            to_browser.write(data[: len(data) // 2] if doomed else data)
            await to_browser.drain()
            if doomed:
                return

    async def _frames(self, server: StreamReader, to_browser: StreamWriter, *, numbered: bool) -> None:
        while True:
            frame = await _read_frame(server)
            await self._wait()
            if self._happens(self.harm.cut, "cut in a frame"):
                to_browser.write(frame[: len(frame) // 2])
                return await to_browser.drain()
            if self._happens(self.harm.silent, "fell silent"):
                while await server.read(1 << 16):
                    pass
                await asyncio.sleep(3600)  # nobody tells the browser
            if self._happens(self.harm.half_closed, "half closed"):
                to_browser.write_eof()
                while await server.read(1 << 16):
                    pass
                return None
            if numbered and self._happens(self.harm.lost, "message lost"):
                continue
            to_browser.write(frame)
            await to_browser.drain()

    async def _wait(self) -> None:
        if not self.calm.is_set():
            await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))


async def _read_frame(server: StreamReader) -> bytes:
    """A whole frame as it came; servers mask none."""
    head = await server.readexactly(2)
    length = head[1] & 127
    more = await server.readexactly({126: 2, 127: 8}.get(length, 0))
    if more:
        (length,) = struct.unpack("!H" if len(more) == 2 else "!Q", more)
    return head + more + await server.readexactly(length)
