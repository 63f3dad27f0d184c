"""Everything a browser was told, for tests of what somebody must not hear: bodies of answers, frames of sockets, and what
stands in pages, frames and storage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page, Request, WebSocket

_STANDING = """() => {
  const kept = (name) => { try { return JSON.stringify(window[name]); } catch { return ''; } };
  return [document.documentElement.outerHTML, document.body?.innerText, kept('localStorage'), kept('sessionStorage')].join('\\n');
}"""
# With whatever pass and secret the frame has, as any script in it could: [status, body].
_ASK = """async ([what, said, secret, query]) => {
  const {key, pass} = JSON.parse(document.getElementById('settings').textContent);
  const own = Object.entries(localStorage).find(([name]) => name.endsWith(':secret'))?.[1];
  const answer = await fetch(`/widget/${key}/${what}/${query}`, {method: 'POST', body: JSON.stringify(said), credentials: 'include',
    headers: {'X-Chat-Pass': pass, Authorization: `Bearer ${secret || own}`, 'Content-Type': 'application/json'}});
  return [answer.status, await answer.text()];
}"""
# A socket of the test's own, that stays open in the frame; its first word, or "closed".
_DIAL = """([query, protocols]) => new Promise((done) => {
  const {key, pass} = JSON.parse(document.getElementById('settings').textContent);
  const own = Object.entries(localStorage).find(([name]) => name.endsWith(':secret'))?.[1];
  const offered = (protocols || ['secret.' + own]).concat('helpdesk.chat.v1', 'key.' + key, 'pass.' + pass.replaceAll(':', '~'));
  const address = new URL('/ws/chat/' + query, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const line = new WebSocket(address, offered);
  (globalThis.lines ??= []).push(line);
  line.onmessage = ({data}) => done(data);
  line.onclose = () => done('closed');
})"""


class Overheard:
    """What the pages of one browser were told so far."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.bodies: list[str] = []
        self.frames: list[str] = []
        self.lines: list[str] = []
        context.on("requestfinished", self._answered)
        context.on("page", lambda page: page.on("websocket", self._dialled))

    def _answered(self, request: Request) -> None:
        # A page that is left takes the answers it did not read along.
        with contextlib.suppress(Error):
            if answer := request.response():
                self.bodies.append(f"{request.url}\n{answer.body().decode('utf-8', 'replace')}")

    def _dialled(self, line: WebSocket) -> None:
        self.lines.append(line.url)
        line.on("framereceived", lambda said: self.frames.append(str(said)))

    def standing(self) -> str:
        """What pages and frames hold now, shown or not."""
        held = []
        for page in self.context.pages:
            for frame in page.frames:
                # One that was refused has no document of ours.
                with contextlib.suppress(Error):
                    held.append(str(frame.evaluate(_STANDING)))
        return "\n".join(held)

    def forget(self) -> None:
        """From here on it listens anew."""
        for said in (self.bodies, self.frames, self.lines):
            said.clear()

    def everything(self) -> str:
        return "\n".join([*self.bodies, *self.frames, self.standing()])


@contextlib.contextmanager
def street(chromium: Browser, **options: Any) -> Iterator[tuple[Page, Overheard]]:
    """A page in a browser profile of its own, which may complain of refusals."""
    context = chromium.new_context(**options)
    heard = Overheard(context)
    try:
        yield context.new_page(), heard
    finally:
        context.close()


def ask_in(frame: Frame, what: str, *, secret: str = "", query: str = "", **said: Any) -> tuple[int, str]:
    """What the helpdesk answers this frame."""
    status, body = frame.evaluate(_ASK, [what, said, secret, query])
    return int(status), str(body)


def put_secret(frame: Frame, secret: str) -> None:
    """Into the storage of the widget's frame, in place of what this browser made itself."""
    name = frame.evaluate("Object.keys(localStorage).find((name) => name.endsWith(':secret'))")
    frame.evaluate("([name, secret]) => localStorage.setItem(name, secret)", [name, secret])


def dial_in(frame: Frame, *, query: str = "", offered: list[str] | None = None) -> str:
    """The first word on a socket of this frame."""
    return str(frame.evaluate(_DIAL, [query, offered]))
