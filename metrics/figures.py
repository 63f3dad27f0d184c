"""The figures of the service level page, of clocks that are over, in the reader's scope."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Value

from people.desks import agents_at_their_desks
from people.models import Agent
from tickets.models import Channel, DueState, Status, Ticket

from .clocks.machine import State
from .clocks.terms import Target
from .facts import FEW, MISSED, Scope, ended, overdue
from .measures import PROMISES, TARGETS, Dim, Outcome
from .models import Clock, FollowUp, FollowUpState
from .statistics import wilson
from .tallies import count
from .waits import Quantile, quantiles


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
class Answering:
    """How long first answers took: elapsed and open time."""

    n: int
    wall_median: Quantile
    wall_p90: Quantile
    open_median: Quantile
    open_p90: Quantile


def attainment(scope: Scope) -> list[Attainment]:
    """By target, in the order of a ticket's life."""
    counts = count(scope, PROMISES)
    return [attainment_of(target, ((key, n) for (_, _, key), n in counts.items())) for target in Target]


def by_channel(scope: Scope) -> list[tuple[str, Attainment]]:
    """First answers by channel, by name."""
    names = dict(Channel.objects.values_list("pk", "name"))
    found = [(names.get(id or 0, "?"), one) for id, one in first_by_group(scope, Dim.CHANNEL).items()]
    return sorted(found, key=lambda entry: entry[0].casefold())


def first_by_group(scope: Scope, group: Dim) -> dict[int | None, Attainment]:
    """First answers by channel, team or person."""
    found: dict[int | None, list[tuple[int, int]]] = defaultdict(list)
    for (id, _day, key), n in count(scope, PROMISES, group=group).items():
        if key // 10 == TARGETS[Target.FIRST]:
            found[id].append((key, n))
    return {id: attainment_of(Target.FIRST, entries) for id, entries in found.items()}


def over_time(scope: Scope, step: str = "day") -> dict[date, Attainment]:
    """First answers by day, week or month of the scope's zone, those without any left out."""
    found: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for (_group, day, key), n in count(scope, PROMISES, over=step).items():
        if key // 10 == TARGETS[Target.FIRST] and isinstance(day, date):
            found[day].append((key, n))
    return {day: attainment_of(Target.FIRST, found[day]) for day in sorted(found)}


def attainment_of(target: str, counts: Iterable[tuple[int, int]]) -> Attainment:
    """Out of (target and outcome, how often), whichever targets are among them."""
    found: Counter[int] = Counter()
    for key, n in counts:
        if key // 10 == TARGETS[target]:
            found[key % 10] += n
    return Attainment(target, found[Outcome.KEPT], found[Outcome.LATE] + found[Outcome.LOST], found[Outcome.DROPPED])


def answering(scope: Scope) -> Answering:
    """Median and p90 of the time to the first answer; of answers given, whether in time or late."""
    n, wall = quantiles(replace(scope, open_time=False), 0.5, 0.9)
    _n, opened = quantiles(replace(scope, open_time=True), 0.5, 0.9)
    return Answering(n, *wall, *opened)


def clocks_behind(scope: Scope, target: str, *, missed: bool = True) -> QuerySet[Clock]:
    """What stands behind a figure, latest first: the promises not kept, or all that were answered or missed."""
    found = (
        ended(scope)
        .filter(MISSED if missed else MISSED | Q(state=State.FULFILLED), target=target)
        .select_related("ticket", "ticket__channel")
    )
    return found.annotate(late=F("stopped_at") - F("breached_at")).order_by("-stopped_at", "-pk")


def overdue_counts(scope: Scope, now: datetime) -> Counter[str]:
    """By target: promises that are overdue and have not ended, which no share counts yet. One query."""
    counted = overdue(scope, now).values_list("target").annotate(n=Count("pk")).order_by()
    return Counter(dict(counted))


def clocks_overdue(scope: Scope, target: str, now: datetime) -> QuerySet[Clock]:
    """What stands behind such a number, the longest overdue first."""
    found = overdue(scope, now).filter(target=target).select_related("ticket", "ticket__channel")
    return found.annotate(late=Value(now) - F("due_at")).order_by("due_at", "pk")


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
