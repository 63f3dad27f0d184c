"""Counting days, once they are over and again when something in them has changed.

One transaction counts a month at most, under one lock with every other, so that no change can fall between a count
that does not know of it and the note that would have told: what is noted before the count is in it, what is noted after
stays noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Aggregate, BinaryField, Count, F, Min, Value
from django.db.models.functions import Cast, Coalesce, TruncDate

from metrics.facts import Scope
from metrics.measures import MEASURES, WAITS, Dim, Measure
from metrics.models import ChangedHour, Clock, CountedDay, DayTally, MonthTally
from metrics.tallies import DEFINITION, FINER, days_of_hours, midnight, month_days, runs
from people.models import Agent
from people.scope import Reach
from people.scope import Scope as Sight
from tickets.models import Ticket

# Well over the two hours within which changes are not noted: no transaction lasts the rest.
GRACE = timedelta(hours=3)
LONGEST = 31
# How long a month that was added up must have been quiet before it is added up again.
QUIET = timedelta(minutes=10)
NOTES_AT_ONCE = 100_000
_LOCK = 0x6D657472  # "metr"
_INTO = """
INSERT INTO metrics_daytally (zone, day, what, dim, "group", place_team, place_channel, key, n, lengths)
SELECT %s, rows.* FROM ({rows}) AS rows
"""


_LENGTHS = """
INSERT INTO metrics_monthtally (zone, day, what, dim, "group", place_team, place_channel, key, n, lengths)
SELECT %s, %s::date, rows.* FROM ({rows}) AS rows
"""
_MONTH = """
INSERT INTO metrics_monthtally (zone, day, what, dim, "group", place_team, place_channel, key, n)
SELECT zone, %s::date, what, dim, "group", place_team, place_channel, key, sum(n) FROM metrics_daytally
WHERE zone = %s AND day BETWEEN %s AND %s AND what <> ALL(%s) GROUP BY 1, 3, 4, 5, 6, 7, 8
"""
TRAITS = ("t_what", "t_dim", "t_group", "t_team", "t_channel", "t_key")


class Packed(Aggregate):
    """The values ascending, eight bytes each."""

    template = "string_agg(float8send(%(expressions)s), ''::bytea ORDER BY %(expressions)s)"
    output_field = BinaryField()


class _Everybody:
    """Who sees all there is."""

    is_active = True
    sees_everything = True
    pk = 0
    scope = Sight(0, Reach.ALL)


def count_days(now: datetime, *, most: int = LONGEST) -> int:
    """Count changed days anew, then up to `most` days never counted (or by another definition), the latest first, of
    the zones people read in; how many days that were. Does nothing while another process counts."""
    return sum(_count_zone(zone, now, most) + _roll_up(zone, now) for zone in _settled(zones()))


def zones() -> list[str]:
    """The zones people read in."""
    read_in = Agent.objects.filter(is_active=True).order_by().values_list("time_zone", flat=True).distinct()
    return sorted({*read_in, settings.TIME_ZONE})


def _settled(names: Sequence[str]) -> Sequence[str]:
    """The same, once all that was noted so far is counted: in every zone before the note is forgotten."""
    with transaction.atomic():
        if not _locked():
            return []
        noted = dict(ChangedHour.objects.order_by("pk").values_list("pk", "at")[:NOTES_AT_ONCE])
        if noted:
            for zone in CountedDay.objects.order_by().values_list("zone", flat=True).distinct():
                stale = days_of_hours(set(noted.values()), zone)
                days = CountedDay.objects.filter(zone=zone, day__in=stale).values_list("day", flat=True)
                _count(zone, list(days))
            ChangedHour.objects.filter(pk__in=noted).delete()
    return names


def _count_zone(zone: str, now: datetime, most: int) -> int:
    """Count days of one zone that are over and have no count of this definition."""
    with transaction.atomic():
        first = _first_day(zone)
        if first is None or not _locked():
            return 0
        last = (now - GRACE).astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
        counted = set(CountedDay.objects.filter(zone=zone, definition=DEFINITION).values_list("day", flat=True))
        over = (last - timedelta(days=number) for number in range((last - first).days + 1))
        wanted = [day for day in over if day not in counted]
        _count(zone, sorted(wanted[:most]))
        return min(most, len(wanted))


def _roll_up(zone: str, now: datetime) -> int:
    """Add up one month all of whose days are counted; how many that were. One that was added up before and has changed
    waits until it was quiet for a while: its days are read until then."""
    with transaction.atomic():
        if not _locked():
            return 0
        counted = CountedDay.objects.filter(zone=zone, definition=DEFINITION)
        days = {day: (rolled, at) for day, rolled, at in counted.values_list("day", "in_month", "counted_at")}
        before = set(MonthTally.objects.filter(zone=zone).order_by().values_list("day", flat=True).distinct())
        for month in sorted((day for day in days if day.day == 1), reverse=True):
            of = [days.get(day) for day in month_days(month)]
            if not all(of) or all(one and one[0] for one in of):
                continue
            if month in before and any(one and one[1] > now - QUIET for one in of):
                continue
            _add_up(zone, month)
            return 1
    return 0


def _add_up(zone: str, month: date) -> None:
    days = month_days(month)
    MonthTally.objects.filter(zone=zone, day=month).delete()
    lengths = {int(measure.what) for measure in WAITS.values()}
    with connection.cursor() as cursor:
        cursor.execute(_MONTH, [month, zone, days[0], days[-1], list(lengths)])
    for measure in WAITS.values():
        for dim in Dim:
            rows = facts_of(zone, days[0], days[-1], measure, dim).values(*TRAITS).annotate(
                t_n=Count("pk"), t_lengths=Packed(measure.length)
            )  # fmt: skip
            _insert(_LENGTHS, [zone, month], rows)
    CountedDay.objects.filter(zone=zone, day__in=days).update(in_month=True)


def _first_day(zone: str) -> date | None:
    firsts = [Ticket.objects.aggregate(at=Min("opened_at"))["at"], Clock.objects.aggregate(at=Min("stopped_at"))["at"]]
    at = min((one for one in firsts if one), default=None)
    return at.astimezone(ZoneInfo(zone)).date() if at else None


def _locked() -> bool:
    """Whether this transaction is the one that counts now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return False
        # A month of a large shop may take longer than any page may.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        return True


def _count(zone: str, days: Sequence[date]) -> None:
    """Put the count of these days in the place of what was counted before."""
    if not days:
        return
    old = dict(CountedDay.objects.filter(zone=zone, day__in=days).values_list("day", "definition"))
    again = [day for day, definition in old.items() if not FINER.issuperset(range(definition + 1, DEFINITION + 1))]
    DayTally.objects.filter(zone=zone, day__in=days).delete()
    for first, last in runs(days):
        for measure in MEASURES:
            for dim in Dim:
                _insert(_INTO, [zone], counting(zone, first, last, measure, dim))
    CountedDay.objects.filter(zone=zone, day__in=old).update(definition=DEFINITION, counted_at=_now(), in_month=False)
    CountedDay.objects.filter(zone=zone, day__in=again).update(recounted_at=_now())
    CountedDay.objects.bulk_create([
        CountedDay(zone=zone, day=day, definition=DEFINITION) for day in days if day not in old
    ])  # fmt: skip


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def counting(zone: str, first: date, last: date, measure: Measure, dim: Dim) -> Any:
    """Rows of (day, what, dim, group, team, channel, key, n, lengths) of these days, straight from the facts."""
    lengths: Any = Packed(measure.length) if measure.length else Cast(Value(None), BinaryField())
    rows = facts_of(zone, first, last, measure, dim).values("t_day", *TRAITS)
    return rows.annotate(t_n=Count("pk"), t_lengths=lengths)


def facts_of(zone: str, first: date, last: date, measure: Measure, dim: Dim) -> Any:
    """The facts of these days with all that they are told apart by."""
    tz = ZoneInfo(zone)
    everybody: Any = _Everybody()
    scope = Scope(everybody, midnight(first, zone), midnight(last + timedelta(days=1), zone), zone=zone)
    place = {name: Coalesce(F(f"{measure.ticket}{name}_id"), Value(0)) for name in ("team", "channel")}
    return measure.facts(scope).order_by().annotate(
        t_day=TruncDate(measure.moment, tzinfo=tz), t_what=Value(int(measure.what)), t_dim=Value(int(dim)),
        t_group=Coalesce(measure.column(dim), Value(0)), t_team=place["team"], t_channel=place["channel"],
        t_key=measure.key(tz),
    )  # fmt: skip


def _insert(into: str, first: list[Any], rows: Any) -> None:
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(into.replace("{rows}", sql), [*first, *values])
