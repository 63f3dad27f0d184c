"""Queries of the hot pages, whose SQL is worked out once: Django building and compiling them was a third of a page.

What is kept is the query and its SQL, never rows: each run asks the database. Everything the SQL depends on must be in
the key, or be a slot, whose value is given at each run. A query that runs again and again is prepared too: PostgreSQL
took ten times as long to plan that of an open ticket as to run it. Only slots are given apart then; a planner that is
not told the other values (a status, a LIMIT) plans worse.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from threading import Lock
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from psycopg import sql
from psycopg.types.numeric import Int8

from events.statements import PreparedCursor

KEPT = 256  # queries a process; one of a list page holds some 60 KB
HOT = 8  # runs, after which a query is prepared: each connection that does keeps its plan
MOST_SLOTS = 512
MOST_AMONG = 64
_LARGEST = 2**63 - 1
# No id or sequence is negative, and Django drops a condition that lies outside its column's range.
_SLOTS = -(2**31) + MOST_SLOTS


def slot(number: int) -> int:
    """Stands in a condition for a whole number that is known only when the query runs; for columns of
    32 bits or more, `number` below `MOST_SLOTS`."""
    return _SLOTS - number


_PLACES = {slot(number): number for number in range(MOST_SLOTS)}


class Compiled:
    """A query with its SQL. May be run by several threads at once."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        self._queryset = queryset._chain()  # type: ignore[attr-defined]
        self._compiler = self._queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            self._sql, self._params = self._compiler.as_sql()
        except EmptyResultSet:
            self._sql, self._params = "", ()
        self._open = [(at, _PLACES[value]) for at, value in enumerate(self._params) if _is_slot(value)]
        self._runs = 0
        self._bound = ""

    def run(self, *values: int) -> list[Any]:
        """The rows, as the queryset would have given them; `values` fill the slots by number. One query."""
        if not self._sql:
            return []
        compiler = self._ready(values)
        queryset = _twin(self._queryset)
        queryset._query = _twin(queryset.query)  # setting `query` would choose another kind of rows
        queryset.query.get_compiler = lambda *args, **kwargs: compiler
        return list(queryset._iterable_class(queryset))

    def _ready(self, values: tuple[int, ...]) -> Any:
        compiler = _twin(self._compiler)  # an execution leaves its marks on it
        database = connections[DEFAULT_DB_ALIAS]  # each thread has its own
        self._runs += 1
        # A number larger than any column is compared too, and found nowhere; bound, it would be an error.
        if self._runs <= HOT or any(abs(value) > _LARGEST for value in values):
            params = list(self._params)
            for at, number in self._open:
                params[at] = type(params[at])(values[number])
            statement = (self._sql, tuple(params))
            compiler.connection = database
        else:
            self._bound = self._bound or _bound(database, self._sql, self._params)
            statement = (self._bound, tuple(Int8(values[number]) for _, number in self._open))
            compiler.connection = _Preparing(database)
        compiler.as_sql = lambda *args, **kwargs: statement
        return compiler


class _Preparing:
    """Django's connection, whose cursors prepare what they are given."""

    def __init__(self, database: BaseDatabaseWrapper) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def cursor(self) -> CursorWrapper:
        self._database.ensure_connection()
        with self._database.wrap_database_errors:
            cursor = PreparedCursor(self._database.connection)
        cursor.database = self._database
        return CursorWrapper(cursor, self._database)


def _bound(database: BaseDatabaseWrapper, statement: str, params: tuple[Any, ...]) -> str:
    """The statement with its values written into it as Django's cursor would, slots excepted."""
    database.ensure_connection()
    left = iter(params)

    def write(found: re.Match[str]) -> str:
        if found[0] == "%%" or _is_slot(value := next(left)):
            return found[0]
        return sql.Literal(value).as_string(database.connection).replace("%", "%%")

    return re.sub("%%|%s", write, statement)


def compiled_among(
    key: Hashable, build: Callable[[list[int]], QuerySet[Any, Any]], numbers: Collection[int]
) -> list[Any]:
    """The rows of `build(of these numbers)`, in its order within each 64 of them. One query for every 64; kept under
    `key` and the next power of two, whose places that stay empty repeat a number: a condition `IN` minds neither."""
    rows: list[Any] = []
    asked = list(numbers)
    for start in range(0, len(asked), MOST_AMONG):
        part = asked[start : start + MOST_AMONG]
        size = 1 << (len(part) - 1).bit_length()
        query = compiled((key, size), lambda size=size: build([slot(number) for number in range(size)]))  # type: ignore[misc]
        rows += query.run(*part, *part[-1:] * (size - len(part)))
    return rows


def _twin(original: Any) -> Any:
    """A shallow copy. Not `copy.copy`, for which a queryset would fetch its rows."""
    twin = object.__new__(type(original))
    twin.__dict__.update(original.__dict__)
    return twin


def _is_slot(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _PLACES


_kept: OrderedDict[Hashable, Compiled] = OrderedDict()
_lock = Lock()


def compiled(key: Hashable, build: Callable[[], QuerySet[Any, Any]]) -> Compiled:
    """The query kept under `key`, built at its first use; the longest unused goes."""
    with _lock:
        if found := _kept.get(key):
            _kept.move_to_end(key)
            return found
    made = Compiled(build())
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made
