"""One receiver a process: hears announcements, reads what they are about, tells each socket what its agent may see.

It keeps nothing that matters. Whatever it misses (Redis gone, a fault, a flood) ends in a `resync` frame, upon which
browsers fetch what they show. Its work is bounded: a ticket is told of four times a second at most, however often it
changes; all tickets that changed meanwhile share one reading; and between readings it rests twice as long as they took.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from people.desks import note_desks

from .admission import living_sessions
from .frames import Audience, Change, Composer, counts_now, encode, still_seen
from .lean import WorkThread
from .listener import Listener
from .onlookers import Onlookers
from .sight import Standing, standings
from .socket import Goodbye, Socket

logger = logging.getLogger(__name__)
T = TypeVar("T")

TICKET_PAUSE = 0.25
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
COUNTS_PAUSE = 1.0
WATCH_PAUSE = 4.0
FLOOD = 1000
FAULT_PAUSE = 1.0
IDLE_SECONDS = 30.0
OLDEST_SOCKET = 12 * 3600.0
JOIN_PATIENCE = 2.0
HEARTBEAT_SECONDS = 25

# How often browsers had to fetch everything anew, by reason: pushes that were lost on the way show here.
resyncs: Counter[str] = Counter()
_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def running_hub() -> Hub:
    """The hub of this event loop; a process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def open_sockets() -> int:
    """Tabs of agents this process serves."""
    return sum(map(len, _hubs.values()))


class Hub:
    def __init__(self) -> None:
        self._sockets: set[Socket] = set()
        self._pending: dict[int, Change] = {}
        self._told_at: dict[int, float] = {}
        self._pinged_at: dict[int, float] = {}
        self._news, self._recount, self._recheck = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._listener = Listener(on_message=self._hear, on_gap=self._missed)
        self.onlookers = Onlookers(self._sockets, self.run)
        self._thread = WorkThread("live")
        self._running: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    # Sockets come and go

    async def join(self, socket: Socket) -> None:
        """From here on the socket is told. `hello` comes once announcements are heard, so whatever the browser
        fetches after it misses nothing."""
        self._sockets.add(socket)
        self._start()
        with contextlib.suppress(TimeoutError):  # without Redis it works too: by what the browser asks for itself
            await asyncio.wait_for(self._listener.ready.wait(), JOIN_PATIENCE)
        socket.push(encode("hello", heartbeat=HEARTBEAT_SECONDS))
        self._recount.set()

    def leave(self, socket: Socket) -> None:
        socket.left()
        self._sockets.discard(socket)
        self.onlookers.leave(socket)
        if not self._sockets:
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._stop_if_idle)

    def resync(self, reason: str) -> None:
        """Have every browser fetch what it shows."""
        resyncs[reason] += 1
        self._pending.clear()
        frame = encode("resync", reason=reason)
        for socket in self._sockets:
            socket.push(frame)
        self._recount.set()

    def _missed(self) -> None:
        self.resync("gap")
        self.onlookers.missed()

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do blocking work in the hub's one lasting thread, with its lasting database connection."""
        return await self._thread.run(work, *args)

    # What is announced

    def _hear(self, payload: bytes) -> None:
        message = json.loads(payload)
        for ticket_id, kind, event_id, before in message.get("changes", ()):
            change = self._pending.setdefault(ticket_id, Change())
            change.event = max(change.event, event_id)
            change.kinds.add(kind)
            if before:
                change.before.add((before[0], before[1]))
            # What came before an earlier word to its tabs they have fetched with it.
            change.told = not change.before and self._tell_at_once(ticket_id, kind, event_id)
        for agent_id, frame in message.get("to_agents", ()):
            self._push_to_agent(agent_id, json.dumps(frame, ensure_ascii=False))
        for ticket_id, frame in message.get("to_tickets", ()):
            self._push_to_ticket(ticket_id, json.dumps(frame, ensure_ascii=False))
        self.onlookers.hear(message)
        if message.get("agents"):
            self._recheck.set()
        if message.get("lost") or len(self._pending) > FLOOD:
            self.resync("lost" if message.get("lost") else "flood")
        if self._pending:
            self._news.set()

    def _tell_at_once(self, ticket_id: int, kind: str, event_id: int) -> bool:
        """Have tabs that have the ticket open fetch what is new, before anything is read here: the frame says no more
        than that, and they fetch with their own rights. As often as a ticket may be told of, and never when the change
        may have taken it out of somebody's sight; then the reading decides."""
        now = time.monotonic()
        if now - self._pinged_at.get(ticket_id, 0.0) < TICKET_PAUSE:
            return False
        if len(self._pinged_at) > FLOOD:
            self._pinged_at.clear()
        self._pinged_at[ticket_id] = now
        self._push_to_ticket(ticket_id, encode(Change(kinds={kind}).frame_kind, ticket=ticket_id, event=event_id))
        return True

    def _push_to_agent(self, agent_id: int, frame: str) -> None:
        for socket in self._sockets:
            if socket.sight.agent_id == agent_id:
                socket.push(frame)

    def _push_to_ticket(self, ticket_id: int, frame: str) -> None:
        """To every tab that shows the ticket, which it may only while its agent sees it."""
        for socket in self._sockets:
            if socket.ticket == ticket_id or ticket_id in socket.beside:
                socket.push(frame)

    # Six lasting jobs

    def _start(self) -> None:
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._live())

    def _stop_if_idle(self) -> None:
        if not self._sockets and self._running:
            self._running.cancel()
            self._running = None

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as jobs:
                lookers = self.onlookers
                for job in (self._listener.listen, self._tell, self._count, self._watch, lookers.show, lookers.renew):
                    jobs.create_task(self._keep(job))
        finally:
            self._thread.stop()

    async def _keep(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job for ever; a fault (a database restarting) costs a pause and a resync, never the hub."""
        while True:
            try:
                await job()
            except Exception:  # whatever it is, browsers must not be left without updates
                logger.exception("live updates stumbled", extra={"job": job.__name__})
                await asyncio.sleep(FAULT_PAUSE)
                if job == self._tell:
                    self.resync("fault")

    async def _tell(self) -> None:
        wait: float | None = None
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait)
            self._news.clear()
            due, wait = self._take_due(time.monotonic())
            if due:
                started = time.monotonic()
                await self._tell_of(due)
                took = time.monotonic() - started
                await asyncio.sleep(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, 2 * took)))
                wait = 0 if self._pending else None

    def _take_due(self, now: float) -> tuple[dict[int, Change], float | None]:
        """Changes of tickets not told of just now, and how long until the others are due."""
        told = {id: at for id, at in self._told_at.items() if now - at < TICKET_PAUSE}
        due = {id: change for id, change in self._pending.items() if id not in told}
        self._pending = {id: change for id, change in self._pending.items() if id in told}
        self._told_at = told | dict.fromkeys(due, now)
        wait = min((told[id] + TICKET_PAUSE - now for id in self._pending), default=None)
        return due, wait

    async def _tell_of(self, due: dict[int, Change]) -> None:
        audiences: defaultdict[Audience, list[Socket]] = defaultdict(list)
        for socket in self._sockets:
            shown = Audience(socket.sight.agent_id, socket.view_key, socket.ticket, socket.wall, socket.beside)
            audiences[shown].append(socket)
        if not audiences:
            return
        views = {audience: sockets[0].view for audience, sockets in audiences.items()}
        standing, texts, hidden = await self.run(_compose, due, views)
        for audience, sockets in audiences.items():
            for socket in sockets:
                self._tell_socket(socket, audience, texts.get(audience, ""), standing.get(audience.agent_id))
                socket.forget(hidden.get(audience.agent_id, ()))
        self._recount.set()

    def _tell_socket(self, socket: Socket, audience: Audience, text: str, standing: Standing | None) -> None:
        if not self._still_welcome(socket, standing):
            return
        if (socket.view_key, socket.ticket) != (audience.view_key, audience.ticket):
            # It turned to something else while we read; what we read may not fit what it fetched meanwhile.
            socket.push(encode("resync", reason="view"))
        elif text:
            socket.push(text)

    async def _count(self) -> None:
        while True:
            await self._recount.wait()
            self._recount.clear()
            if self._sockets:
                counts = await self.run(counts_now, {socket.sight.agent_id for socket in self._sockets})
                for socket in self._sockets:
                    new = counts.get(socket.sight.agent_id)
                    if new is not None and new != socket.counts:
                        socket.counts = new
                        socket.push(encode("counts", counts=new))
            await asyncio.sleep(COUNTS_PAUSE)

    async def _watch(self) -> None:
        """Close the sockets of whoever was deactivated, signed out or stays too long; take over changed teams."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._recheck.wait(), WATCH_PAUSE)
            self._recheck.clear()
            if not self._sockets:
                continue
            sockets = list(self._sockets)
            agents = await self.run(standings, {socket.sight.agent_id for socket in sockets})
            await self.run(note_desks, set(agents))
            sessions = await self.run(living_sessions, {socket.session_key for socket in sockets})
            now = time.monotonic()
            for socket in sockets:
                if socket.session_key not in sessions:
                    socket.close(Goodbye.SIGNED_OUT)
                elif now - socket.joined_at > OLDEST_SOCKET:
                    socket.close(Goodbye.TOO_OLD)
                else:
                    self._still_welcome(socket, agents.get(socket.sight.agent_id))
            await self._look_again(sockets)

    async def _look_again(self, sockets: Collection[Socket]) -> None:
        """Forget what their agents no longer see. A page turns away when it is told; this is for one that does not."""
        shown: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
        asked = {socket: socket.shown for socket in sockets if socket.shown}
        for socket, tickets in asked.items():
            shown[socket.sight.agent_id] |= tickets
        seen = await self.run(still_seen, dict(shown)) if shown else {}
        for socket, tickets in asked.items():
            socket.forget(tickets - seen[socket.sight.agent_id])

    def _still_welcome(self, socket: Socket, standing: Standing | None) -> bool:
        """Take over the agent's present sight; False, and goodbye, when they may no longer be here."""
        if standing is None or standing.session_mark != socket.session_mark:
            socket.close(Goodbye.SIGNED_OUT)
            return False
        if socket.sight.scope != standing.sight.scope:
            # What they may see grew or shrank: the list on the screen is no longer theirs.
            socket.push(encode("resync", reason="scope"))
            self.onlookers.introduce(socket)
        socket.sight = standing.sight
        return True


def _compose(
    changes: dict[int, Change], views: dict[Audience, Any]
) -> tuple[dict[int, Standing], dict[Audience, str], dict[int, frozenset[int]]]:
    """Who everybody is now, what each audience is told, and which of the changed tickets each agent does not see."""
    composer = Composer(changes, {audience.agent_id for audience in views})
    texts: dict[Audience, str] = {}
    for audience, view in views.items():
        standing = composer.standings.get(audience.agent_id)
        if standing:
            frames = (
                composer.row_frames(standing.sight, view),
                *(composer.ticket_frame(standing.sight, one) for one in audience.tickets),
                composer.wall_frame(standing.sight) if audience.wall else "",
            )
            texts[audience] = ",".join(filter(None, frames))
    hidden = {id: composer.hidden(standing.sight) for id, standing in composer.standings.items()}
    return composer.standings, texts, hidden
