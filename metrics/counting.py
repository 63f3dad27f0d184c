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
from django.db.models import Count, F, Min, Value
from django.db.models.functions import Coalesce, TruncDate

from metrics.facts import Scope
from metrics.models import ChangedHour, Clock, CountedDay, DayTally
from metrics.tallies import DEFINITION, MEASURES, Dim, Measure, days_of_hours, midnight, runs
from people.models import Agent
from people.scope import Reach
from people.scope import Scope as Sight
from tickets.models import Ticket

# Well over the two hours within which changes are not noted: no transaction lasts the rest.
GRACE = timedelta(hours=3)
LONGEST = 31
NOTES_AT_ONCE = 100_000
_LOCK = 0x6D657472  # "metr"
_INTO = """
INSERT INTO metrics_daytally (zone, day, what, dim, "group", place_team, place_channel, key, n)
SELECT %s, rows.* FROM ({rows}) AS rows
"""


class _Everybody:
    """Who sees all there is."""

    is_active = True
    sees_everything = True
    pk = 0
    scope = Sight(0, Reach.ALL)


def count_days(now: datetime, *, most: int = LONGEST) -> int:
    """Count changed days anew, then up to `most` days never counted (or by another definition), the latest first, of
    the zones people read in; how many days that were. Does nothing while another process counts."""
    return sum(_count_zone(zone, now, most) for zone in _settled(zones()))


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
    again = [day for day, definition in old.items() if definition != DEFINITION]
    DayTally.objects.filter(zone=zone, day__in=days).delete()
    for first, last in runs(days):
        for measure in MEASURES:
            for dim in Dim:
                _insert(zone, counting(zone, first, last, measure, dim))
    CountedDay.objects.filter(zone=zone, day__in=old).update(definition=DEFINITION, counted_at=_now())
    CountedDay.objects.filter(zone=zone, day__in=again).update(recounted_at=_now())
    CountedDay.objects.bulk_create([
        CountedDay(zone=zone, day=day, definition=DEFINITION) for day in days if day not in old
    ])  # fmt: skip


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def counting(zone: str, first: date, last: date, measure: Measure, dim: Dim) -> Any:
    """Rows of (day, what, dim, group, team, channel, key, n) of these days, straight from the facts."""
    tz = ZoneInfo(zone)
    everybody: Any = _Everybody()
    scope = Scope(everybody, midnight(first, zone), midnight(last + timedelta(days=1), zone), zone=zone)
    place = {name: Coalesce(F(f"{measure.ticket}{name}_id"), Value(0)) for name in ("team", "channel")}
    rows = measure.facts(scope).annotate(
        t_day=TruncDate(measure.moment, tzinfo=tz), t_what=Value(int(measure.what)), t_dim=Value(int(dim)),
        t_group=Coalesce(measure.column(dim), Value(0)), t_team=place["team"], t_channel=place["channel"],
        t_key=measure.key(tz),
    )  # fmt: skip
    names = ("t_day", "t_what", "t_dim", "t_group", "t_team", "t_channel", "t_key")
    return rows.order_by().values(*names).annotate(t_n=Count("pk"))


def _insert(zone: str, rows: Any) -> None:
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_INTO.replace("{rows}", sql), [zone, *values])
