"""Webhooks posted at the web process's own door, without a socket: many at once, by the short way or by the long one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from django.db import connections

from channels_inbound.models import Connection
from helpdesk.bridge import WSGIBridge
from helpdesk.hook_door import HookDoor
from helpdesk.wsgi import application as pages
from tests.channels_inbound.hooks.house import hook_path
from tests.providers.webhooks import Webhook

Heard = tuple[int, dict[str, str], bytes]


def open_door() -> HookDoor:
    return HookDoor(WSGIBridge(pages, threads=1))


def close_door(door: HookDoor) -> None:
    """Its threads' connections would keep the test's database busy."""

    def close(_calls: Sequence[Any], _answered: Any) -> None:
        connections.close_all()

    async def closing() -> None:
        door.taking.work = close
        await door.taking.done(None)  # type: ignore[arg-type]

    asyncio.run(closing())
    assert isinstance(door.pages, WSGIBridge)
    door.pages.pool.submit(connections.close_all).result()


async def posted(
    door: HookDoor, made: Connection, hook: Webhook, *, chunked: bool = False, path: str = "",
    until: asyncio.Event | None = None, **more: str,
) -> Heard:  # fmt: skip
    """What is heard; in chunks nobody knows its length, so that it goes the long way. The body comes after `until`."""
    headers = dict(hook.headers) | {"Content-Type": hook.content_type, "Host": "testserver"} | more
    headers |= {} if chunked else {"Content-Length": str(len(hook.body))}
    where = path or hook_path(made)
    scope = {
        "type": "http", "method": "POST", "path": where, "raw_path": where.encode(), "scheme": "http",
        "query_string": (hook.query or "").encode(), "http_version": "1.1", "server": ("testserver", 80),
        "client": ("127.0.0.1", 1), "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
    }  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if until is not None:
            await until.wait()
        return {"type": "http.request", "body": hook.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await door(scope, receive, send)
    start = said[0]
    shown = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], shown, b"".join(one.get("body", b"") for one in said[1:])


def together(*jobs: Coroutine[Any, Any, Heard]) -> list[Heard]:
    async def all_of_them() -> list[Heard]:
        return list(await asyncio.gather(*jobs))

    return asyncio.run(all_of_them())
