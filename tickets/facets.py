"""What decides in which views a ticket stands, and the one meaning of a view's `where`.

A `where` maps a facet to the values it allows; None among them means "no team" or "nobody". The list reads it as a
condition on tickets, the counts as one on tallies, live updates in Python: compiled here so that they cannot differ.
Conditions that are no facet, which only the database can answer, are in `tickets.conditions`.
Tallies know nothing of deadlines, so a view by `due` is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Q

Where = Mapping[str, tuple[object, ...]]
COUNTED = ("status", "team", "assignee", "channel", "snoozed", "attention")
FACETS = (*COUNTED, "due")
_IDS = {"team", "assignee", "channel"}


class HasFacets(Protocol):
    """A tally row, or what was read of a ticket."""

    @property
    def status(self) -> str: ...
    @property
    def team_id(self) -> int | None: ...
    @property
    def assignee_id(self) -> int | None: ...
    @property
    def channel_id(self) -> int: ...
    @property
    def snoozed(self) -> bool: ...
    @property
    def attention(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Facets:
    status: str
    team_id: int | None
    assignee_id: int | None
    channel_id: int
    snoozed: bool
    attention: bool
    due: str = ""


def matches(where: Where, facets: HasFacets) -> bool:
    """Whether a ticket with these facets stands in the view."""
    return all(_value(facets, name) in allowed for name, allowed in where.items())


def is_plain(where: Where) -> bool:
    """Whether only facets decide, so that the same words always mean the same condition: no moments, no text."""
    return where.keys() <= set(FACETS)


def facet_q(name: str, allowed: tuple[object, ...]) -> Q:
    """One facet as a condition on `Ticket`; `tickets.conditions` puts them together."""
    if name == "snoozed":
        return _snoozed(allowed)
    if name == "attention":
        return _any_of("needs_attention", allowed)
    return _any_of("due_state" if name == "due" else _column(name), allowed)


def tally_q(where: Where) -> Q:
    """The same as a condition on `Tally`."""
    condition = Q()
    for name, allowed in where.items():
        condition &= _any_of(_column(name), allowed)
    return condition


def _value(facets: HasFacets, name: str) -> object:
    return getattr(facets, _column(name))


def _column(name: str) -> str:
    if name not in FACETS:
        raise ValueError(f"{name!r} is not a facet of a ticket")
    return f"{name}_id" if name in _IDS else name


def _snoozed(allowed: tuple[object, ...]) -> Q:
    """Whether there is a moment to wake at; a lookup, which unlike a column knows no IN."""
    if len(set(allowed)) == 1:
        return Q(snoozed_until__isnull=not allowed[0])
    return Q() if allowed else Q(pk__in=[])


def _any_of(column: str, allowed: Iterable[object]) -> Q:
    """`column` is one of these; SQL's IN never finds NULL, so it is asked for apart. None allowed matches nothing."""
    values = [value for value in allowed if value is not None]
    condition = Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": values})
    if None in allowed:
        condition = Q(**{f"{column}__isnull": True}) | condition if values else Q(**{f"{column}__isnull": True})
    return condition
