"""How the work is shared out: tickets, first answers and ratings by channel, team and person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Q
from django.db.models import QuerySet as Rows

from metrics.clocks.machine import State
from metrics.clocks.terms import Target
from metrics.figures import FEW, KEPT, MISSED, Scope, ended
from metrics.satisfaction import by_group as ratings_by_group
from metrics.satisfaction import names_of
from metrics.statistics import Interval, wilson
from tickets.models import Status, Ticket

# The column of a clock and of a ticket by which each is grouped.
_COLUMNS = {"channel": ("channel_id", "channel_id"), "team": ("team_id", "team_id"),
            "agent": ("answered_by", "assignee_id")}  # fmt: skip


class Percentile(Aggregate):
    """The smallest value that at least the share `q` does not exceed."""

    template = "percentile_disc(%(q)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, q: float, **extra: Any) -> None:
        super().__init__(expression, q=q, **extra)


@dataclass(frozen=True, slots=True)
class Row:
    """One channel, team or person. `kept` of `n` first answers came in time; times are seconds; `rating` is the
    estimate of the share satisfied, None without ratings."""

    id: int | None
    name: str
    opened: int
    n: int
    kept: int
    missed: int
    median: float | None
    p90: float | None
    rating: float | None
    ratings: int

    @property
    def is_few(self) -> bool:
        return self.n < FEW

    @property
    def share(self) -> float | None:
        due = self.kept + self.missed
        return 100 * self.kept / due if due else None

    @property
    def interval(self) -> Interval:
        low, high = wilson(self.kept, self.kept + self.missed)
        return 100 * low, 100 * high


def opened(scope: Scope) -> Rows[Ticket]:
    """Tickets opened in the period that the reader may see, without spam."""
    tickets = Ticket.objects.visible_to(scope.agent).exclude(status=Status.SPAM)
    tickets = tickets.filter(opened_at__gte=scope.start, opened_at__lt=scope.end)
    for name, value in (("channel", scope.channel), ("team", scope.team), ("assignee", scope.member)):
        if value is not None:
            tickets = tickets.filter(**{name: value})
    return tickets.filter(language=scope.language) if scope.language else tickets


def by_group(scope: Scope, group: str) -> list[Row]:
    """By name. Five queries."""
    clock, ticket = _COLUMNS[group]
    seconds = scope.seconds
    answered = Q(state=State.FULFILLED)
    firsts = ended(scope).filter(target=Target.FIRST).order_by().values(clock).annotate(
        n=Count("pk", filter=answered), kept=Count("pk", filter=KEPT), missed=Count("pk", filter=MISSED),
        median=Percentile(seconds, 0.5, filter=answered), p90=Percentile(seconds, 0.9, filter=answered),
    )  # fmt: skip
    clocks = {row[clock]: row for row in firsts}
    counts = dict(opened(scope).order_by().values_list(ticket).annotate(n=Count("pk")))
    ratings = {row.id: row for row in ratings_by_group(scope, "csat", group)}
    ids = {*clocks, *counts, *ratings}
    names = names_of(group, [id for id in ids if id is not None])
    rows = []
    for id in ids:
        said, rated = clocks.get(id, {}), ratings.get(id)
        rows.append(Row(
            id, names.get(id, "–") if id is not None else "–", counts.get(id, 0), said.get("n", 0), said.get("kept", 0),
            said.get("missed", 0), said.get("median"), said.get("p90"), rated.shrunk if rated else None,
            rated.scores.n if rated else 0,
        ))  # fmt: skip
    return sorted(rows, key=lambda row: (row.id is None, row.name.casefold()))
