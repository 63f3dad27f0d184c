"""Serves a WSGI application from an ASGI server in threads that last.

Django's own ASGI handler pays a thread hop for each synchronous middleware hook and two new threads per request; the
figures are in docs/adr/0001-serving.md. Here the loop reads the request, one lasting thread does everything else, and
the thread keeps its database connection.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import unquote_to_bytes

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

log = logging.getLogger("helpdesk.web")
SPOOL_ABOVE = 512 * 1024
DEFAULT_BODY_LIMIT = 66 * 1024 * 1024
# A client that sends its body slower than this holds memory for nothing.
BODY_PATIENCE = 120.0
CHUNK_PATIENCE = 15.0
SEND_PATIENCE = 15.0


class BodyTooLarge(Exception):
    pass


class ClientGone(Exception):
    pass


class WSGIBridge:
    """An ASGI application that runs `application` in `threads` lasting threads.

    A request costs one hop into a thread and one back; only a streamed body costs one more per chunk. The body is read
    by the loop beforehand, so a slow client holds neither a thread nor a place among the `waiting_limit` requests
    after which the answer is 503.
    """

    def __init__(
        self, application: Callable[..., Iterable[bytes]], *, threads: int = 8, waiting_limit: int = 400,
        body_limit: int = DEFAULT_BODY_LIMIT, reading_limit: int = 4000,
    ) -> None:  # fmt: skip
        self.application = application
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="page")
        self.waiting_limit = waiting_limit
        self.body_limit = body_limit
        self.reading_limit = reading_limit
        self.reading = self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.running >= self.waiting_limit or self.reading >= self.reading_limit:
            await answer_plainly(send, 503, b"Too busy, please try again.\n", [(b"retry-after", b"2")])
            return
        await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reading += 1
        try:
            body = await asyncio.wait_for(read_body(scope, receive, self.body_limit), BODY_PATIENCE)
        except BodyTooLarge:
            # The rest of the body is still on its way, so this connection cannot be used again.
            await answer_plainly(send, 413, b"The request is too large.\n", [(b"connection", b"close")])
            return
        except TimeoutError:
            await answer_plainly(send, 408, b"The request took too long.\n", [(b"connection", b"close")])
            return
        except ClientGone:
            return
        finally:
            self.reading -= 1
        loop = asyncio.get_running_loop()
        request = _Request(self.application, scope, body, send, loop)
        self.running += 1
        try:
            start, rest = await loop.run_in_executor(self.pool, request.run)
        finally:
            self.running -= 1
            body.close()
        if start:
            await send(start)
            await send({"type": "http.response.body", "body": rest})


class _Request:
    """One request inside its thread. `run` returns a whole answer, or streams it and returns nothing to send."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]], scope: Scope, body: IO[bytes], send: Send,
        loop: asyncio.AbstractEventLoop,
    ) -> None:  # fmt: skip
        self.application = application
        self.scope = scope
        self.body = body
        self.send = send
        self.loop = loop
        self.start: Message = {}

    def run(self) -> tuple[Message | None, bytes]:
        answer = self.application(build_environ(self.scope, self.body), self._start_response)
        try:
            if getattr(answer, "streaming", False):
                self._stream(answer)
                return None, b""
            return self.start, b"".join(answer)
        finally:
            # Django gives back the database connection here, so it must be this thread that closes.
            if close := getattr(answer, "close", None):
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _error: Any = None
    ) -> Callable[[bytes], None]:
        self.start = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return _refuse_write

    def _stream(self, answer: Iterable[bytes]) -> None:
        self._send_and_wait(self.start)
        for chunk in answer:
            if chunk:
                self._send_and_wait({"type": "http.response.body", "body": chunk, "more_body": True})
        self._send_and_wait({"type": "http.response.body", "body": b""})

    def _send_and_wait(self, message: Message) -> None:
        sending = asyncio.run_coroutine_threadsafe(_sending(self.send, message), self.loop)
        try:
            sending.result(SEND_PATIENCE)
        except TimeoutError:
            # Whoever does not read must not keep a thread that serves everybody.
            sending.cancel()
            raise ClientGone from None


async def _sending(send: Send, message: Message) -> None:
    await send(message)


def _refuse_write(_data: bytes) -> None:
    raise RuntimeError("The old WSGI write() is not supported.")


async def read_body(scope: Scope, receive: Receive, limit: int) -> IO[bytes]:
    """The whole request body: in memory while small, in an unnamed file on disk above that."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    if not message.get("more_body"):
        return io.BytesIO(_within(message.get("body", b""), limit))
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_ABOVE)  # noqa: SIM115  closed by the caller
    size = 0
    while True:
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            spool.close()
            raise BodyTooLarge
        spool.write(chunk)
        if not message.get("more_body"):
            spool.seek(0)
            return spool
        try:
            message = await asyncio.wait_for(receive(), CHUNK_PATIENCE)
        except TimeoutError:
            spool.close()
            raise
        if message["type"] == "http.disconnect":
            spool.close()
            raise ClientGone


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise BodyTooLarge
    return body


def build_environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI environ of one ASGI request."""
    server = scope.get("server") or ("localhost", 0)
    client = scope.get("client") or ("", 0)
    size = body.seek(0, io.SEEK_END)
    body.seek(0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        # `X_Forwarded_For` would become the same key as `X-Forwarded-For`, past a proxy that strips the latter.
        if b"_" in raw_name or raw_name == b"content-length":
            continue
        key = raw_name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        value = raw_value.decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}" if key in environ else value
    # What was really read: right for chunked requests too, which have no length of their own.
    environ["CONTENT_LENGTH"] = str(size)
    return environ


def _path(scope: Scope) -> str:
    """PATH_INFO as WSGI wants it: percent-decoded bytes, read as latin-1."""
    if raw := scope.get("raw_path"):
        return unquote_to_bytes(raw.split(b"?", 1)[0]).decode("latin-1")
    return str(scope["path"]).encode().decode("latin-1")


async def answer_plainly(send: Send, status: int, text: bytes, headers: Headers | None = None) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": plain + (headers or [])})
    await send({"type": "http.response.body", "body": text})
