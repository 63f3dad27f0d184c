"""Pages by keyset: the cursor names the last row seen, so page 1,000 costs what page 1 does and nothing is counted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from people.api.problems import invalid_input

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_BIGGEST = 2**63 - 1
M = TypeVar("M", bound=Model)
Position = tuple[int, ...]


class LimitQuery(serializers.Serializer[Any]):
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="Rows a page, 1 to 100."
    )


class PageQuery(LimitQuery):
    """The parameters every list takes."""

    cursor = serializers.CharField(
        required=False, max_length=200, help_text="Where the page starts: taken from `next` of the page before."
    )


def keyset_page(rows: QuerySet[M], *, key: str, limit: int, after: Position | None) -> list[M]:
    """Up to limit + 1 rows in the order of `key` ("-id" or "id") that follow the position."""
    field = key.removeprefix("-")
    if after is not None:
        comparison = "lt" if key.startswith("-") else "gt"
        rows = rows.filter(**{f"{field}__{comparison}": after[0]})
    return list(rows.order_by(key)[: limit + 1])


def encode_cursor(position: Position) -> str:
    """Opaque on purpose: what it holds may change; it grants nothing, the scope is asked anew on each page."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_cursor(text: str, *, width: int) -> Position:
    """The position in a cursor, or a 400 problem: it comes from outside."""
    try:
        position = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        position = None
    if isinstance(position, list) and len(position) == width and all(_whole(part) for part in position):
        return tuple(position)
    raise invalid_input([{"field": "cursor", "code": "invalid", "detail": "This is not a cursor of this list."}])


def _whole(part: object) -> bool:
    return type(part) is int and -1 <= part <= _BIGGEST


def page_body(request: Request, results: Sequence[Any], cursor: str | None) -> dict[str, Any]:
    """What a list answers: the rows and the address of the next page."""
    return {"next": next_address(request, cursor) if cursor else None, "results": list(results)}


def next_address(request: Request, cursor: str, *, parameter: str = "cursor") -> str:
    """The same request with the next cursor."""
    query = request.query_params.copy()
    query[parameter] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
