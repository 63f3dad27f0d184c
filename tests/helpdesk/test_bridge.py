"""Slow clients hold neither a page thread nor a place in the queue."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from helpdesk import bridge
from helpdesk.bridge import WSGIBridge

SCOPE = {
    "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "http_version": "1.1",
    "headers": [(b"content-length", b"10")], "server": ("localhost", 80), "client": ("127.0.0.1", 1),
}  # fmt: skip


class Stream(list[bytes]):
    streaming = True


def small(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"ok"]


def big(environ: dict[str, Any], start_response: Any) -> Stream:
    start_response("200 OK", [])
    return Stream([b"x"] * 3)


async def quick() -> dict[str, Any]:
    return {"type": "http.request", "body": b"0123456789", "more_body": False}


async def answered(app: WSGIBridge, receive: Any = quick) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(dict(SCOPE), receive, send)
    return said


async def test_unfinished_bodies_do_not_turn_others_away() -> None:
    app = WSGIBridge(small, threads=1, waiting_limit=2)

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    stuck = [asyncio.create_task(answered(app, never)) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert (await answered(app))[0]["status"] == 200
    for task in stuck:
        task.cancel()


async def test_a_body_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "CHUNK_PATIENCE", 0.05)
    parts = iter([{"type": "http.request", "body": b"0", "more_body": True}])

    async def stalls() -> dict[str, Any]:
        if part := next(parts, None):
            return part
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    assert (await answered(WSGIBridge(small, threads=1), stalls))[0]["status"] == 408


async def test_who_does_not_read_gives_the_thread_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "SEND_PATIENCE", 0.05)
    app = WSGIBridge(big, threads=1)

    async def unread(message: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    with pytest.raises(bridge.ClientGone):
        await app(dict(SCOPE), quick, unread)
    app.application = small
    assert (await answered(app))[-1]["body"] == b"ok"
