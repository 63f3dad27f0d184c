"""Open tabs of agents, as a browser's script opens them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from websockets.sync.client import connect

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_SECRET = "q" * 32  # any 32 letters; a browser's are random


@contextmanager
def open_sockets(port: int, count: int, *, deflate: bool = False) -> Iterator[list[ClientConnection]]:
    """So many sockets of one agent each having said hello, closed at the end."""
    from bench.pages import AGENT, cookie_of  # noqa: PLC0415
    from people.models import Agent  # noqa: PLC0415

    agents = list(Agent.objects.filter(is_active=True).exclude(email=AGENT).order_by("pk"))
    cookies = [cookie_of(agent) for agent in agents[:count]]
    with ExitStack() as stack:
        found = [stack.enter_context(_open(port, cookies[number % len(cookies)], deflate)) for number in range(count)]
        for socket in found:
            socket.recv(timeout=30)
        time.sleep(1)  # until the server has done what follows a hello
        yield found


def _open(port: int, cookie: str, deflate: bool) -> ClientConnection:
    from django.conf import settings  # noqa: PLC0415

    return connect(
        f"ws://localhost:{port}/ws/agent/",
        origin=f"http://localhost:{port}",  # type: ignore[arg-type]
        additional_headers={"Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={_SECRET}"},
        subprotocols=["helpdesk.v1", f"csrf.{_SECRET}"],  # type: ignore[list-item]
        compression="deflate" if deflate else None,
        proxy=None,
        ping_interval=None,
    )
