"""The short way of webhooks: from the loop straight to the one thread that keeps them, past pages and their middleware.

A page of an agent may take a thread for as long as it likes; a provider waits for nothing but the commit of what it
brought, which it shares with whoever waits beside it. What is out of the ordinary (a handshake, a large body, a strange
host, plain http where https is demanded, a signature that is judged with somebody's help) goes the long way, by
`channels_inbound.hooks.receive`, with the same outcome.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Protocol

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from channels_inbound.hooks.calls import NOT_NOW, Call, Reply, quick, take
from channels_inbound.hooks.receive import as_hook
from events.rates import address_of
from events.tracing import tracing
from helpdesk.bridge import BODY_PATIENCE, BodyTooLarge, ClientGone, Message, Receive, Scope, Send, read_body
from helpdesk.together import Together, TooMany
from helpdesk.traffic import note_request

log = logging.getLogger("helpdesk.requests")

# Providers tell in a few kilobytes; what is larger (a mail with its files) is no matter of milliseconds.
MOST_BODY = 256 * 1024
MOST_QUERY, MOST_FIELDS = 2000, 100
# Bodies still on their way, each of which holds memory.
MOST_READING = 2000
_PATH = re.compile(r"/hooks/([-a-zA-Z0-9_]+)/([-a-zA-Z0-9_]+)/")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Application(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class HookDoor:
    """An ASGI application that settles webhooks, and gives everything else to `pages`."""

    def __init__(self, pages: Application) -> None:
        self.pages = pages
        self.taking: Together[Call, Reply] = Together(take, lost=Reply(500))
        self.reading_limit = MOST_READING
        self.reading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = _PATH.fullmatch(scope["path"]) if scope["method"] == "POST" else None
        headers = _headers(scope) if named else {}
        if named is None or not quick(named[1]) or not _usual(scope, headers):
            await self.pages(scope, receive, send)
            return
        began = time.perf_counter()
        with tracing(headers.get("x-request-id", "")) as trace:
            reply = await self._settled(scope, receive, headers, (named[1], named[2]), trace)
            if reply is None:
                return
            seconds = time.perf_counter() - began
            note_request("POST", reply.status, seconds)
            log.info("POST %s", scope["path"], extra={"status": reply.status, "ms": round(seconds * 1000, 1)})
            await _answer(send, reply, trace)

    async def _settled(
        self, scope: Scope, receive: Receive, headers: dict[str, str], named: tuple[str, str], trace: str
    ) -> Reply | None:
        if self.reading >= self.reading_limit:
            return NOT_NOW
        self.reading += 1
        try:
            body = await asyncio.wait_for(read_body(scope, receive, MOST_BODY), BODY_PATIENCE)
        except BodyTooLarge:
            return Reply(413)
        except TimeoutError:
            return Reply(408)
        except ClientGone:
            return None
        finally:
            self.reading -= 1
        with body:
            content = body.read()
        query = scope["query_string"].decode("latin-1")
        caller = address_of((scope.get("client") or ("",))[0], headers.get("x-forwarded-for", ""))
        seen = as_hook("POST", scope["path"], query, content, headers)
        try:
            return await self.taking.done(Call(*named, seen, caller, trace))
        except TooMany:
            return NOT_NOW


def _headers(scope: Scope) -> dict[str, str]:
    """The headers as pages see them (`helpdesk.bridge.build_environ`)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        if b"_" not in raw_name:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _usual(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether this is a delivery as they all are: small, of a length that is told, to our own host."""
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= MOST_BODY):
        return False
    query = scope["query_string"]
    if len(query) > MOST_QUERY or query.count(b"&") >= MOST_FIELDS or not query.isascii():
        return False
    if settings.SECURE_SSL_REDIRECT and not _secure(scope, headers):
        return False
    host, _port = split_domain_port(headers.get("host", ""))
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS)


def _secure(scope: Scope, headers: dict[str, str]) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, wanted = settings.SECURE_PROXY_SSL_HEADER
        shown = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower(), "")
        if shown:
            return bool(shown.partition(",")[0].strip() == wanted)
    return bool(scope.get("scheme") == "https")


async def _answer(send: Send, reply: Reply, trace: str) -> None:
    content = reply.text.encode()
    headers = [
        (b"content-type", reply.kind.encode() + b"; charset=utf-8"),
        (b"content-length", str(len(content)).encode()),
        (b"x-request-id", trace.encode()),
        *_HEADERS,
    ]
    if reply.wait:
        headers.append((b"retry-after", str(reply.wait).encode()))
    start: Message = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": content})
