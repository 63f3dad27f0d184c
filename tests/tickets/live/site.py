"""The sockets as uvicorn serves them, in a thread of the test, and browser tabs that speak as live.js does."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from helpdesk.runtime.redis import free_port
from helpdesk.web import configuration
from people.models import Agent
from people.sessions import SessionStore

CSRF_SECRET = "q" * 32  # any 32 letters; a browser's are random


class Site:
    """One process's worth of sockets on a free port."""

    def __init__(self) -> None:
        self.port = free_port()
        config = configuration("127.0.0.1", self.port)
        config.app = "helpdesk.asgi:application"
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        self.thread.start()
        deadline = time.monotonic() + 20
        while not self.server.started:
            assert time.monotonic() < deadline, "uvicorn did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)

    def open(
        self,
        session: str | None,
        *,
        origin: str | None = "",
        token: str | None = CSRF_SECRET,
        secret: str | None = CSRF_SECRET,
        path: str = "/ws/agent/",
        **options: Any,
    ) -> ClientConnection:
        """A raw connection with whatever a browser, ours or a stranger's, would bring along."""
        cookies = []
        if session:
            cookies.append(f"{settings.SESSION_COOKIE_NAME}={session}")
        if secret:
            cookies.append(f"{settings.CSRF_COOKIE_NAME}={secret}")
        protocols = ["helpdesk.v1", *([f"csrf.{token}"] if token else [])]
        return connect(
            f"ws://localhost:{self.port}{path}",
            origin=self.origin if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": "; ".join(cookies)} if cookies else None,
            subprotocols=protocols,  # type: ignore[arg-type]
            compression=None,
            proxy=None,
            **options,
        )


def sign_in(agent: Agent) -> str:
    """A session of that agent, as a sign-in makes it; its key."""
    session = SessionStore()
    session[SESSION_KEY] = str(agent.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = agent.get_session_auth_hash()
    session.save()
    return str(session.session_key)


class Tab:
    """One open page of an agent: everything it was told since, in order."""

    def __init__(self, site: Site, agent: Agent, *, session: str | None = None, **view: Any) -> None:
        self.session = session or sign_in(agent)
        self.socket = site.open(self.session)
        self.frames: list[dict[str, Any]] = []
        self.closed_with: int | None = None
        self.wait("hello")
        if view:
            self.show(**view)

    def show(self, **view: Any) -> dict[str, Any]:
        """Say what is looked at; the server's answer."""
        self.frames.clear()
        self.say({"type": "view", **view})
        return self.wait("viewing")

    def say(self, message: Any) -> None:
        self.socket.send(json.dumps(message))

    def wait(self, kind: str, timeout: float = 5, **facts: Any) -> dict[str, Any]:
        """The first frame of this kind with these facts, now or within the time."""
        deadline = time.monotonic() + timeout
        while True:
            for frame in self.frames:
                if frame["kind"] == kind and all(frame.get(name) == value for name, value in facts.items()):
                    return frame
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"no {kind} {facts} among {self.frames}; closed: {self.closed_with}")

    def settle(self, quiet: float = 0.6) -> list[dict[str, Any]]:
        """All frames, once nothing more comes."""
        while self._read(quiet):
            pass
        return self.frames

    def kinds(self) -> list[str]:
        return [frame["kind"] for frame in self.frames]

    def wait_closed(self, timeout: float = 5) -> int:
        deadline = time.monotonic() + timeout
        while self.closed_with is None:
            assert time.monotonic() < deadline, "still open"
            self._read(deadline - time.monotonic())
        return self.closed_with

    def close(self) -> None:
        self.socket.close()

    def _read(self, timeout: float) -> bool:
        """Take one message; False when none came in time."""
        if timeout <= 0 or self.closed_with is not None:
            return False
        try:
            message = json.loads(self.socket.recv(timeout=timeout))
        except TimeoutError:
            return False
        except ConnectionClosed as closed:
            self.closed_with = closed.rcvd.code if closed.rcvd else 1006
            return False
        self.frames += [{**frame, "n": message["n"], "view": message["view"]} for frame in message["frames"]]
        return True
