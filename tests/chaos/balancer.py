"""What stands before several processes of one kind, as a proxy of a production does."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from email.message import Message
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: Message


def ask(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body, {"Host": "localhost", **headers})
        answer = line.getresponse()
        return Answer(answer.status, answer.read(), answer.headers)
    finally:
        line.close()


class Balancer:
    """Knows which are ready, passes over one that takes no connection, never repeats what was taken."""

    def __init__(self, ports: list[int]) -> None:
        self.ports, self.ready = ports, set[int]()
        self.turn = itertools.count()
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.over.wait(0.3):
            for port in self.ports:
                try:
                    good = ask(port, "GET", "/readyz?role=web", None, {}).status == 200
                except (OSError, http.client.HTTPException):
                    good = False
                (self.ready.add if good else self.ready.discard)(port)

    def port(self) -> int:
        """Whose turn it is; 0 while nobody is ready."""
        ready = sorted(self.ready)
        return ready[next(self.turn) % len(ready)] if ready else 0

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        for _ in range(50):
            if port := self.port():
                try:
                    return ask(port, method, path, body, headers)
                except ConnectionRefusedError:
                    pass
            time.sleep(0.1)
        raise AssertionError("nobody was ready for five seconds")
