"""The figures of the service level page. Counted in SQL over clocks that are over, in the reader's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import TruncDate

from people.desks import agents_at_their_desks
from people.models import Agent
from tickets.models import Channel, DueState, Status, Ticket

from .clocks.machine import State
from .clocks.terms import Target
from .models import Clock, FollowUp, FollowUpState
from .statistics import order_statistics, wilson

KEPT = Q(state=State.FULFILLED, breached_at=None)
MISSED = Q(breached_at__isnull=False)
FEW = 30


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: whose eyes, which time, which channel, team, member of the staff and language; and whether
    lengths of time are open time of the calendar or elapsed."""

    agent: Agent
    start: datetime
    end: datetime
    channel: int | None = None
    team: int | None = None
    member: int | None = None
    language: str = ""
    open_time: bool = False

    def at(self, start: datetime, end: datetime) -> Scope:
        """The same of another time."""
        return replace(self, start=start, end=end)

    @property
    def seconds(self) -> str:
        """The column of a clock that holds the length of time asked for."""
        return "used_seconds" if self.open_time else "wall_seconds"


@dataclass(frozen=True, slots=True)
class Attainment:
    """How many promises were kept. `dropped` ended before their deadline without an answer and count neither way."""

    target: str
    kept: int
    missed: int
    dropped: int

    @property
    def n(self) -> int:
        return self.kept + self.missed

    @property
    def share(self) -> float | None:
        return self.kept / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.kept, self.n)

    @property
    def is_few(self) -> bool:
        return self.n < FEW


@dataclass(frozen=True, slots=True)
class Quantile:
    """An observed length of time and, where there are enough, the two between which the true one lies (95 %)."""

    seconds: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Answering:
    """How long first answers took: elapsed and open time."""

    n: int
    wall_median: Quantile
    wall_p90: Quantile
    open_median: Quantile
    open_p90: Quantile


def ended(scope: Scope) -> QuerySet[Clock]:
    """Clocks that ended in the period, of tickets the reader may see."""
    clocks = Clock.objects.filter(stopped_at__gte=scope.start, stopped_at__lt=scope.end, seconds__gt=0)
    if scope.channel is not None:
        clocks = clocks.filter(channel_id=scope.channel)
    if scope.team is not None:
        clocks = clocks.filter(team_id=scope.team)
    if scope.member is not None:
        clocks = clocks.filter(answered_by=scope.member)
    if scope.language:
        clocks = clocks.filter(ticket__language=scope.language)
    if not (scope.agent.is_active and scope.agent.sees_everything):
        clocks = clocks.filter(ticket__in=Ticket.objects.visible_to(scope.agent))
    return clocks


def attainment(scope: Scope) -> list[Attainment]:
    """By target, in the order of a ticket's life."""
    counted = {row["target"]: row for row in _counts(ended(scope).values("target"))}
    return [_attainment(target.value, counted.get(target.value, {})) for target in Target]


def by_channel(scope: Scope) -> list[tuple[str, Attainment]]:
    """First answers by channel, by name."""
    rows = _counts(ended(scope).filter(target=Target.FIRST).values("channel_id"))
    names = dict(Channel.objects.values_list("pk", "name"))
    found = [(names.get(row["channel_id"], "?"), _attainment(Target.FIRST, row)) for row in rows]
    return sorted(found, key=lambda entry: entry[0].casefold())


def by_day(scope: Scope, zone: Any) -> list[tuple[Any, int, int]]:
    """(day in the reader's zone, kept, missed) of first answers, days without any left out."""
    clocks = ended(scope).filter(target=Target.FIRST).annotate(day=TruncDate("stopped_at", tzinfo=zone))
    return [(row["day"], row["kept"], row["missed"]) for row in _counts(clocks.values("day")).order_by("day")]


def _counts(clocks: Any) -> Any:
    return clocks.order_by().annotate(
        kept=Count("pk", filter=KEPT), missed=Count("pk", filter=MISSED),
        dropped=Count("pk", filter=Q(state=State.CANCELLED, breached_at=None)),
    )  # fmt: skip


def _attainment(target: str, row: dict[str, Any]) -> Attainment:
    return Attainment(target, row.get("kept", 0), row.get("missed", 0), row.get("dropped", 0))


def answering(scope: Scope) -> Answering:
    """Median and p90 of the time to the first answer; of answers given, whether in time or late."""
    clocks = ended(scope).filter(target=Target.FIRST, state=State.FULFILLED)
    wall = sorted(seconds for seconds in clocks.values_list("wall_seconds", flat=True) if seconds is not None)
    opened = sorted(seconds for seconds in clocks.values_list("used_seconds", flat=True) if seconds is not None)
    return Answering(
        len(wall), quantile(wall, 0.5), quantile(wall, 0.9), quantile(opened, 0.5), quantile(opened, 0.9)
    )  # fmt: skip


def quantile(values: Sequence[float], q: float) -> Quantile:
    """The smallest value that at least the share q does not exceed, with its exact interval."""
    n = len(values)
    if n == 0:
        return Quantile(None, None, None)
    rank = min(n, max(1, -(-int(q * n * 1_000_000) // 1_000_000)))
    ranks = order_statistics(n, q)
    low, high = (values[ranks[0] - 1], values[ranks[1] - 1]) if ranks else (None, None)
    return Quantile(values[rank - 1], low, high)


def clocks_behind(scope: Scope, target: str, *, missed: bool = True) -> QuerySet[Clock]:
    """What stands behind a figure, latest first: the promises not kept, or all that were answered or missed."""
    found = (
        ended(scope)
        .filter(MISSED if missed else MISSED | Q(state=State.FULFILLED), target=target)
        .select_related("ticket", "ticket__channel")
    )
    return found.annotate(late=F("stopped_at") - F("breached_at")).order_by("-stopped_at", "-pk")


def standing(tickets: QuerySet[Ticket], now: datetime) -> dict[str, Any]:
    """Of these tickets: customers who wait, since when the first, deadlines of the next hour and missed. One query."""
    soon = Q(due_state=DueState.RUNNING, next_due_at__gt=now, next_due_at__lte=now + timedelta(hours=1))
    late = Q(due_state=DueState.LATE) | Q(due_state=DueState.RUNNING, next_due_at__lte=now)
    return tickets.filter(status__in=[Status.OPEN, Status.ON_HOLD]).aggregate(
        waiting=Count("pk", filter=Q(waiting_since__isnull=False)), oldest=Min("waiting_since"),
        soon=Count("pk", filter=soon), late=Count("pk", filter=late),
        chats=Count("pk", filter=Q(waiting_since__isnull=False, assignee=None, channel__kind="chat")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wall:
    """How it stands at this moment."""

    waiting: int
    oldest: datetime | None
    soon: int
    late: int
    next_up: list[Ticket]
    follow_ups: int
    at_desks: int
    chats: int


def wall(agent: Agent, now: datetime) -> Wall:
    """Customers who wait, the one who waits longest, deadlines of the next hour, deadlines missed, chats nobody has
    taken, customers to follow up, agents who have the helpdesk open. Three queries."""
    tickets = Ticket.objects.visible_to(agent).filter(status__in=[Status.OPEN, Status.ON_HOLD])
    said = standing(tickets, now)
    next_up = (
        tickets.filter(next_due_at__isnull=False)
        .select_related("channel", "assignee", "customer")
        .order_by("next_due_at", "pk")
    )
    open_ones = FollowUp.objects.filter(state=FollowUpState.OPEN, ticket__in=Ticket.objects.visible_to(agent)).count()
    return Wall(
        said["waiting"], said["oldest"], said["soon"], said["late"], list(next_up[:10]), open_ones,
        len(agents_at_their_desks()), said["chats"],
    )  # fmt: skip
