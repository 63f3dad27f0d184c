"""Widgets as shops have them, in a process of their own beside `bench.load`: each holds its socket and says every 20
seconds that it is still there; one in twenty writes a line every half minute; one in fifty sits behind a wall that lets
no socket through and asks every four seconds.

Takes one line of JSON (`{"port", "key", "shown", "widgets", "seconds"}`), holds all lines, says `ready`, plays for so
long, and says one line of JSON: for each kind the seconds of each answer, how many heard no yes, how many were wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bench.chat import BEAT, SHOP, Visitor, Widget, open_lines

WRITE, POLL = 30.0, 4.0  # seconds between two lines of one who writes; `POLL_OPEN` of assets/widget/line.js
WRITERS, WALLED = 20, 50  # one in so many
KINDS = ("widget beats", "widget lines", "widget polls")


@dataclass
class Heard:
    """What one kind of asking brought."""

    waited: list[float] = field(default_factory=list)
    failed: int = 0

    def note(self, began: float, *, good: bool) -> None:
        self.waited.append(time.perf_counter() - began)
        self.failed += not good


class Play:
    """All widgets of one shop for so many seconds."""

    def __init__(self, port: int, widget: Widget, count: int, seconds: float) -> None:
        self.port, self.widget, self.seconds = port, widget, seconds
        self.heard = {kind: Heard() for kind in KINDS}
        walled = max(1, count // WALLED)
        everybody = [Visitor(f"w{number:042}", f"10.4.{number // 200}.{number % 200}") for number in range(count)]
        self.walled, self.held = everybody[:walled], everybody[walled:]
        self.writers = self.held[: max(1, count // WRITERS)]
        self.threads = ThreadPoolExecutor(32)

    async def run(self) -> None:
        async with open_lines(self.port, self.widget, self.held) as lines:
            print("ready", flush=True)
            pongs = [asyncio.Event() for _ in lines]
            hearing = [asyncio.create_task(_hear(line, pong)) for line, pong in zip(lines, pongs, strict=True)]
            beats = [self._beating(line, pong) for line, pong in zip(lines, pongs, strict=True)]
            writes = [self._asking(one, "message") for one in self.writers]
            polls = [self._asking(one, "sync") for one in self.walled]
            users = (("widget beats", BEAT, beats), ("widget lines", WRITE, writes), ("widget polls", POLL, polls))
            began = time.perf_counter()
            turns = [
                self._turns(kind, pause, number / len(those), began, act)
                for kind, pause, those in users
                for number, act in enumerate(those)
            ]
            await asyncio.gather(*turns)
            for task in hearing:
                task.cancel()

    async def _turns(
        self, kind: str, pause: float, place: float, began: float, act: Callable[[], Awaitable[bool]]
    ) -> None:
        """Each turn at its own moment, spread over the pause, however long the last one took."""
        due = place * pause
        while due < self.seconds:
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            if time.perf_counter() - began > self.seconds:
                return
            asked = time.perf_counter()
            self.heard[kind].note(asked, good=await act())
            due += pause

    def _beating(self, line: ClientConnection, pong: asyncio.Event) -> Callable[[], Awaitable[bool]]:
        text = json.dumps({"kind": "here", "page": {"url": f"{SHOP}/boots"}})

        async def beat() -> bool:
            pong.clear()
            try:
                await line.send(text)
                await asyncio.wait_for(pong.wait(), 60)
            except (ConnectionClosed, TimeoutError):
                return False
            return True

        return beat

    def _asking(self, visitor: Visitor, what: str) -> Callable[[], Awaitable[bool]]:
        headers = self.widget.headers(self.port, visitor)

        def ask() -> bool:
            body = {"client": str(uuid4()), "text": f"Where is it? {uuid4()}"} if what == "message" else {}
            line = http.client.HTTPConnection("localhost", self.port, timeout=60)
            try:
                line.request("POST", f"/widget/{self.widget.key}/{what}/", json.dumps(body), headers)
                return line.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False
            finally:
                line.close()

        async def asked() -> bool:
            return await asyncio.get_running_loop().run_in_executor(self.threads, ask)

        return asked


async def _hear(line: ClientConnection, pong: asyncio.Event) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for text in line:
            if json.loads(text)["kind"] == "pong":
                pong.set()


def main() -> None:
    given = json.loads(sys.stdin.readline())
    play = Play(given["port"], Widget(given["key"], given["shown"]), given["widgets"], given["seconds"])
    asyncio.run(play.run())
    a_second = {
        "widget beats": len(play.held) / BEAT,
        "widget lines": len(play.writers) / WRITE,
        "widget polls": len(play.walled) / POLL,
    }
    found = {kind: {**asdict(heard), "wanted": a_second[kind] * play.seconds} for kind, heard in play.heard.items()}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
