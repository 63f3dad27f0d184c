"""Statements of the hot paths: planned once a connection, and bound by the server.

Django's cursor writes the values into the SQL, so PostgreSQL parses and plans each statement anew; on a path of
twenty statements a mail that was more than half of the whole cost (docs/performance.md). Here the same SQL is
prepared at its first use. A connection keeps a hundred (psycopg's `prepared_max`), some 100 KB each; the longest
unused goes. Behind a pooler that hands out connections by the transaction nothing is prepared.
(psycopg's pipelines were tried and took more CPU than they saved.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

NUMBERED = 512  # statements kept with the server's placeholders; of most there is one for all agents
_PLACEHOLDER = re.compile(r"%%|%s|%\((\w+)\)s")


class PreparedCursor(psycopg.RawCursor[tuple[Any, ...]]):
    """psycopg's raw cursor, given statements with its usual placeholders; the settings let it prepare what it executes,
    at the first time."""

    database: BaseDatabaseWrapper  # the one of Django it was made for

    def execute(  # type: ignore[override]  # fewer ways to call it than psycopg has
        self, query: str, params: Sequence[Any] | Mapping[str, Any] = (), *, binary: bool | None = None
    ) -> Self:
        if self.database.queries_logged:  # tests count statements
            self.database.queries_log.append({"sql": query, "time": "0"})
        numbered, names = _numbered(query)
        values = [params[name] for name in names] if isinstance(params, Mapping) else params
        return super().execute(numbered, values, binary=binary)


@lru_cache(NUMBERED)
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement with the server's own placeholders, and the names they stand for if they have names.

    psycopg does this at every call for statements of over 50 values.
    """
    names: list[str] = []
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PLACEHOLDER.sub(number, query).encode(), tuple(names)


@contextmanager
def prepared() -> Iterator[PreparedCursor]:
    """A cursor on Django's connection, in its transaction, raising Django's errors."""
    database = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does so at every use
    database.ensure_connection()
    with database.wrap_database_errors, PreparedCursor(database.connection) as cursor:
        cursor.database = database
        yield cursor
