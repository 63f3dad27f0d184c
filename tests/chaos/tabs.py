"""What a browser's scripts do (assets/js/live.js, assets/widget/line.js), without the browser: a socket that is dialled again
whenever it ends or falls silent, and after each hello everything since the last known place is asked for.

An agent's tab and a visitor's widget talk in turns: each line is written when the other's was seen. So a line that is lost on
either side ends the talk, and one that is doubled shows.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, Protocol
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.chaos.balancer import Answer

HEARTBEAT, PATIENCE = 2.0, 3.0  # a browser's are 25 and 10
WORDS = re.compile(r"\b(?:line|answer) \w+ \d+ end\b")
_ROW = re.compile(r'<li class="row"[^>]* data-ticket="(\d+)"[^>]* data-seq="(\d+)"')
_MESSAGE = re.compile(r'<li class="msg\b')
_PLACE = re.compile(r'[^>]* id="msg-(\d+)" data-sequence="(\d+)"')


class Way(Protocol):
    """Where sockets and questions go."""

    def port(self) -> int: ...
    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer: ...


class Tab(threading.Thread, ABC):
    """`failures` is every answer that was no yes; where the way is `lossy`, what got no answer is asked again."""

    def __init__(self, name: str, sockets: Way, pages: Way, *, lossy: bool) -> None:
        super().__init__(name=name, daemon=True)
        self.sockets, self.pages, self.lossy = sockets, pages, lossy
        self.over, self.quiet = threading.Event(), threading.Event()
        self.failures: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.hellos = 0
        self.shown: list[tuple[int, str]] = []  # (place, words) in the order they came
        self.error: BaseException | None = None

    @property
    def words(self) -> list[str]:
        return [words for _place, words in self.shown]

    def __repr__(self) -> str:
        state = f"{self.hellos} hellos, ended {dict(self.ends)}, failed {dict(self.failures)}, {self.error!r}"
        return f"<{type(self).__name__} {self.name}: {self.words[-2:]} of {len(self.shown)}, {state}>"

    def run(self) -> None:
        try:
            while not self.over.is_set():
                port = self.sockets.port()
                try:
                    with self._dial(port) as socket:
                        self._listen(socket)
                except (OSError, WebSocketException) as error:
                    goodbye = getattr(error, "rcvd", None)
                    self.ends[str(goodbye.code) if goodbye else type(error).__name__] += 1
                self.over.wait(random.uniform(0.1, 0.5))
        except BaseException as error:
            self.error = error
            raise

    def _listen(self, socket: ClientConnection) -> None:
        """Until it ends; between what is heard there is time to write."""
        self.begin(socket)
        heard = asked = time.monotonic()
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                said = json.loads(socket.recv(timeout=0.1))
                heard = time.monotonic()
                self.hear(socket, said)
            now = time.monotonic()
            if now - heard > HEARTBEAT + PATIENCE:
                raise TimeoutError("silent")
            if now - asked > HEARTBEAT:
                asked = now
                self.beat(socket)
            if not self.quiet.is_set():
                self.write()

    def _ask(self, way: Way, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer | None:
        while not self.over.is_set():
            try:
                answer = way.ask(method, path, body, headers)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                if not self.lossy:
                    self.failures[f"{method} {type(error).__name__}"] += 1
                    return None
                time.sleep(0.1)
                continue
            if not 200 <= answer.status < 300 and answer.status != 409:
                self.failures[f"{method} {path} {answer.status}"] += 1
                return None
            return answer
        return None

    @abstractmethod
    def _dial(self, port: int) -> ClientConnection: ...
    @abstractmethod
    def begin(self, socket: ClientConnection) -> None: ...
    @abstractmethod
    def hear(self, socket: ClientConnection, said: dict[str, Any]) -> None: ...
    @abstractmethod
    def beat(self, socket: ClientConnection) -> None: ...
    @abstractmethod
    def write(self) -> None: ...


class Widget(Tab):
    """A visitor's: the next line when the last was answered."""

    PAUSE = 3.2  # a visitor may write twenty times a minute

    def __init__(self, mark: str, key: str, shown: str, sockets: Way, *, lossy: bool = False) -> None:
        super().__init__(mark, sockets, sockets, lossy=lossy)
        self.key, self.pass_ = key, shown
        self.secret = uuid.uuid5(uuid.NAMESPACE_DNS, mark).hex.ljust(43, "x")
        self.address = f"203.0.113.{random.randrange(1, 255)}"
        self.place, self.written, self.wrote_at = 0, 0, 0.0

    def _dial(self, port: int) -> ClientConnection:
        offered = [
            "helpdesk.chat.v1",
            f"key.{self.key}",
            f"pass.{self.pass_.replace(':', '~')}",
            f"secret.{self.secret}",
        ]
        return connect(
            f"ws://localhost:{port}/ws/chat/", origin=f"http://localhost:{port}", subprotocols=offered,  # type: ignore[arg-type]
            additional_headers={"X-Forwarded-For": self.address}, compression=None, ping_interval=None, proxy=None,
            open_timeout=5, close_timeout=1,
        )  # fmt: skip

    def begin(self, socket: ClientConnection) -> None:
        pass

    def hear(self, socket: ClientConnection, said: dict[str, Any]) -> None:
        if said["kind"] == "hello":
            self.hellos += 1
            self.beat(socket)
        if said["kind"] in ("hello", "news"):
            self.catch_up()
        if said["kind"] == "hello" and self.written:
            socket.send(json.dumps({"kind": "begun"}))

    def beat(self, socket: ClientConnection) -> None:
        socket.send(json.dumps({"kind": "here", "page": {"url": "https://shop.example/", "title": "Shop"}}))
        if self.written == 1:
            socket.send(json.dumps({"kind": "begun"}))

    def catch_up(self) -> None:
        said = self._post("sync", {"after": self.place})
        for one in (said or {}).get("messages", []):
            if one["n"] not in {place for place, _ in self.shown}:
                self.shown.append((one["n"], one["text"]))
                self.place = max(self.place, one["n"])
        if (said or {}).get("more"):
            self.catch_up()

    def write(self) -> None:
        answered = self.words.count(f"answer {self.name} {self.written - 1} end")
        if (self.written and not answered) or time.monotonic() - self.wrote_at < self.PAUSE:
            return
        words = f"line {self.name} {self.written} end"
        if self._post("message", {"text": words, "client": str(uuid.uuid4()), "name": self.name}) is not None:
            self.written, self.wrote_at = self.written + 1, time.monotonic()
            self.catch_up()

    def _post(self, what: str, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = {
            "Origin": "http://localhost", "X-Chat-Pass": self.pass_, "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/json", "X-Forwarded-For": self.address,
        }  # fmt: skip
        answer = self._ask(self.sockets, "POST", f"/widget/{self.key}/{what}/", json.dumps(body).encode(), headers)
        return json.loads(answer.body) if answer else None


class Desk(Tab):
    """An agent's, with the list of open tickets; beside a visitor of that mark with their conversation, answered by the
    page's form."""

    def __init__(self, mark: str, session: str, sockets: Way, pages: Way, *, lossy: bool = False) -> None:
        super().__init__(mark, sockets, pages, lossy=lossy)
        self.cookies = dict([session.split("=", 1)])
        self.token, self.ticket, self.event, self.sequence, self.count = "", 0, 0, 0, 0
        self.stale = self.resyncs = 0
        self.rows: dict[int, int] = {}
        self.answered: set[str] = set()

    def _dial(self, port: int) -> ClientConnection:
        if not self.token:
            self._open("/inbox/open/")
        return connect(
            f"ws://localhost:{port}/ws/agent/", origin=f"http://localhost:{port}",  # type: ignore[arg-type]
            additional_headers={"Cookie": self._cookie()}, subprotocols=["helpdesk.v1", f"csrf.{self.token}"],  # type: ignore[list-item]
            compression=None, ping_interval=None, proxy=None, open_timeout=5, close_timeout=1,
        )  # fmt: skip

    def begin(self, socket: ClientConnection) -> None:
        self.count = 0

    def hear(self, socket: ClientConnection, said: dict[str, Any]) -> None:
        missed = said["n"] != self.count + 1
        self.hellos += not self.count  # the hello itself may be what was lost
        self.count = said["n"]
        for frame in said["frames"]:
            self._take(socket, frame)
        if missed:
            self.resyncs += 1
            self.catch_up(socket)

    def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        kind = frame["kind"]
        if kind in ("hello", "resync"):
            self.catch_up(socket)
        elif kind == "ticket.upsert":
            self._note_rows(frame["html"], frame["html"])
        elif kind == "ticket.remove":
            self.rows.pop(frame["ticket"], None)
        elif kind in ("viewing", "message.new", "message.status", "ticket.changed") and frame["ticket"] == self.ticket:
            self._fetch()
        if self.ticket and not self.event:
            self.catch_up(socket)

    def beat(self, socket: ClientConnection) -> None:
        socket.send(json.dumps({"type": "ping"}))

    def catch_up(self, socket: ClientConnection) -> None:
        """The list anew, and of the conversation what came since the last event known."""
        if self.ticket and not self.event:
            self._open(f"/inbox/open/{self.ticket}/")
        socket.send(json.dumps({"type": "view", "view": "open", "ticket": self.ticket or None}))
        answer = self._get("/inbox/open/rows/")
        if answer:
            html = json.loads(answer.body)["html"]
            self.rows.clear()
            for part in html.split('<li class="row"')[1:]:
                self._note_rows('<li class="row"' + part, part)
        self._fetch()

    def _note_rows(self, html: str, about: str) -> None:
        for ticket, sequence in _ROW.findall(html):
            self.rows[int(ticket)] = int(sequence)
            if not self.ticket and f"{self.name} " in about + " ":
                self.ticket = int(ticket)

    def _fetch(self) -> None:
        if not self.event or not (answer := self._get(f"/tickets/{self.ticket}/updates/?event={self.event}")):
            return
        self._apply(json.loads(answer.body))

    def _apply(self, said: dict[str, Any]) -> None:
        self._show(said["items"])
        self.event = max(self.event, said["event"])

    def _show(self, html: str) -> None:
        known = {place for place, _ in self.shown}
        for part in _MESSAGE.split(html)[1:]:
            found, words = _PLACE.match(part), WORDS.search(part)
            assert found
            self.sequence = max(self.sequence, int(found[2]))
            if words and int(found[1]) not in known:
                self.shown.append((int(found[1]), words[0]))

    def write(self) -> None:
        line = self.words[-1] if self.words else ""
        if not line.startswith("line") or line in self.answered:
            return
        form = {
            "kind": "reply", "text": line.replace("line", "answer"), "expected": self.sequence, "event": self.event,
            "client_id": str(uuid.uuid4()), "csrfmiddlewaretoken": self.token,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie()}
        answer = self._ask(self.pages, "POST", f"/tickets/{self.ticket}/messages/", urlencode(form).encode(), headers)
        if answer and answer.status == 409:  # something came that this tab has not seen: what it is told next
            self.stale += 1
            self._fetch()
        elif answer:
            self.answered.add(line)
            self._apply(json.loads(answer.body)["updates"])

    def _open(self, path: str) -> None:
        """A page as it is loaded: its cookies and its token count from now on."""
        if not (answer := self._get(path)):
            return
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        html = answer.body.decode()
        self.token = re.findall(r'name="csrf-token" content="(\w+)"', html)[0]
        if found := re.search(r'data-event="(\d+)"', html):
            self.event = int(found[1])
            self._show(html)

    def _get(self, path: str) -> Answer | None:
        return self._ask(self.pages, "GET", path, None, {"Cookie": self._cookie()})

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())
