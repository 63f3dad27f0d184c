"""What figures are counted from: the rows of a scope, in their reader's sight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from metrics.clocks.machine import State
from metrics.models import Clock, SurveyAnswer
from metrics.segments import Segment
from people.models import Agent
from tickets.models import Status, Ticket

KEPT = Q(state=State.FULFILLED, breached_at=None)
MISSED = Q(breached_at__isnull=False)
FEW = 30


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: whose eyes, which time, which channel, team, member of the staff, language and segment of
    customers; and whether lengths of time are open time of the calendar or elapsed. `brand` are the channels of one.

    `zone` is the one whose days are meant; of its days `clean` are those whose kept counts hold (`metrics.tallies`):
    with none, all is counted from the rows. Those of them that are `rolled` stand in the tally of their month too.
    `own`: the reader may have tickets that only being assigned lets them see; where it is known that there are none
    (`metrics.tallies.has_own`), nothing is looked up for them.
    """

    agent: Agent
    start: datetime
    end: datetime
    channel: int | None = None
    team: int | None = None
    member: int | None = None
    language: str = ""
    open_time: bool = False
    zone: str = settings.TIME_ZONE
    clean: frozenset[date] = frozenset()
    rolled: frozenset[date] = frozenset()
    segment: Segment | None = None
    own: bool = True
    brand: frozenset[int] | None = None

    @property
    def channels(self) -> list[int] | None:
        """All that are looked at, in order; None for every one. No channel has the number 0, which stands for none."""
        if self.channel is None:
            return None if self.brand is None else sorted(self.brand) or [0]
        return [self.channel] if self.brand is None or self.channel in self.brand else [0]

    def at(self, start: datetime, end: datetime) -> Scope:
        """The same of another time."""
        return replace(self, start=start, end=end)

    @property
    def seconds(self) -> str:
        """The column of a clock that holds the length of time asked for."""
        return "used_seconds" if self.open_time else "wall_seconds"


def ended(scope: Scope) -> QuerySet[Clock]:
    """Clocks that ended in the period, of tickets the reader may see."""
    clocks = Clock.objects.filter(stopped_at__gte=scope.start, stopped_at__lt=scope.end)
    return _of_clocks(scope, clocks, member="answered_by")


def overdue(scope: Scope, now: datetime) -> QuerySet[Clock]:
    """Clocks still open at `now` whose deadline passed before the end of the period, of tickets the reader may see.
    They count nowhere until they end. Whoever has the ticket is the person they are counted for."""
    clocks = Clock.objects.filter(stopped_at=None, due_at__lt=min(now, scope.end))
    return _of_clocks(scope, clocks, member="ticket__assignee")


def _of_clocks(scope: Scope, clocks: QuerySet[Clock], *, member: str) -> QuerySet[Clock]:
    clocks = clocks.filter(seconds__gt=0)
    if scope.channels is not None:
        clocks = clocks.filter(channel_id__in=scope.channels)
    if scope.team is not None:
        clocks = clocks.filter(team_id=scope.team)
    if scope.member is not None:
        clocks = clocks.filter(**{member: scope.member})
    if scope.language:
        clocks = clocks.filter(ticket__language=scope.language)
    if scope.segment:
        clocks = clocks.filter(scope.segment.q("ticket__customer_id"))
    if not (scope.agent.is_active and scope.agent.sees_everything):
        clocks = clocks.filter(ticket__in=Ticket.objects.visible_to(scope.agent))
    return clocks


def answers(scope: Scope) -> QuerySet[SurveyAnswer]:
    """Answers given in the period about tickets the reader may see; and those of public links, which have none."""
    found = SurveyAnswer.objects.filter(answered_at__gte=scope.start, answered_at__lt=scope.end)
    for name, value in (("channel_id__in", scope.channels), ("team_id", scope.team), ("agent_id", scope.member)):
        if value is not None:
            found = found.filter(**{name: value})
    if scope.language:
        found = found.filter(language=scope.language)
    if scope.segment:
        found = found.filter(scope.segment.q("customer_id"))
    if not (scope.agent.is_active and scope.agent.sees_everything):
        found = found.filter(Q(ticket=None) | Q(ticket__in=Ticket.objects.visible_to(scope.agent)))
    return found


def opened(scope: Scope) -> QuerySet[Ticket]:
    """Tickets opened in the period that the reader may see, without spam."""
    tickets = Ticket.objects.visible_to(scope.agent).exclude(status=Status.SPAM)
    tickets = tickets.filter(opened_at__gte=scope.start, opened_at__lt=scope.end)
    for name, value in (("channel__in", scope.channels), ("team", scope.team), ("assignee", scope.member)):
        if value is not None:
            tickets = tickets.filter(**{name: value})
    if scope.segment:
        tickets = tickets.filter(scope.segment.q("customer_id"))
    return tickets.filter(language=scope.language) if scope.language else tickets
