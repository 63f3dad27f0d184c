"""Who is here, by lease: visitors in their shop, agents at their desks. In Redis, and gone by themselves."""

from __future__ import annotations

import json
import time
from typing import Any

import redis

from events.doorbell import breaker, probe_client

HERE_SECONDS = 45
MAX_PAGE = 300


def visitor_here(thread: str, page: dict[str, str]) -> None:
    """The visitor is here, on this page."""
    value = json.dumps({"at": time.time(), **page})
    _quietly(lambda client: client.set(f"chat:here:{thread}", value, ex=HERE_SECONDS))


def visitor_left(thread: str) -> None:
    _quietly(lambda client: client.delete(f"chat:here:{thread}"))


def where_visitor_is(thread: str) -> dict[str, Any] | None:
    """{"at", "url", "title"} of a visitor who is here; None when they left, or nobody knows."""
    found = _quietly(lambda client: client.get(f"chat:here:{thread}"))
    try:
        said = json.loads(found) if found else None
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def clean_page(said: object) -> dict[str, str]:
    """Where the shop's script says the visitor is: a web address and a title, shortened. Their word, shown as such."""
    if not isinstance(said, dict):
        return {}
    url, title = said.get("url"), said.get("title")
    page = {}
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        page["url"] = url[:MAX_PAGE]
    if isinstance(title, str):
        page["title"] = title[:120]
    return page


def _quietly(ask: Any) -> Any:
    """Presence is a courtesy: without Redis nobody is seen, and nothing waits."""
    if breaker.open:
        return None
    try:
        return ask(probe_client())
    except (redis.RedisError, OSError):
        breaker.trip()
        return None
