"""Statements of the hot paths: planned once a connection, bound by the server, several of them in one round trip.

Django's cursor writes the values into the SQL, so PostgreSQL parses and plans each statement anew; on a path of
twenty statements a mail that was more than half of the whole cost (docs/performance.md). Here the same SQL is
prepared at its first use. Behind a pooler that hands out connections by the transaction nothing is prepared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from django.conf import settings
from django.db import connection


class PreparedCursor(psycopg.Cursor[tuple[Any, ...]]):
    """psycopg's own cursor, preparing what it executes."""

    def execute(  # type: ignore[override]  # fewer ways to call it than psycopg has
        self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None, *, binary: bool | None = None
    ) -> Self:
        if connection.queries_logged:  # tests count statements
            connection.queries_log.append({"sql": query, "time": "0"})
        return super().execute(query.encode(), params, prepare=settings.PREPARED_STATEMENTS, binary=binary)


@contextmanager
def prepared() -> Iterator[PreparedCursor]:
    """A cursor on Django's connection, in its transaction, raising Django's errors."""
    connection.ensure_connection()
    with connection.wrap_database_errors, PreparedCursor(connection.connection) as cursor:
        yield cursor


@contextmanager
def prepared_together() -> Iterator[PreparedCursor]:
    """The same, with statements sent without waiting for each other's answers: the first fetch, or the end, waits.

    Only for prepared cursors: Django's own cannot share the trip. What fails may fail at a later line than its own.
    """
    with prepared() as cursor, connection.connection.pipeline():
        yield cursor
