"""Facts counted by day and kept, so that a year costs what its days cost and not what its tickets do.

A day of a time zone is either counted and unchanged since (`clean_days`), and then its tallies are read, or its facts
are counted as they stand; the sum is the same to the last one. Triggers note, in the transaction of a change, which
hours are out of date (`ChangedHour`), and Celery counts their days anew: whatever comes late, twice or out of order
ends in the same count, since a day is always counted whole. Each zone somebody reads in has days of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, ExtractIsoWeekDay, Trunc, TruncDate

from metrics.facts import Scope
from metrics.measures import Dim, Measure, language_number
from metrics.models import ChangedHour, CountedDay, DayTally, MonthTally
from people.models import Agent
from people.scope import Reach
from tickets.models import Ticket

# Counted up whenever what is counted below changes: all days are then counted anew, and said to be.
DEFINITION = 2
# Of these, those that only count finer than the one before: every figure is what it was, and nothing is to be said.
FINER = frozenset({2})

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
    if looks_for_own(scope) and (kept := read.kept):
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
    asked = _asked(scope)
    if scope.segment or len(asked) > 1 or not scope.clean:
        return None
    if not scope.agent.sees_everything and scope.agent.scope.reach < Reach.TEAMS:
        return None
    only = next(iter(asked), Dim.ALL)
    return only if group is None else group if only in (Dim.ALL, group) else None


def _asked(scope: Scope) -> dict[Dim, list[int]]:
    """What the scope is narrowed to, as the tallies number it; several only of channels, which share no fact."""
    language = language_number(scope.language) if scope.language else None
    single = {Dim.TEAM: scope.team, Dim.AGENT: scope.member, Dim.LANGUAGE: language}
    found = {dim: [value] for dim, value in single.items() if value is not None}
    return found if scope.channels is None else found | {Dim.CHANNEL: scope.channels}


def kept_rows(model: Any, scope: Scope, measure: Measure, dim: Dim, days: Sequence[date]) -> QuerySet[Any]:
    """The tallies of these days, or months, that the reader sees and the scope asks for."""
    within = Q(day__in=days) if model is MonthTally else _runs_q(days)
    rows = model.objects.filter(within, zone=scope.zone, what=measure.what, dim=dim)
    if dim in (asked := _asked(scope)):
        rows = rows.filter(group__in=asked[dim])
    if not scope.agent.sees_everything:
        rows = rows.filter(_place_q(scope.agent, "place_team", "place_channel"))
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


def _place_q(agent: Agent, team: str, channel: str) -> Q:
    """What the reader sees by team and channel (0 for none); what has no ticket is everybody's."""
    sight = agent.scope
    found = Q(**{f"{team}__in": [0, *sight.team_ids]}) if sight.reach == Reach.TEAMS else Q()
    if sight.channel_ids is not None:
        found &= Q(**{f"{channel}__in": [0, *sight.channel_ids]})
    return found


def has_own(agent: Agent) -> bool:
    """Whether any ticket is in the reader's sight for no other reason than that it is assigned to them. One query for
    who does not see everything."""
    if agent.sees_everything:
        return False
    tickets = Ticket.objects.filter(assignee=agent.pk).annotate(own_team=Coalesce(F("team_id"), Value(0)))
    return tickets.exclude(_place_q(agent, "own_team", "channel_id")).exists()


def looks_for_own(scope: Scope) -> bool:
    """Whether such tickets must be counted beside what is kept."""
    return scope.own and not scope.agent.sees_everything


def own(scope: Scope, measure: Measure) -> QuerySet[Any]:
    """What the reader sees for no other reason than that it is assigned to them."""
    name = measure.ticket
    facts = measure.facts(scope).filter(**{f"{name}assignee_id": scope.agent.pk})
    return facts.annotate(own_team=Coalesce(F(f"{name}team_id"), Value(0)), own_channel=F(f"{name}channel_id")).exclude(
        _place_q(scope.agent, "own_team", "own_channel")
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


class Kept(NamedTuple):
    """The days whose tallies hold, which of them stand in the tally of their month, and which were counted by an
    earlier definition before, with when they were counted anew."""

    clean: frozenset[date]
    rolled: frozenset[date]
    again: Mapping[date, datetime]


def clean_days(zone: str) -> frozenset[date]:
    """The days of this zone whose tallies hold, read now."""
    return kept_days(zone).clean


def kept_days(zone: str) -> Kept:
    """What is kept of this zone. One query for each of two small tables."""
    known = list(
        CountedDay.objects.filter(zone=zone, definition=DEFINITION).values_list("day", "in_month", "recounted_at")
    )
    changed = ChangedHour.objects.values_list("at", flat=True).distinct()
    # Read in this order: a day counted anew between the two is at worst counted live once more.
    stale = days_of_hours(changed, zone)
    clean = {day: rolled for day, rolled, _again in known if day not in stale}
    again = {day: at for day, _rolled, at in known if at is not None}
    return Kept(frozenset(clean), frozenset(day for day, rolled in clean.items() if rolled), again)


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
