"""Servers that answer, but not as they should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def talking_server(*greeting: bytes) -> Iterator[int]:
    """Says that to everybody who comes, then nothing more; the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                taken.append(client)
                for line in greeting:
                    client.sendall(line)

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        for one in (listener, *taken):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def hanging_server() -> Iterator[int]:
    """Greets as an IMAP server, and never answers a command."""
    with talking_server(b"* OK ready\r\n") as port:
        yield port
