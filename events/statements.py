"""Statements of the hot paths: planned once a connection, and bound by the server.

Django's cursor writes the values into the SQL, so PostgreSQL parses and plans each statement anew; on a path of
twenty statements a mail that was more than half of the whole cost (docs/performance.md). Here the same SQL is
prepared at its first use. Behind a pooler that hands out connections by the transaction nothing is prepared.
(psycopg's pipelines were tried and took more CPU than they saved.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from django.db import connection


class PreparedCursor(psycopg.Cursor[tuple[Any, ...]]):
    """psycopg's own cursor; the settings let it prepare what it executes, at the first time."""

    def execute(  # type: ignore[override]  # fewer ways to call it than psycopg has
        self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None, *, binary: bool | None = None
    ) -> Self:
        if connection.queries_logged:  # tests count statements
            connection.queries_log.append({"sql": query, "time": "0"})
        return super().execute(query.encode(), params, binary=binary)


@contextmanager
def prepared() -> Iterator[PreparedCursor]:
    """A cursor on Django's connection, in its transaction, raising Django's errors."""
    connection.ensure_connection()
    with connection.wrap_database_errors, PreparedCursor(connection.connection) as cursor:
        yield cursor
