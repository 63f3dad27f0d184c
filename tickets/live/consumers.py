"""`/ws/agent/`: one socket a tab. It says what it shows and is told what changes there; it writes nothing."""

from __future__ import annotations

import time
from typing import Any

from channels.exceptions import StopConsumer

from people.desks import note_desks

from .admission import PROTOCOL, admit
from .frames import encode, look, seen_among
from .hub import Hub, running_hub
from .lean import LeanConsumer, read_object
from .presence import State
from .socket import Goodbye, Socket

LONGEST_KEY = 64
LARGEST_ID = 2**63 - 1
MOST_BESIDE = 30


class AgentConsumer(LeanConsumer):
    burst, per_second = 60, 5.0
    hub: Hub
    socket: Socket | None = None

    def begun(self) -> None:
        self.hub = running_hub()

    def ended(self) -> None:
        if self.socket:
            self.hub.leave(self.socket)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        admission = await self.hub.run(admit, self.scope)
        if admission is None:
            await self.close()
            return
        # The handshake's headers are of no more use and would be kept as long as the socket.
        self.scope = {}
        await self.accept(subprotocol=PROTOCOL)
        standing = admission.standing
        self.socket = Socket(
            self.base_send, standing.sight, admission.session_key, standing.session_mark, joined_at=time.monotonic()
        )
        await self.hub.join(self.socket)
        await self.hub.run(note_desks, {standing.sight.agent_id})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        socket, text = self.socket, message.get("text")
        if socket is None or socket.gone:
            return
        if not self.affords_one():
            socket.close(Goodbye.TOO_MUCH)
            return
        said = _read(text)
        socket.heard_at = time.monotonic()
        if said is None:
            socket.close(Goodbye.MALFORMED)
        elif said["type"] == "ping":
            socket.push(encode("pong"))
        elif said["type"] == "view":
            await self._turn_to(socket, said)
        elif said["type"] == "beside":
            await self._beside(socket, said.get("tickets"))
        elif said["type"] == "wall":
            socket.wall = True
        elif said["type"] == "here":
            await self._doing(socket, said.get("state"))

    async def _turn_to(self, socket: Socket, said: dict[str, Any]) -> None:
        """Remember what the browser shows, as far as its agent may see it. A view left out means: tell of all."""
        view_key, ticket = said.get("view", ""), said.get("ticket")
        if not _is_key(view_key) or not _is_id(ticket):
            socket.close(Goodbye.MALFORMED)
            return
        seen = await self.hub.run(look, socket.sight.agent_id, view_key, ticket)
        if socket.view_key is None and socket.ticket is None:
            self.hub.onlookers.introduce(socket)
        if socket.state is State.TYPING:
            socket.state = State.HERE
        socket.view_key, socket.view, socket.ticket = view_key, seen.view, seen.ticket
        await self.hub.onlookers.place(socket)
        socket.push(encode("viewing", ticket=seen.ticket, sequence=seen.sequence, event_sequence=seen.event_sequence))

    async def _beside(self, socket: Socket, tickets: Any) -> None:
        """Remember what the page shows besides the open ticket, as far as its agent may see it."""
        if not isinstance(tickets, list) or len(tickets) > MOST_BESIDE or not all(map(_is_number, tickets)):
            socket.close(Goodbye.MALFORMED)
            return
        socket.beside = await self.hub.run(seen_among, socket.sight.agent_id, tickets)

    async def _doing(self, socket: Socket, state: Any) -> None:
        """Remember what the agent does in this tab, and tell it."""
        known = {one.value: one for one in State}
        if not isinstance(state, str) or state not in known:
            socket.close(Goodbye.MALFORMED)
            return
        socket.state = known[state]
        await self.hub.onlookers.place(socket)


def _read(text: str | None) -> dict[str, Any] | None:
    """The message, or None when it is not one of ours."""
    said = read_object(text)
    return said if said is not None and isinstance(said.get("type"), str) else None


def _is_key(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST_KEY)


def _is_id(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_ID
