"""What only passes: who is here and where, what they are just writing. In Redis, and gone by
itself; without Redis nobody is seen, and nothing waits."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from people.passing import quietly

HERE_SECONDS = 45
DRAFT_SECONDS = 12
HISTORY_SECONDS = 86_400
HISTORY = 20
MAX_PAGE = 300
MAX_DRAFT = 400


def visitor_here(thread: str, page: dict[str, Any]) -> None:
    """The visitor is here, on this page; which is kept with those before it."""
    at = time.time()
    quietly(lambda client: client.set(f"chat:here:{thread}", json.dumps({"at": at, **page}), ex=HERE_SECONDS))
    if page.get("url"):
        quietly(lambda client: _note_page(client, f"chat:pages:{thread}", {**page, "at": at}))


def _note_page(client: Any, key: str, page: dict[str, Any]) -> None:
    kept = {name: page[name] for name in ("url", "title", "at") if name in page}
    last = _object(client.lindex(key, 0))
    if last.get("url") == page["url"]:
        return
    with client.pipeline(transaction=False) as pipe:
        pipe.lpush(key, json.dumps(kept))
        pipe.ltrim(key, 0, HISTORY - 1)
        pipe.expire(key, HISTORY_SECONDS)
        pipe.execute()


def visitor_still_here(thread: str, page: dict[str, Any]) -> None:
    """The visitor is where they were a moment ago: only the lease is renewed, unless it is gone."""
    if not quietly(lambda client: client.expire(f"chat:here:{thread}", HERE_SECONDS)):
        visitor_here(thread, page)


def note_address(thread: str, digest: str) -> None:
    """From where the visitor wrote last, as a keyed hash; for a day, should an agent block them."""
    quietly(lambda client: client.set(f"chat:from:{thread}", digest, ex=HISTORY_SECONDS))


def address_of_visitor(thread: str) -> str:
    """That hash; empty when it is not known any more."""
    found = quietly(lambda client: client.get(f"chat:from:{thread}"))
    return found.decode() if isinstance(found, bytes) else str(found or "")


def visitor_left(thread: str) -> None:
    quietly(lambda client: client.delete(f"chat:here:{thread}", f"chat:draft:{thread}"))


def where_visitor_is(thread: str) -> dict[str, Any] | None:
    """{"at", "url", "title", "cart", "order"} of a visitor who is here; None when they left, or nobody knows."""
    return _object(quietly(lambda client: client.get(f"chat:here:{thread}"))) or None


def who_is_here(threads: Sequence[str]) -> set[str]:
    """Those of the visitors who are here; nobody where nobody knows."""
    keys = [f"chat:here:{thread}" for thread in threads]
    found = quietly(lambda client: client.mget(keys)) if keys else None
    return {thread for thread, here in zip(threads, found or (), strict=False) if here}


def pages_of(thread: str) -> list[dict[str, Any]]:
    """{"url", "title", "at"} of the pages they saw within a day, the latest first."""
    found = quietly(lambda client: client.lrange(f"chat:pages:{thread}", 0, HISTORY - 1)) or []
    return [page for page in map(_object, found) if page.get("url")]


def note_draft(thread: str, text: str) -> None:
    """What the visitor is just writing, for who has the ticket open; forgotten after some seconds."""
    key = f"chat:draft:{thread}"
    if text.strip():
        quietly(lambda client: client.set(key, _shown(text, MAX_DRAFT), ex=DRAFT_SECONDS))
    else:
        quietly(lambda client: client.delete(key))


def draft_of(thread: str) -> str:
    found = quietly(lambda client: client.get(f"chat:draft:{thread}"))
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found or "")


def clean_page(said: object) -> dict[str, Any]:
    """Where the shop's script says the visitor is: a web address, a title, the cart's value and an order's number,
    shortened. Their word, shown as such, and so only what can be shown."""
    if not isinstance(said, dict):
        return {}
    url, title, order = said.get("url"), said.get("title"), said.get("order")
    page: dict[str, Any] = {}
    if (
        isinstance(url, str)
        and url.startswith(("https://", "http://"))
        and _is_web_address(url := _shown(url, MAX_PAGE))
    ):
        page["url"] = url
    if isinstance(title, str):
        page["title"] = _shown(title, 120)
    if isinstance(order, str | int) and not isinstance(order, bool) and str(order).strip():
        page["order"] = _shown(str(order).strip(), 60)
    if cart := _clean_cart(said.get("cart")):
        page["cart"] = cart
    return page


def _shown(text: str, longest: int) -> str:
    """Text as a page of ours can hold it: JSON may name halves of characters that no encoding has."""
    return text[:longest].replace("\x00", "").encode("utf-8", "replace").decode()


def _is_web_address(url: str) -> bool:
    try:
        return url.startswith(("https://", "http://")) and bool(urlsplit(url).netloc)
    except ValueError:
        return False


def _clean_cart(said: object) -> dict[str, Any]:
    """{"value", "currency", "items"}, as far as they are numbers and a currency's code."""
    if not isinstance(said, dict):
        return {}
    value, currency, items = said.get("value"), said.get("currency"), said.get("items")
    cart: dict[str, Any] = {}
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9:
        cart["value"] = round(float(value), 2)
    if isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha():
        cart["currency"] = currency.upper()
    if isinstance(items, int) and not isinstance(items, bool) and 0 <= items < 10_000:
        cart["items"] = items
    return cart if "value" in cart or "items" in cart else {}


def _object(found: Any) -> dict[str, Any]:
    try:
        said = json.loads(found) if found else None
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
