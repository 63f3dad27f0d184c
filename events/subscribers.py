"""Who listens to which kinds: one table, named by settings so that the lowest app knows no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from .models import Event


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A named reaction. `react` runs in a transaction that also marks the pair done, so its rows are written once;
    it must do nothing outside the database."""

    name: str
    kinds: frozenset[str]
    react: Callable[[Event], None]


@cache
def subscribers() -> Mapping[str, Subscriber]:
    """Every subscriber by name, from `settings.EVENT_SUBSCRIBERS` (dotted path of a sequence)."""
    return {subscriber.name: subscriber for subscriber in import_string(settings.EVENT_SUBSCRIBERS)}


@cache
def _names_by_kind() -> Mapping[str, tuple[str, ...]]:
    by_kind: dict[str, list[str]] = {}
    for subscriber in subscribers().values():
        for kind in subscriber.kinds:
            by_kind.setdefault(str(kind), []).append(subscriber.name)
    return {kind: tuple(names) for kind, names in by_kind.items()}


def listeners(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """(kind, subscriber name) for each of these kinds that somebody listens to."""
    by_kind = _names_by_kind()
    return [(str(kind), name) for kind in kinds for name in by_kind.get(str(kind), ())]
