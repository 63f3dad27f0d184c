"""How long a visitor's words take to the agent's screen, beside the least that sockets can cost; and what an idle
widget weighs.

A visitor posts, the message is stored and committed, and the agent's open tab is told. The limits, in the same run: a
bare echo, and a bare group of Channels over the same Redis; neither stores anything, or asks who may see it.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.sync.client import ClientConnection as Desk
from websockets.typing import Origin, Subprotocol

from bench.cpu import memory_of
from bench.data import empty_database
from bench.sockets import open_sockets
from bench.stack import Served, Stack, use_database
from bench.table import ratio, show

SHOP = "https://shop.example"
KIB = 1024
GOAL_KIB = 40
BEAT, PATIENCE = 20.0, 10.0  # of assets/widget/line.js
BEATS_A_SECOND = 250  # of 5,000 lines
COLUMNS = ("", "p50", "p99", "p50 to echo", "p99 to echo", "p50 to group", "p99 to group", "CPU ms")
PAUSE = 0.3  # a ticket is told of four times a second; nobody writes more often


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser of the bench: its secret, and an address of its own, since limits count addresses."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Widget:
    """The channel they talk to, as its frame knows it."""

    key: str
    shown: str

    def headers(self, port: int, visitor: Visitor) -> dict[str, str]:
        return {
            "Origin": f"http://localhost:{port}", "X-Chat-Pass": self.shown, "Content-Type": "application/json",
            "Authorization": f"Bearer {visitor.secret}", "X-Forwarded-For": visitor.address,
        }  # fmt: skip


def run(
    stack: Stack,
    *,
    rounds: int = 1,
    chats: Sequence[int] = (1, 100, 1000),
    messages: int = 100,
    idle: int = 5000,
    watched: float = 20,
) -> dict[str, float]:
    """p99 of each kind in ms, and KiB an idle widget."""
    stack.make_database("bench_chat", template=empty_database(stack))
    use_database("bench_chat", stack)
    widget = _make_world()
    found, rows = {}, []
    echo, group = _bare(stack, messages * rounds)
    commits = _commits(stack, messages * rounds)
    for name, times in (("bare echo", echo), ("bare group of Channels", group), ("bare commit of two rows", commits)):
        rows.append([*_row(name, times, echo, group), None])
        found[name] = _p(times, 99)
    with stack.serving("bench_chat", HELPDESK_TRUSTED_PROXIES="1") as served:
        visitors = [Visitor(f"{number:043}", f"10.1.{number // 200}.{number % 200}") for number in range(max(chats))]
        begun = 0
        for count in chats:
            _begin(widget, visitors[begun:count])
            begun = count
            with open_sockets(served.port, 1) as [desk]:
                desk.send(json.dumps({"type": "view", "view": "open"}))
                spent = served.cpu()
                times = asyncio.run(_talk(served, widget, visitors[:count], messages * rounds, desk))
                spent = (served.cpu() - spent) / len(times) * 1000
            name = f"{count} chats"
            rows.append([*_row(name, times, echo, group), spent])
            found[name] = _p(times, 99)
    show("Chat: a visitor's words until an agent's tab is told, ms",
         COLUMNS, rows,
         "Each message is stored and committed first. Goal: p99 at most 2 x the bare group's. CPU: the web process, a",
         "message, with the joining of the lines.")  # fmt: skip
    with stack.serving("bench_chat", HELPDESK_TRUSTED_PROXIES="1") as served:
        found["idle KiB"] = asyncio.run(_weigh(served, widget, idle, watched=watched))
    return found


def _bare(stack: Stack, messages: int) -> tuple[list[float], list[float]]:
    """What sockets take that store nothing: an echo, and a group of Channels."""
    with stack.serving("bench_chat", lambda port: [sys.executable, "-m", "bench.bare_sockets", str(port)]) as bare:
        echo = asyncio.run(_round_trips(bare.port, "echo/", "echo/", messages))
        return echo, asyncio.run(_round_trips(bare.port, "say/", "group/", messages))


def _commits(stack: Stack, messages: int) -> list[float]:
    """What the storing alone takes: two small rows and their commit on the same durable database, as far apart as
    the messages are. No message is told of before its commit."""
    with psycopg.connect(stack.environment("bench_chat")["DATABASE_URL"]) as database:
        database.execute("CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text)")
        database.commit()
        times = []
        for number in range(-5, messages):
            if number >= 0:
                time.sleep(PAUSE)
            began = time.perf_counter()
            for words in ("Hello", "told"):
                database.execute("INSERT INTO bare (words) VALUES (%s)", [words])
            database.commit()
            if number >= 0:
                times.append(time.perf_counter() - began)
        return times


def _make_world() -> Widget:
    from livechat.channels import create_chat_channel  # noqa: PLC0415
    from livechat.doors import door_for, write_pass  # noqa: PLC0415
    from people.models import Agent, Role  # noqa: PLC0415

    Agent.objects.create(email="olena@chat.example", name="Olena", role=Role.ADMIN)
    connection, _secret = create_chat_channel(name="Bench", settings={"origins": [SHOP], "color": "#1f57d6"})
    return Widget(connection.key, write_pass(door_for(connection.key, SHOP)))


def _begin(widget: Widget, visitors: Sequence[Visitor]) -> None:
    """Each has written once and been answered by nobody: a ticket each."""
    from django.utils import timezone  # noqa: PLC0415

    from livechat.doors import door_for  # noqa: PLC0415
    from livechat.talk import say  # noqa: PLC0415
    from livechat.visitors import digest_of, visitor_begins  # noqa: PLC0415

    door = door_for(widget.key, SHOP)
    for visitor in visitors:
        made = visitor_begins(door, digest_of(visitor.secret), language="en")
        say(door, made, client_id=uuid4(), text="Hello", at=timezone.now())


async def _round_trips(port: int, said_at: str, heard_at: str, count: int) -> list[float]:
    """Times from saying at one address to hearing at another, one after the other."""
    base = f"ws://localhost:{port}/"
    async with connect(base + heard_at, compression=None) as hearing:
        saying = hearing if said_at == heard_at else await connect(base + said_at, compression=None)
        times = []
        for number in range(-5, count):
            if number >= 0:
                await asyncio.sleep(PAUSE)  # as far apart as the chat's messages: what rests is slower to begin
            began = time.perf_counter()
            await saying.send(str(number))
            while await hearing.recv() != str(number):
                pass
            if number >= 0:  # the first few pay for what later ones find ready
                times.append(time.perf_counter() - began)
        if saying is not hearing:
            await saying.close()
        return times


async def _talk(served: Served, widget: Widget, visitors: Sequence[Visitor], count: int, desk: Desk) -> list[float]:
    """Every visitor holds their line; they write one after the other while an agent looks at the list."""
    async with open_lines(served.port, widget, visitors):
        return await asyncio.to_thread(_write_all, served, widget, visitors, count, desk)


def _write_all(served: Served, widget: Widget, visitors: Sequence[Visitor], count: int, desk: Desk) -> list[float]:
    link = http.client.HTTPConnection("localhost", served.port, timeout=60)
    times = []
    for number in range(-5, count):
        _forget_limits()
        time.sleep(PAUSE)
        visitor, text = visitors[number % len(visitors)], f"Message {uuid4().hex}"
        body = json.dumps({"client": str(uuid4()), "text": text})
        began = time.perf_counter()
        link.request("POST", f"/widget/{widget.key}/message/", body, widget.headers(served.port, visitor))
        _hear(desk, text)
        if number >= 0:
            times.append(time.perf_counter() - began)
        answer = link.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    link.close()
    return times


def _hear(desk: Desk, text: str) -> None:
    """Until the row with these words has come."""
    while True:
        message = json.loads(desk.recv(timeout=60))
        if any(text in frame.get("html", "") for frame in message["frames"]):
            return


def _forget_limits() -> None:
    """One visitor of one chat may not write a hundred messages a minute; the bench does."""
    from events.doorbell import probe_client  # noqa: PLC0415

    client = probe_client()
    for key in client.scan_iter("chat:*", count=1000):
        client.delete(key)


@contextlib.asynccontextmanager
async def open_lines(port: int, widget: Widget, visitors: Sequence[Visitor]) -> AsyncIterator[list[ClientConnection]]:
    """A line each, having said hello; a few at a time, as they come in life."""
    gate = asyncio.Semaphore(20)

    async def dial(visitor: Visitor) -> ClientConnection:
        offered = [
            "helpdesk.chat.v1", f"key.{widget.key}", f"pass.{widget.shown.replace(':', '~')}",
            f"secret.{visitor.secret}",
        ]  # fmt: skip
        async with gate:
            line = await connect(
                f"ws://localhost:{port}/ws/chat/", origin=Origin(f"http://localhost:{port}"),
                subprotocols=[Subprotocol(one) for one in offered],
                additional_headers={"X-Forwarded-For": visitor.address}, compression="deflate", ping_interval=None,
                proxy=None, open_timeout=120, max_queue=4,
            )  # fmt: skip
            assert json.loads(await line.recv())["kind"] == "hello"
            return line

    lines = await asyncio.gather(*map(dial, visitors))
    try:
        yield lines
    finally:
        await asyncio.gather(*(line.close() for line in lines))


async def _weigh(served: Served, widget: Widget, count: int, *, watched: float) -> float:
    """KiB of the web process for each of so many idle widgets, and that all of them are still there after a while."""
    async with open_lines(served.port, widget, [Visitor("w" * 43, "10.2.0.1")]):
        await asyncio.sleep(min(3, watched))
        before = memory_of(served.pid)
        visitors = [
            Visitor(f"i{number:042}", f"10.{3 + number // 40_000}.{number // 100}.1") for number in range(count)
        ]
        began = time.monotonic()
        async with open_lines(served.port, widget, visitors) as lines:
            took = time.monotonic() - began
            await asyncio.sleep(min(5, watched))
            each = (memory_of(served.pid) - before) / count / KIB
            await _beat_all(lines, rounds=1)  # what each says first is looked at, as when a page is opened
            spent = served.cpu()
            pongs = await _beat_all(lines, rounds=max(1, round(watched / _spread(count))))
            spent = served.cpu() - spent
            held = sum(line.state.name == "OPEN" for line in lines)
    assert held == count, f"{count - held} of {count} idle widgets were lost"
    assert max(pongs) < PATIENCE, f"a widget gives up after {PATIENCE} s without a pong; one took {max(pongs):.1f} s"
    show(f"Chat: {count} idle widgets on one process, a beat each every {_spread(count):.1f} s",
         ("", "KiB each", "all came in, s", "CPU s", "beats", "pong p50, ms", "pong p99, ms"),
         [("widgets", each, took, spent, len(pongs), _p(pongs, 50), _p(pongs, 99))],
         f"Goal: {GOAL_KIB} KiB. Browsers offer compression; it is declined. A widget gives up after {PATIENCE:.0f} s.",
         )  # fmt: skip
    return each


def _spread(count: int) -> float:
    """Seconds between two beats of one: a few lines beat nearly as often together as 5,000."""
    return min(BEAT, max(0.5, count / BEATS_A_SECOND))


async def _beat_all(lines: Sequence[ClientConnection], *, rounds: int) -> list[float]:
    """Each line says so many times that it is still there, as a widget does, spread over the time between; seconds
    until each pong."""
    spread = _spread(len(lines))
    texts = [json.dumps({"kind": "here", "page": {"url": f"{SHOP}/boots"}})] * rounds

    async def beat(line: ClientConnection, number: int) -> list[float]:
        times = []
        await asyncio.sleep(spread * number / len(lines))
        for text in texts:
            began = time.perf_counter()
            await line.send(text)
            while json.loads(await line.recv())["kind"] != "pong":
                pass
            times.append(time.perf_counter() - began)
            await asyncio.sleep(max(0.0, spread - times[-1]))
        return times

    found = await asyncio.gather(*(beat(line, number) for number, line in enumerate(lines)))
    return [each for times in found for each in times]


def _p(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1] * 1000


def _row(name: str, times: Sequence[float], echo: Sequence[float], group: Sequence[float]) -> list[object]:
    p50, p99 = _p(times, 50), _p(times, 99)
    return [
        name, p50, p99, ratio(p50, _p(echo, 50)), ratio(p99, _p(echo, 99)), ratio(p50, _p(group, 50)),
        ratio(p99, _p(group, 99)),
    ]  # fmt: skip
