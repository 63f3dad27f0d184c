"""Every figure of the reports over the generated year, against SQL that shares nothing with them; and what was planted.

    make bench ARGS="recount --tickets 200000"

Figures are read as pages read them, out of kept counts. The recount reads rows alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bench.recount_sql import Recount
from bench.reports import BUYERS, TICKETS, year_database
from bench.stack import Stack, use_database
from bench.table import show

# Beyond this a week of ratings is no chance, whichever of a year's weeks one looks at.
BEYOND_CHANCE = 4.5


def run(stack: Stack, *, rounds: int = 1, buyers: int = BUYERS, tickets: int = TICKETS) -> list[str]:
    """Print how many figures were compared; AssertionError for any that differs, or a planted truth not found."""
    use_database(year_database(stack, buyers, tickets), stack)
    began, compared, wrong = time.monotonic(), 0, list[str]()
    for name, scope in scopes():
        for figure, reported, counted in figures(scope):
            compared += 1
            if not same(reported, counted):
                wrong.append(f"{name}: {figure}: the report says {reported}, the rows say {counted}")
    truths = list(planted())
    show(
        f"Every figure of a year of {tickets:,} tickets against SQL of its own", ["", "found"],
        [["figures compared", compared], ["that differ", len(wrong)], *([name, said] for name, said, _right in truths)],
        f"{time.monotonic() - began:.0f} s", *wrong[:20],
    )  # fmt: skip
    assert not wrong and all(right for _name, _found, right in truths), (wrong[:5], truths)
    return wrong


def scopes() -> Iterator[tuple[str, Any]]:
    """A year and a month, whole and narrowed by each filter."""
    from django.utils import timezone  # noqa: PLC0415  settings are there once the stack is

    from metrics.facts import Scope  # noqa: PLC0415
    from metrics.segments import read_segment  # noqa: PLC0415
    from metrics.tallies import kept_days, midnight  # noqa: PLC0415
    from people.models import Agent, Team  # noqa: PLC0415
    from tickets.models import Channel  # noqa: PLC0415

    agent, _made = Agent.objects.get_or_create(email="admin@year.example", defaults={"name": "a", "role": "admin"})
    zone, today = timezone.get_current_timezone_name(), timezone.localdate()
    kept = kept_days(zone)
    year = Scope(
        agent, midnight(today - timedelta(days=364), zone), midnight(today + timedelta(days=1), zone), zone=zone,
        clean=kept.clean, rolled=kept.rolled,
    )  # fmt: skip
    month = year.at(midnight(today - timedelta(days=140), zone), midnight(today - timedelta(days=110), zone))
    yield from (("a year", year), ("a month", month))
    team, channel = Team.objects.get(name="Year 2").pk, Channel.objects.get(name="Year 1").pk
    narrowed: dict[str, dict[str, Any]] = {
        "a team": {"team": team}, "a channel": {"channel": channel}, "a language": {"language": "en"},
        "both": {"team": team, "channel": channel}, "open time": {"open_time": True},
    }  # fmt: skip
    yield from ((name, replace(year, **fields)) for name, fields in narrowed.items())
    yield "a segment", replace(month, segment=read_segment("repeat", timezone.now()))


def figures(scope: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name, what the report says, what the rows say) of every figure."""
    from metrics import figures as levels  # noqa: PLC0415
    from metrics import overview, retention, satisfaction, work  # noqa: PLC0415

    rows = Recount(scope)
    for one in levels.attainment(scope):
        yield f"{one.target} kept", (one.kept, one.missed, one.dropped), rows.promises(one.target)
    took = levels.answering(scope)
    for name, column, quantile, q in (
        ("median", "wall_seconds", took.wall_median, 0.5), ("p90", "wall_seconds", took.wall_p90, 0.9),
        ("open median", "used_seconds", took.open_median, 0.5), ("open p90", "used_seconds", took.open_p90, 0.9),
    ):  # fmt: skip
        yield name, (took.n, quantile.seconds), rows.length(column, q)
    for step in ("day", "week", "month"):
        slots = overview.first_answers(scope, step)
        yield f"by {step}", {s.day: (s.kept, s.missed, s.n, s.median) for s in slots}, rows.slots(step)
    yield "arrivals", overview.arrivals(scope), rows.arrivals()
    for kind, scores in satisfaction.scores(scope).items():
        yield f"{kind} scores", dict(scores.counts), rows.scores(kind)
        weeks = {week: (one.n, one.value) for week, one in satisfaction.by_week(scope, kind)}
        yield f"{kind} by week", weeks, rows.weekly(kind)
    for group in ("channel", "team", "agent"):
        found = {row.id: (row.opened, row.n, row.kept, row.missed, row.median, row.p90, row.ratings)
                 for row in work.by_group(scope, group)}  # fmt: skip
        yield f"by {group}", found, rows.work(group)
    if not any((scope.team, scope.channel, scope.language, scope.segment, scope.open_time)):
        said = retention.loyalty(scope.start, scope.end)
        shares = [(one.hits, one.n) for one in (said.retention, said.churn, said.returning)]
        yield "coming back", (shares, said.seconds), rows.loyalty()
        yield "cohorts", {c.month: c.size for c in retention.cohorts(scope.end, scope.zone)}, rows.cohorts()


def same(one: Any, other: Any) -> bool:
    """Equal; lengths and shares to the last digit the database and we both keep."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one))
    return bool(one == other)


def planted() -> Iterator[tuple[str, str, bool]]:
    """(truth, what was found, whether that is right): what was planted is found, and nothing else is."""
    from metrics import experience, satisfaction  # noqa: PLC0415
    from metrics import figures as levels  # noqa: PLC0415
    from people.models import Team  # noqa: PLC0415

    year = next(scope for _name, scope in scopes())
    worst, others = odd_weeks(satisfaction.over_time(year, "day")["csat"])
    yield "days of ratings in the bad week, and odd weeks besides", f"{worst} and {others}", worst == 7 and not others
    slow, quick = (levels.answering(replace(year, team=Team.objects.get(name=f"Year {n}").pk)) for n in (2, 1))
    apart = (slow.wall_median.low or 0) > (quick.wall_median.high or 0)
    yield "the slow team is slower", f"{slow.wall_median.seconds} s to {quick.wall_median.seconds} s", apart
    by = [row.scores for row in satisfaction.by_group(year, "ces", "channel")]
    change = satisfaction.change(by[0], by[1])
    yield (
        "effort differs between channels (it does not)",
        str(bool(change and change.is_real)),
        not (change and change.is_real),
    )
    cases = experience.cases(year.agent, year.end - timedelta(days=455), year.end)
    real = {one.name: one.is_real for one in experience.compare(cases)}
    yield "who was answered quickly comes back more", str(real["quick"]), real["quick"]
    yield "a rating as such brings people back (it does not)", str(real["satisfied"]), not real["satisfied"]


def odd_weeks(days: Any) -> tuple[int, int]:
    """(days of the worst seven that are beyond chance, weeks apart from it that are)."""
    counts = {day: (one.in_band("high"), one.n) for day, one in days}
    hits, n = (sum(pair[at] for pair in counts.values()) for at in (0, 1))

    def off(start: Any) -> float:
        span = [counts.get(start + timedelta(days=k), (0, 0)) for k in range(7)]
        some, of = sum(p[0] for p in span), sum(p[1] for p in span)
        return (some - of * hits / n) / max(1.0, (of * hits / n * (1 - hits / n)) ** 0.5)

    worst = min(counts, key=off)
    bad = 7 if off(worst) < -BEYOND_CHANCE else 0
    apart = [day for day in counts if abs((day - worst).days) >= 8]
    return bad, sum(abs(off(day)) > BEYOND_CHANCE for day in apart)
