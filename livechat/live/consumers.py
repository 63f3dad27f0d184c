"""`/ws/chat/`: one socket a tab of a visitor. It is told that there is news; writing is done by POST.

No cookie counts here. The handshake must come from our own frame, show the frame's pass and the browser's secret;
both travel as subprotocols, the one header a script can set and nobody logs.
"""

from __future__ import annotations

import json
import time
from typing import Any

from channels.exceptions import StopConsumer

from events.rates import address_of
from livechat.asking import same_origin
from livechat.doors import Refused, door_by_pass
from livechat.limits import TooMuch, spend
from livechat.presence import clean_page, note_draft, visitor_here, visitor_left, visitor_still_here
from livechat.talk import tickets_of
from livechat.visitors import digest_of, visitor_of
from tickets.live.lean import LeanConsumer, read_object
from tickets.realtime import tell_ticket_tabs

from .hub import Line, VisitorHub, visitor_hub

PROTOCOL = "helpdesk.chat.v1"
RECHECK_SECONDS = 60.0


class VisitorConsumer(LeanConsumer):
    burst, per_second = 30, 2.0
    hub: VisitorHub
    line: Line | None = None

    def begun(self) -> None:
        self.hub = visitor_hub()

    def ended(self) -> None:
        if self.line:
            self.hub.leave(self.line)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        line = await self.hub.run(_admit, self.scope, self.base_send)
        self.scope = {}
        if line is None:
            await self.close()
            return
        await self.accept(subprotocol=PROTOCOL)
        self._checked_at, self._page_told = time.monotonic(), 0
        self.line = line
        self.hub.join(line)
        line.push("hello")

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        if self.line and self.line.thread and self.hub.alone(self.line):
            await self.hub.run(_left, self.line.thread, self.line.ticket)
        raise StopConsumer

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        line = self.line
        said = read_object(message.get("text"))
        if line is None or line.gone or said is None or not self.affords_one():
            await self.close(code=4400)
            return
        kind, page = said.get("kind"), said.get("page")
        if self._must_look(kind, page):
            standing = await self.hub.run(_look, line, page)
            if standing is None:
                await self.close(code=4403)
                return
            line.visitor_id, thread, tickets = standing
            # What was heard of while we looked may be newer than what we saw.
            known = line.tickets if thread == line.thread else ()
            line.thread = thread
            self.hub.turn_to(line, sorted({*tickets, *known}, reverse=True))
        elif kind == "here" and line.thread and (where := clean_page(page)):
            await self.hub.run(visitor_still_here, line.thread, where)
        if kind == "typing" and line.ticket:
            await self.hub.run(_typing, line, said.get("on") is not False, said.get("draft"))
        if kind == "here":
            line.push("pong")

    def _must_look(self, kind: object, page: object) -> bool:
        """Whether the database is asked who this is: when something may be new, and once a minute. A beat that says
        what the one before said is answered without: thousands of widgets beat three times a minute."""
        told = hash(json.dumps(page, sort_keys=True)) if kind == "here" else self._page_told
        due = time.monotonic() - self._checked_at > RECHECK_SECONDS
        if kind != "begun" and told == self._page_told and not due:
            return False
        self._checked_at, self._page_told = time.monotonic(), told
        return True


def _admit(scope: dict[str, Any], send: Any) -> Line | None:
    """The visitor's line behind a handshake, or None when it must be refused."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    offered = dict(part.split(".", 1) for part in scope.get("subprotocols", ()) if "." in part)
    key, shown, secret = offered.get("key", ""), offered.get("pass", ""), offered.get("secret", "")
    digest = digest_of(secret)
    address = address_of((scope.get("client") or ("",))[0], headers.get("x-forwarded-for", ""))
    if not digest or not same_origin(headers.get("origin", ""), headers.get("host", "")):
        return None
    try:
        spend("socket", address=address)
        door = door_by_pass(key, _unwrapped(shown))
    except (Refused, TooMuch):
        return None
    line = Line(send, key=key, shown=_unwrapped(shown), digest=digest)
    line.shows_drafts = door.settings.shows_drafts
    if visitor := visitor_of(door, digest):
        line.visitor_id, line.thread, line.tickets = visitor.pk, visitor.thread, tickets_of(visitor)
    return line


def _unwrapped(shown: str) -> str:
    """A pass holds colons, which a subprotocol may not."""
    return shown.replace("~", ":")


def _look(line: Line, page: object) -> tuple[int | None, str, tuple[int, ...]] | None:
    """Whom the line speaks for now; None when the channel, the origin or the key is no longer good."""
    try:
        door = door_by_pass(line.key, line.shown)
    except Refused:
        return None
    line.shows_drafts = door.settings.shows_drafts
    visitor = visitor_of(door, line.digest)
    if visitor is None:
        return None if line.visitor_id else (None, "", ())
    tickets = tickets_of(visitor)
    ticket = tickets[0] if tickets else None
    if where := clean_page(page):
        came = line.thread == "" or line.ticket != ticket
        visitor_here(visitor.thread, where)
        if ticket and came:
            tell_ticket_tabs(ticket, "panel")
    return visitor.pk, visitor.thread, tickets


def _left(thread: str, ticket: int | None) -> None:
    visitor_left(thread)
    if ticket:
        tell_ticket_tabs(ticket, "panel")


def _typing(line: Line, on: bool, draft: object) -> None:
    """Agents are told that there is something to look at; the words themselves they fetch with their own rights."""
    if line.ticket is None:
        return
    if line.shows_drafts and isinstance(draft, str):
        note_draft(line.thread, draft.replace("\x00", ""))
    tell_ticket_tabs(line.ticket, "panel", typing=on)
