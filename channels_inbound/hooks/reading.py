"""Reading JSON somebody else made: whatever stands there, a parser gets the type it asked for, or nothing.

Every text is made storable. Ids come as numbers or texts and are texts for us.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from channels_inbound.hooks.facts import Fact, Unread
from channels_inbound.hooks.provider import Malformed

MAX_TEXT = 100_000
MAX_ITEMS = 1000
_EARLIEST = 1_000_000_000
_LATEST = 4_102_444_800


def load_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Malformed."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is no JSON") from None
    if not isinstance(found, dict):
        raise Malformed("the body is no JSON object")
    return found


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form as they came, empty ones too."""
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return []


def thing(value: object, *path: str) -> dict[str, Any]:
    """The object at a path; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def things(value: object, name: str = "") -> Iterator[dict[str, Any]]:
    """The objects in a list."""
    found = value.get(name) if name and isinstance(value, dict) else value
    if isinstance(found, list):
        for one in found[:MAX_ITEMS]:
            if isinstance(one, dict):
                yield one


def each(items: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Iterable[Fact]]) -> Iterator[Fact]:
    """What the items of a delivery say, one by one: one that is malformed spoils none of the others."""
    for item in items:
        try:
            yield from read(item)
        except Malformed as error:
            yield Unread(str(error))


def text(value: object, *path: str, most: int = MAX_TEXT) -> str:
    """The text at a path, storable; a number as text; else empty."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int) and abs(value) < 1 << 80:
        return str(value)
    return storable(value)[:most] if isinstance(value, str) else ""


def line(value: object, *path: str, most: int = 200) -> str:
    """As `text`, in one line: names and the like."""
    return " ".join(text(value, *path).split())[:most].strip()


def ident(value: object, *path: str) -> str:
    """An id: one word, short enough to be one. Empty when it is none."""
    found = text(value, *path)
    return found if found and len(found) <= 200 and not any(c.isspace() for c in found) else ""


def number(value: object, *path: str) -> int | None:
    """A whole number, also one written as text."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value == value and abs(value) < 1e15:
        return int(value)
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and abs(value) < 1 << 63 else None


def storable(value: str) -> str:
    """Without what PostgreSQL cannot hold, and with whole signs only."""
    return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(value: object, *path: str, default: datetime) -> datetime:
    """A time given in seconds or milliseconds, or as ISO 8601; never later than `default`, which is when it came."""
    count = number(value, *path)
    if count is not None:
        seconds = count / 1000 if count >= 10**12 else count
        found = datetime.fromtimestamp(seconds, UTC) if _EARLIEST < seconds < _LATEST else default
    else:
        found = _iso(text(value, *path), default)
    return min(found, default)


def _iso(value: str, default: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return default
    if not 2001 < found.year < 2100:
        return default
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def key_of(*parts: object) -> UUID:
    """The identity of what came in, from what makes it one."""
    content = "\0".join(str(part) for part in parts).encode("utf-8", "replace")
    return UUID(bytes=hashlib.sha256(content).digest()[:16])


def digest_of(*parts: object) -> str:
    return key_of(*parts).hex
