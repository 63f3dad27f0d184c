"""Shows agents who else is at a ticket: hears where all tabs are, tells the tabs of this process what changed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from .presence import (
    RENEW_SECONDS,
    People,
    Place,
    Presence,
    State,
    heard_places,
    renew_places,
    shown_people,
    stored_places,
    tell_places,
)
from .socket import Socket

Run = Callable[..., Awaitable[Any]]

PAUSE = 0.3
SHORTEST_WAIT = 0.05
SILENT_SECONDS = 75.0


class Onlookers:
    """One a hub. `sockets` is the hub's own set, `run` its way to do blocking work."""

    def __init__(self, sockets: Collection[Socket], run: Run) -> None:
        self._sockets, self._run = sockets, run
        self._presence = Presence()
        self._newcomers: set[Socket] = set()
        self._moved = asyncio.Event()
        self._gap = True
        self._leaving: set[asyncio.Task[None]] = set()

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what was published."""
        now = time.monotonic()
        if said := message.get("places"):
            self._presence.take(heard_places(said), at=now)
            self._moved.set()
        if tabs := message.get("still_there"):
            self._presence.renew(tabs, at=now)

    def missed(self) -> None:
        """Something may have been published while nobody heard: read where everybody is."""
        self._gap = True
        self._moved.set()

    def introduce(self, socket: Socket) -> None:
        """Tell this one soon of everybody, whatever it was told before."""
        self._newcomers.add(socket)
        self._moved.set()

    async def place(self, socket: Socket) -> None:
        """Say where this tab is now, if that is news."""
        place = place_of(socket)
        if place != socket.told_place or place.state is State.TYPING:
            known, socket.told_place = socket.told_place, place
            if place.seen_at is not None or (known and known.seen_at is not None):
                await self._run(tell_places, [place])

    def leave(self, socket: Socket) -> None:
        """The tab is closed; never waits."""
        self._newcomers.discard(socket)
        known = socket.told_place
        if known is None or known.seen_at is None:
            return
        socket.told_place = gone = Place(known.tab, known.agent, None, State.AWAY)
        task = asyncio.get_running_loop().create_task(self._tell_gone(gone))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _tell_gone(self, gone: Place) -> None:
        await self._run(tell_places, [gone])

    async def show(self) -> None:
        """Lasting job: tell each tab what changed, a few times a second at most."""
        while True:
            wait = self._presence.next_end(at=time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), None if wait is None else max(wait, SHORTEST_WAIT))
            self._moved.clear()
            if self._gap:
                self._gap = False
                self._presence.forget()
                self._presence.take(await self._run(stored_places), at=time.monotonic())
            newcomers, self._newcomers = self._newcomers, set()
            try:
                await self._tell_all(newcomers)
            except Exception:
                self._newcomers |= set(self._sockets)  # what was to be told is counted as told: start with all anew
                self._moved.set()
                raise
            await asyncio.sleep(PAUSE)

    async def _tell_all(self, newcomers: set[Socket]) -> None:
        now = time.monotonic()
        await self._tell(self._presence.differences(at=now), set(self._sockets) - newcomers, whole=False)
        await self._tell(self._presence.everywhere(at=now), newcomers, whole=True)

    async def _tell(self, places: Mapping[int, People], sockets: Collection[Socket], *, whole: bool) -> None:
        looking = [one for one in sockets if one.view_key is not None or one.ticket is not None]
        if not looking or not (places or whole):
            return
        shown = await self._run(shown_people, places, {one.sight.agent_id for one in looking})
        frames = {agent: _frame(tickets, whole=whole) for agent, tickets in shown.items() if tickets or whole}
        for one in looking:
            if frame := frames.get(one.sight.agent_id):
                one.push(frame)

    async def renew(self) -> None:
        """Lasting job: keep the leases of those who are still heard from."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            now = time.monotonic()
            heard = [one for one in self._sockets if now - one.heard_at < SILENT_SECONDS]
            await self._run(renew_places, [one.told_place for one in heard if one.told_place])


def place_of(socket: Socket) -> Place:
    return Place(socket.tab, socket.sight.agent_id, socket.ticket, socket.state)


def _frame(tickets: Mapping[str, Any], *, whole: bool) -> str:
    facts = {"kind": "presence", "whole": whole, "tickets": tickets}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
