"""Queries of the hot pages, whose SQL is worked out once: Django building and compiling them was a third of a page.

What is kept is the query and its SQL, never rows: each run asks the database. Everything the SQL depends on must be in
the key, or be a slot, whose value is given at each run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

KEPT = 256  # queries a process; one of a list page holds some 60 KB
MOST_SLOTS = 512
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

    def run(self, *values: int) -> list[Any]:
        """The rows, as the queryset would have given them; `values` fill the slots by number. One query."""
        if not self._sql:
            return []
        params = list(self._params)
        for at, number in self._open:
            params[at] = type(params[at])(values[number])
        queryset = _twin(self._queryset)
        queryset._query = _twin(queryset.query)  # setting `query` would choose another kind of rows
        queryset.query.get_compiler = lambda *args, **kwargs: self._ready(tuple(params))
        return list(queryset._iterable_class(queryset))

    def _ready(self, params: tuple[Any, ...]) -> Any:
        compiler = _twin(self._compiler)  # an execution leaves its marks on it
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # each thread has its own
        compiler.as_sql = lambda *args, **kwargs: (self._sql, params)
        return compiler


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
