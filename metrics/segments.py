"""Reports narrowed to customers of a segment: who they are now, whatever they were when they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q
from django.utils.translation import gettext as _

from commerce.members import members_of
from commerce.segments import segments
from metrics.clocks.terms import NEVER_BOUGHT


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment and the customers of it; where `outside`, everybody but these."""

    name: str
    customers: tuple[int, ...]
    outside: bool = False

    def q(self, column: str) -> Q:
        """Whose customer, by this column, is in it; never what has no customer."""
        return Q(_Among(column, self))

    def sql(self, column: str) -> str:
        """The same for SQL of ours, which has `customers` as %(members)s."""
        return f"{column} {'<> ALL' if self.outside else '= ANY'}(%(members)s::bigint[])"


class _Among(Func):
    """One array instead of a parameter a customer: there may be hundreds of thousands."""

    output_field = BooleanField()

    def __init__(self, column: str, segment: Segment) -> None:
        super().__init__(F(column))
        self.segment = segment

    def as_sql(  # type: ignore[override]  # needs none of Func's own words
        self, compiler: Any, connection: Any, **extra: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, _none = compiler.compile(self.source_expressions[0])
        compared = "<> ALL" if self.segment.outside else "= ANY"
        return f"{column} {compared}(%s::bigint[])", (list(self.segment.customers),)


def segment_names() -> dict[str, str]:
    """The segments a report can be narrowed to."""
    return dict(segments()) | {NEVER_BOUGHT: _("Has not bought yet")}


def read_segment(name: str | None, at: datetime) -> Segment | None:
    """Who is in the segment now; None for no such segment. One query, two for the best buyers."""
    if name == NEVER_BOUGHT:
        return Segment(name, tuple(members_of("bought", at)), outside=True)
    return Segment(name, tuple(members_of(name, at))) if name and name in segment_names() else None
