"""What all simulators share: a real HTTP server on a thread, the requests it got, and faults in a queue."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body)) if self.body else {}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass
class Reply:
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class Simulator(ABC):
    """A provider. `accepted` is what it took as sent, in order; `faults` are used up one a request.

    Faults: a `Reply` is answered instead; "hang up" accepts and cuts the line without an answer; "silent" accepts and
    never answers; "refuse" cuts the line before the request is read.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.accepted: list[dict[str, Any]] = []
        self.faults: list[Any] = []
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.url = ""

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """What the provider says to a request it takes."""

    def is_send(self, request: Request) -> bool:
        """Whether a fault meant for sending applies."""
        return request.method == "POST"

    def sent_texts(self) -> list[str]:
        return [str(one.get("text", "")) for one in self.accepted]


@contextmanager
def running(simulator: Simulator) -> Iterator[Simulator]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(simulator))
    server.daemon_threads = True
    simulator.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        simulator.released.set()
        server.shutdown()
        server.server_close()


def handler_of(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            place = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(
                self.command, place.path, parse_qs(place.query), {k.lower(): v for k, v in self.headers.items()}, body
            )
            with simulator.lock:
                simulator.requests.append(request)
                fault = simulator.faults.pop(0) if simulator.faults and simulator.is_send(request) else None
                reply = fault if isinstance(fault, Reply) else simulator.answer(request)
            if fault == "silent":
                simulator.released.wait(30)
            if fault in ("silent", "hang up"):
                self.close_connection = True
                self.connection.close()
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET: Callable[..., None] = _serve
        do_POST: Callable[..., None] = _serve

        def log_message(self, *args: Any) -> None:
            """Silence."""

    return Handler
