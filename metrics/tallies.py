"""Facts counted by day and kept, so that a year costs what its days cost and not what its tickets do.

A day of a time zone is either counted and unchanged since (`clean_days`), and then its tallies are read, or its facts
are counted as they stand; the sum is the same to the last one. Triggers note, in the transaction of a change, which
hours are out of date (`ChangedHour`), and Celery counts their days anew: whatever comes late, twice or out of order
ends in the same count, since a day is always counted whole. Each zone somebody reads in has days of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, DateField, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import (
    Cast,
    Coalesce,
    ExtractHour,
    ExtractIsoWeekDay,
    Floor,
    Greatest,
    Ln,
    Trunc,
    TruncDate,
)

from metrics.clocks.machine import State
from metrics.clocks.terms import Target
from metrics.facts import KEPT, MISSED, Scope, answers, ended, opened
from metrics.models import ChangedHour, CountedDay, DayTally, MonthTally
from metrics.surveys.scales import Kind
from people.scope import Reach

# Counted up whenever what is counted below changes: all days are then counted anew, and said to be.
DEFINITION = 1
# Lengths of time fall into bins, eight to each doubling.
BINS = 8 / 0.6931471805599453


class What(IntEnum):
    PROMISE = 1
    SCORE = 2
    ARRIVAL = 3
    ELAPSED = 4
    OPEN = 5


class Dim(IntEnum):
    """By which trait facts are told apart."""

    ALL = 0
    CHANNEL = 1
    TEAM = 2
    AGENT = 3


class Outcome(IntEnum):
    """How a promise went: kept, answered late, never answered though due, or over before it was due."""

    KEPT = 1
    LATE = 2
    LOST = 3
    DROPPED = 4


TARGETS = {target.value: number for number, target in enumerate(Target, 1)}
KINDS = {kind.value: number for number, kind in enumerate(Kind, 1)}


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of fact: where its rows are, when each happened, its value, and the columns of its traits."""

    what: What
    moment: str
    facts: Callable[[Scope], QuerySet[Any]]
    key: Callable[[ZoneInfo], Any]
    channel: str
    team: str
    agent: str
    ticket: str  # how a column of the ticket is named from here
    length: str = ""  # the column of its length of time, where it has one

    def column(self, dim: Dim) -> Any:
        return {Dim.ALL: Value(0), Dim.CHANNEL: F(self.channel), Dim.TEAM: F(self.team), Dim.AGENT: F(self.agent)}[dim]


def _numbered(column: str, numbers: dict[str, int]) -> Case:
    return Case(*[When(**{column: name}, then=Value(number)) for name, number in numbers.items()], default=Value(0))


def _promise(_zone: ZoneInfo) -> Any:
    outcome = Case(
        When(KEPT, then=Value(Outcome.KEPT)), When(MISSED & Q(state=State.FULFILLED), then=Value(Outcome.LATE)),
        When(MISSED, then=Value(Outcome.LOST)), When(state=State.CANCELLED, then=Value(Outcome.DROPPED)),
        default=Value(0), output_field=IntegerField(),
    )  # fmt: skip
    return _numbered("target", TARGETS) * 10 + outcome


def bin_of(column: str) -> Any:
    """The bin of a length of time; what is below a second falls into the first."""
    return Cast(Floor(Ln(Greatest(F(column), Value(1.0))) * Value(BINS)), IntegerField())


def first_given(scope: Scope, column: str) -> QuerySet[Any]:
    """First answers that were given, with their length of time."""
    return ended(scope).filter(target=Target.FIRST, state=State.FULFILLED, **{f"{column}__isnull": False})


_CLOCK = {"channel": "channel_id", "team": "team_id", "agent": "answered_by", "ticket": "ticket__"}
PROMISES = Measure(What.PROMISE, "stopped_at", ended, _promise, **_CLOCK)
SCORES = Measure(
    What.SCORE, "answered_at", answers, lambda _zone: _numbered("kind", KINDS) * 100 + F("score"), "channel_id",
    "team_id", "agent_id", "ticket__",
)  # fmt: skip
ARRIVALS = Measure(
    What.ARRIVAL, "opened_at", opened, lambda zone: ExtractHour("opened_at", tzinfo=zone), "channel_id", "team_id",
    "assignee_id", "",
)  # fmt: skip
WAITS = {
    "wall_seconds": Measure(What.ELAPSED, "stopped_at", lambda scope: first_given(scope, "wall_seconds"),
                            lambda _zone: bin_of("wall_seconds"), **_CLOCK, length="wall_seconds"),
    "used_seconds": Measure(What.OPEN, "stopped_at", lambda scope: first_given(scope, "used_seconds"),
                            lambda _zone: bin_of("used_seconds"), length="used_seconds", **_CLOCK),
}  # fmt: skip
MEASURES = (PROMISES, SCORES, ARRIVALS, *WAITS.values())

# (group, slot, key); the first two None where they were not asked for. No group is None as well. A slot is the first
# day of the day, week or month, or the number of the weekday from Monday = 1.
Slot = date | int | None
Tallied = Counter[tuple[int | None, Slot, int]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts of a scope are read: whole months and single days of kept counts by `dim`, all else from rows."""

    dim: Dim
    months: tuple[date, ...]
    days: tuple[date, ...]
    left: tuple[tuple[datetime, datetime], ...]

    @property
    def kept(self) -> list[date]:
        """Every day that is not read from rows."""
        return [*(day for month in self.months for day in month_days(month)), *self.days]


def sources(scope: Scope, group: Dim | None, over: str | None) -> Sources:
    """The cheapest reading that gives the same to the last one."""
    dim = _readable(scope, group)
    days = _days(scope) if dim is not None else []
    clean = [day for day in days if day in scope.clean]
    if dim is None or not clean:
        return Sources(Dim.ALL, (), (), ((scope.start, scope.end),))
    months = _whole_months(clean, scope) if over in (None, "month") else []
    within = {day for month in months for day in month_days(month)}
    left = spans_of([day for day in days if day not in scope.clean], scope.zone)
    return Sources(dim, tuple(months), tuple(day for day in clean if day not in within), tuple(left))


def count(scope: Scope, measure: Measure, *, group: Dim | None = None, over: str | None = None) -> Tallied:
    """How often each value occurs in the period, by a trait and by slots of the scope's zone where asked for. Three
    queries at most, four for readers who see only some tickets."""
    read = sources(scope, group, over)
    found: Tallied = Counter()
    for model, days in ((MonthTally, read.months), (DayTally, read.days)):
        if days:
            found.update(_kept(model, scope, measure, read.dim, days, group, over))
    if not scope.agent.sees_everything and (kept := read.kept):
        found.update(_live(own(scope, measure), measure, spans_of(kept, scope.zone), scope, group, over))
    if read.left:
        found.update(_live(measure.facts(scope), measure, read.left, scope, group, over))
    return found


def month_days(month: date) -> list[date]:
    """All days of the month that begins then."""
    until = (month + timedelta(days=31)).replace(day=1)
    return [month + timedelta(days=number) for number in range((until - month).days)]


def _whole_months(clean: Sequence[date], scope: Scope) -> list[date]:
    """The months all of whose days are asked for, hold, and are rolled up."""
    usable = scope.rolled.intersection(clean)
    firsts = sorted(day for day in usable if day.day == 1)
    return [month for month in firsts if usable.issuperset(month_days(month))]


def _readable(scope: Scope, group: Dim | None) -> Dim | None:
    """The trait by which the kept tallies answer this; None where they cannot."""
    asked = {
        dim: value
        for dim, value in ((Dim.CHANNEL, scope.channel), (Dim.TEAM, scope.team), (Dim.AGENT, scope.member))
        if value is not None
    }
    if scope.language or len(asked) > 1 or not scope.clean:
        return None
    if not scope.agent.sees_everything and scope.agent.scope.reach < Reach.TEAMS:
        return None
    only = next(iter(asked), Dim.ALL)
    return only if group is None else group if only in (Dim.ALL, group) else None


def kept_rows(model: Any, scope: Scope, measure: Measure, dim: Dim, days: Sequence[date]) -> QuerySet[Any]:
    """The tallies of these days, or months, that the reader sees and the scope asks for."""
    within = Q(day__in=days) if model is MonthTally else _runs_q(days)
    rows = model.objects.filter(within, zone=scope.zone, what=measure.what, dim=dim)
    id = {Dim.CHANNEL: scope.channel, Dim.TEAM: scope.team, Dim.AGENT: scope.member}.get(dim)
    if id is not None:
        rows = rows.filter(group=id)
    if not scope.agent.sees_everything:
        rows = rows.filter(_place_q(scope, "place_team", "place_channel"))
    return rows


def _kept(
    model: Any, scope: Scope, measure: Measure, dim: Dim, days: Sequence[date], group: Dim | None, over: str | None
) -> dict[tuple[int | None, Slot, int], int]:
    rows = kept_rows(model, scope, measure, dim, days)
    names = ["key"]
    if group is not None:
        names = ["group", *names]
    if over is not None:
        rows, names = rows.annotate(slot=_slot(F("day"), over)), ["slot", *names]
    return {
        ((row["group"] or None) if group is not None else None, row.get("slot"), row["key"]): row["total"]
        for row in rows.order_by().values(*names).annotate(total=Sum("n"))
    }


def _slot(day: Any, over: str) -> Any:
    """The slot a day lies in."""
    if over == "weekday":
        return ExtractIsoWeekDay(day)
    return day if over == "day" else Trunc(day, over, output_field=DateField())


def _place_q(scope: Scope, team: str, channel: str) -> Q:
    """What the reader sees by team and channel (0 for none); what has no ticket is everybody's."""
    sight = scope.agent.scope
    found = Q(**{f"{team}__in": [0, *sight.team_ids]}) if sight.reach == Reach.TEAMS else Q()
    if sight.channel_ids is not None:
        found &= Q(**{f"{channel}__in": [0, *sight.channel_ids]})
    return found


def own(scope: Scope, measure: Measure) -> QuerySet[Any]:
    """What the reader sees for no other reason than that it is assigned to them."""
    name = measure.ticket
    facts = measure.facts(scope).filter(**{f"{name}assignee_id": scope.agent.pk})
    return facts.annotate(own_team=Coalesce(F(f"{name}team_id"), Value(0)), own_channel=F(f"{name}channel_id")).exclude(
        _place_q(scope, "own_team", "own_channel")
    )


def _live(
    facts: QuerySet[Any], measure: Measure, spans: Iterable[tuple[datetime, datetime]], scope: Scope,
    group: Dim | None, over: str | None,
) -> Tallied:  # fmt: skip
    zone = ZoneInfo(scope.zone)
    rows = facts.filter(within(measure, spans)).annotate(tally_key=measure.key(zone))
    names = ["tally_key"]
    if group is not None:
        rows, names = rows.annotate(tally_group=measure.column(group)), ["tally_group", *names]
    if over is not None:
        slot = _slot(TruncDate(measure.moment, tzinfo=zone), over)
        rows, names = rows.annotate(tally_slot=slot), ["tally_slot", *names]
    return Counter({
        (row.get("tally_group"), row.get("tally_slot"), row["tally_key"]): row["total"]
        for row in rows.order_by().values(*names).annotate(total=Count("pk"))
    })  # fmt: skip


# Days


def within(measure: Measure, spans: Iterable[tuple[datetime, datetime]]) -> Q:
    """That a fact happened in one of these spans."""
    found = Q()
    for start, end in spans:
        found |= Q(**{f"{measure.moment}__gte": start, f"{measure.moment}__lt": end})
    return found


def clean_days(zone: str) -> frozenset[date]:
    """The days of this zone whose tallies hold, read now."""
    return kept_days(zone)[0]


def kept_days(zone: str) -> tuple[frozenset[date], frozenset[date]]:
    """The same, and which of them stand in the tally of their month. One query for each of two small tables."""
    known = list(CountedDay.objects.filter(zone=zone, definition=DEFINITION).values_list("day", "in_month"))
    changed = ChangedHour.objects.values_list("at", flat=True).distinct()
    # Read in this order: a day counted anew between the two is at worst counted live once more.
    stale = days_of_hours(changed, zone)
    clean = {day: rolled for day, rolled in known if day not in stale}
    return frozenset(clean), frozenset(day for day, rolled in clean.items() if rolled)


def days_of_hours(hours: Iterable[datetime], zone: str) -> set[date]:
    """The days an hour touches: two where the zone's days begin in the middle of one."""
    tz, almost = ZoneInfo(zone), timedelta(minutes=59, seconds=59)
    return {at.astimezone(tz).date() for hour in hours for at in (hour, hour + almost)}


def _days(scope: Scope) -> list[date]:
    """The days of the scope's zone it is made of; none where it does not begin and end with a day."""
    tz = ZoneInfo(scope.zone)
    start, end = scope.start.astimezone(tz), scope.end.astimezone(tz)
    if midnight(start.date(), scope.zone) != scope.start or midnight(end.date(), scope.zone) != scope.end:
        return []
    return scope_days(scope)


def scope_days(scope: Scope) -> list[date]:
    """The days of the scope's zone that it touches."""
    tz = ZoneInfo(scope.zone)
    first = scope.start.astimezone(tz).date()
    last = (scope.end - timedelta(microseconds=1)).astimezone(tz).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def midnight(day: date, zone: str) -> datetime:
    """When a day begins there."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """(first, last) of the days that follow each other."""
    first = last = None
    for day in sorted(days):
        if last is not None and day == last + timedelta(days=1):
            last = day
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = day
    if first is not None and last is not None:
        yield first, last


def _runs_q(days: Iterable[date]) -> Q:
    found = Q()
    for first, last in runs(days):
        found |= Q(day__range=(first, last))
    return found


def spans_of(days: Iterable[date], zone: str) -> list[tuple[datetime, datetime]]:
    return [(midnight(first, zone), midnight(last + timedelta(days=1), zone)) for first, last in runs(days)]
