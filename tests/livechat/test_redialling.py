"""How a widget's line comes back, by the script that ships, in a real browser: pauses that grow to a limit, and visitors
who do not all come at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

LINE = Path(settings.BASE_DIR) / "assets" / "widget" / "line.js"
VISITORS = 200
LONGEST_MS = 60_000
SPREAD_MS = 5_000

# Lines whose sockets are made of nothing and whose clock is ours: the pauses they choose, one list a line.
PAUSES = """async ([lines, failures]) => {
  const { makeLine } = await import('/line.js');
  let dialled = null;
  globalThis.WebSocket = class extends EventTarget { static OPEN = 1; constructor() { super(); dialled = this; } close() {} };
  let waiting = [];
  globalThis.setTimeout = (act, delay) => waiting.push({act, delay});
  globalThis.clearTimeout = (number) => number && (waiting[number - 1] = {});
  const one = () => {
    waiting = [];
    const line = makeLine({settings: {key: 'k', pass: 'p'}, secret: () => 's', page: () => ({}), isOpen: () => false, onNews() {}, onTyping() {}});
    line.connect();
    const pauses = [];
    for (let n = 0; n < failures; n += 1) {
      const before = dialled;
      dialled.dispatchEvent(new CloseEvent('close', {code: 1006}));
      const redial = waiting.filter(({act}) => act).find(({act}) => { act(); return dialled !== before; });
      pauses.push(redial.delay);
    }
    return pauses;
  };
  return Array.from({length: lines}, one);
}"""
# As many visitors as there are; each says where it is as soon as it is let in, as the widget does.
CROWD = """async (lines) => {
  const { makeLine } = await import('/line.js');
  globalThis.dialled = [];
  globalThis.WebSocket = class extends WebSocket { constructor(...how) { super(...how); dialled.push(Date.now()); } };
  for (let n = 0; n < lines; n += 1)
    makeLine({settings: {key: 'k', pass: 'p'}, secret: () => `s${n}`, page: () => ({}), isOpen: () => false, onNews() {}, onTyping() {}}).connect();
}"""


class Server:
    """It lets everybody in, and loses them all at once."""

    def __init__(self) -> None:
        self.url = ""
        self.held: list[ServerConnection] = []

    def page(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/ws/chat/":
            return None
        script = request.path == "/line.js"
        kind = "text/javascript" if script else "text/html"
        headers = Headers({"Content-Type": kind})
        return Response(
            HTTPStatus.OK, "OK", headers, LINE.read_bytes() if script else b"<!doctype html><title>Crowd</title>"
        )

    def serve(self, connection: ServerConnection) -> None:
        self.held.append(connection)
        connection.send('{"kind": "hello"}')
        for _said in connection:
            connection.send('{"kind": "pong"}')

    def close_all(self) -> None:
        """As a restart does: every line at once, without a word."""
        held, self.held = self.held, []
        for connection in held:
            connection.socket.shutdown(SHUT_RDWR)


@pytest.fixture
def server() -> Iterator[Server]:
    here = Server()
    spoken = [Subprotocol("helpdesk.chat.v1")]
    with serve(here.serve, "127.0.0.1", 0, process_request=here.page, subprotocols=spoken, compression=None) as running:
        here.url = f"http://127.0.0.1:{running.socket.getsockname()[1]}/"
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield here
        running.shutdown()
        thread.join()


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.url)
    yield page
    context.close()


def test_pauses_grow_are_bounded_and_differ(page: Page) -> None:
    pauses: list[list[float]] = page.evaluate(PAUSES, [VISITORS, 10])
    rounds = list(zip(*pauses, strict=True))
    longest = [max(each) for each in rounds]
    wanted = [SPREAD_MS, SPREAD_MS, SPREAD_MS, 8_000, 16_000, 32_000, *[LONGEST_MS] * 4]
    for most, bound, each in zip(longest, wanted, rounds, strict=True):
        assert 0.9 * bound < most <= bound
        # Alike for nobody, and over all of the time there is: no tenth of it has more than a quarter of them.
        assert len(set(each)) > 0.95 * VISITORS
        assert max(sum(int(10 * pause / bound) == tenth for pause in each) for tenth in range(10)) < VISITORS / 4


def test_two_hundred_that_a_server_lost_at_once_do_not_come_back_at_once(page: Page, server: Server) -> None:
    page.evaluate(CROWD, VISITORS)
    until(page, lambda: len(server.held) == VISITORS)
    page.wait_for_timeout(500)
    closed = time.time() * 1000
    server.close_all()
    until(page, lambda: len(server.held) == VISITORS)
    # When they dialled: a browser opens one line after the other, however many are asked for.
    dialled = sorted(page.evaluate("dialled"))[VISITORS:]
    assert len(dialled) == VISITORS
    # Evenly it were four in a tenth of a second.
    busiest = max(sum(begin <= moment < begin + 100 for moment in dialled) for begin in dialled)
    assert busiest <= VISITORS / 10, f"{busiest} in 100 ms"
    assert dialled[-1] - closed > 0.7 * SPREAD_MS and dialled[VISITORS // 2] - closed > 0.2 * SPREAD_MS


def until(page: Page, true: Any) -> None:
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(50)
    assert true()
