"""What stands in a report that leaves the house: the figures of its page in the reader's sight, language and words.

The mail (`letter.py`) and the paper (`paper.py`) only lay it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from metrics import figures, overview, satisfaction, work
from metrics.anchors import AIM
from metrics.facts import Scope
from metrics.mailing.about_customers import AT_RISK, RETENTION, TOPICS, retention_content, risk_content, topics_content
from metrics.mailing.pieces import Bar, Chart, Content, Dot, Figure, Table
from metrics.pages.filters import WEEKS, narrowed_to
from metrics.pages.numbers import (
    AXES,
    decimal,
    kept_meaning,
    length,
    meaning,
    overdue_text,
    unit,
    waited_meaning,
    write,
    write_bounds,
)
from metrics.pages.satisfaction import finding
from metrics.pages.tiles import tiles
from metrics.satisfaction import Scores
from metrics.surveys.scales import Kind
from metrics.telling import question_name, target_name
from tickets.inbox.dates import short_date, short_month

# Where each report is read.
PAGES = {
    "overview": "overview", "service_level": "sla_report", "satisfaction": "satisfaction", "work": "work_report",
    RETENTION: "retention", TOPICS: "topics_report", AT_RISK: "at_risk",
}  # fmt: skip
# Reports of counts that are kept by day; where a day was counted anew, they say so.
COUNTED_BY_DAY = ("overview", "service_level", "satisfaction", "work")
# Reports that have not all filters, and those they have.
_FEWER = {RETENTION: (), TOPICS: ("segment_chosen",), AT_RISK: ("segment_chosen",)}


def report_name(report: str) -> str:
    return {
        "overview": _("Service overview"), "service_level": _("Service level"), "satisfaction": _("Satisfaction"),
        "work": _("Channels and people"), RETENTION: _("Coming back"), TOPICS: _("Topics"),
        AT_RISK: _("Customers at risk"),
    }[report]  # fmt: skip


def narrowed_by(report: str, chosen: dict[str, Any]) -> list[str]:
    """What this report is narrowed to, in words: of what an address says, what the report has a filter for."""
    return narrowed_to(chosen, only=_FEWER.get(report))


def days_text(first: date, last: date) -> str:
    """A period as it is read."""
    end = date_format(last, "j E Y")
    start = date_format(first, "j E" if first.year == last.year else "j E Y")
    return end if first == last else f"{start} – {end}"


def _overview(scope: Scope, chosen: dict[str, Any]) -> Content:
    step = overview.step_of((scope.end - scope.start).days)
    slots = overview.first_answers(overview.trend_of(scope), step)
    scored = satisfaction.scores(scope)
    found = [
        Figure(one.name, f"{one.shown} {one.unit}".strip(), one.bounds, _with(one.n, one.besides),
               f"{one.moved} {one.word}" if one.moved else "", one.better is not None if one.moved else None,
               one.better, one.meaning)
        for one in tiles(scope, scored, chosen["earlier"], chosen["query"], slots)
    ]  # fmt: skip
    channels = [
        ((row.name, str(row.opened), str(row.n), _length(row.median)), row.share)
        for row in work.by_group(scope, "channel")
    ]
    head = (_("Channel"), _("Opened"), _("First answers"), _("median"), _("In time"))
    charts = [_kept_chart(scope), _weekly_chart(scope, satisfaction.scale_used(scored))]
    return Content(found, [_promises(scope), Table(_("By channel"), head, channels)], _drawn(charts))


def _drawn(charts: Sequence[Chart]) -> list[Chart]:
    """Those with something in them: a line of one dot shows nothing."""
    return [one for one in charts if any(bar.kept + bar.missed for bar in one.bars) or len(one.dots) > 1]


def _kept_chart(scope: Scope) -> Chart:
    step = overview.step_of((scope.end - scope.start).days)
    slots = {slot.day: slot for slot in overview.first_answers(scope, step)}
    shown = [(day, slots.get(day)) for day in overview.slots_between(scope.start, scope.end, step)]
    label = short_month if step == "month" else short_date
    bars = [Bar(label(day), slot.kept if slot else 0, slot.missed if slot else 0) for day, slot in shown]
    kept, missed = sum(bar.kept for bar in bars), sum(bar.missed for bar in bars)
    said = _("%(kept)d of %(n)d first answers came in time, %(missed)d did not.") % {
        "kept": kept, "n": kept + missed, "missed": missed,
    }  # fmt: skip
    return Chart(_("First answers against the promise"), said, bars)


def _weekly_chart(scope: Scope, kind: Kind) -> Chart:
    """The weeks of the period, or the twelve up to its end where it is shorter."""
    scope = scope.at(min(scope.start, scope.end - timedelta(weeks=WEEKS)), scope.end)
    weeks = satisfaction.by_week(scope, kind)
    floor, ceiling = AXES[kind]
    first, span = (weeks[0][0], (weeks[-1][0] - weeks[0][0]).days or 1) if weeks else (None, 1)
    dots = []
    for week, one in weeks:
        value, (low, high) = one.value or 0.0, one.interval or (floor, ceiling)
        place = (week - first).days / span if first else 0.0
        dots.append(Dot(short_date(week), place, value, min(value, max(floor, low)), max(value, min(ceiling, high))))
    title = _("%(name)s by week") % {"name": question_name(kind)}
    return Chart(title, finding(kind, weeks), dots=dots, axis=(floor, ceiling))


def _promises(scope: Scope) -> Table:
    step = overview.step_of((scope.end - scope.start).days)
    rows = [
        ((short_month(slot.day) if step == "month" else date_format(slot.day, "D j E"), str(slot.kept),
          str(slot.missed), _length(slot.median)), slot.share)
        for slot in overview.first_answers(scope, step)
    ]  # fmt: skip
    named = {"day": _("Day"), "week": _("Week from"), "month": _("Month")}[step]
    head = (named, _("in time"), _("missed"), _("median"), _("In time"))
    return Table(_("First answers against the promise (%(target)d %% is the aim)") % {"target": AIM}, head, rows)


def _service_level(scope: Scope, chosen: dict[str, Any]) -> Content:
    found, late = [], figures.overdue_counts(scope, timezone.now())
    for one in figures.attainment(scope):
        low, high = one.interval
        shown = "–" if one.share is None else f"{decimal(100 * one.share)} %"
        bounds = f"{decimal(100 * low)} … {decimal(100 * high)} %" if one.n else ""
        n = _with(f"n = {one.n}", overdue_text(one.target, late[one.target]))
        found.append(Figure(target_name(one.target), shown, bounds, n, meaning=kept_meaning()))
    took = figures.answering(scope)
    for name, each in ((_("Median, elapsed"), took.wall_median), (_("Median, open time"), took.open_median)):
        bounds = f"{length(each.low)} … {length(each.high)}" if each.low is not None and each.high is not None else ""
        found.append(Figure(name, _length(each.seconds), bounds, f"n = {took.n}", meaning=waited_meaning(took.n)))
    rows = [
        ((name, str(one.kept), str(one.missed)), None if one.share is None else 100 * one.share)
        for name, one in figures.by_channel(scope)
    ]
    head = (_("Channel"), _("in time"), _("missed"), _("In time"))
    tables = [_promises(scope), Table(_("First answers by channel"), head, rows)]
    return Content(found, tables, _drawn([_kept_chart(scope)]))


def _satisfaction(scope: Scope, chosen: dict[str, Any]) -> Content:
    now, earlier = satisfaction.scores(scope), chosen["earlier"] and satisfaction.scores(chosen["earlier"])
    found = []
    for kind in satisfaction.shown_kinds(now):
        change = satisfaction.change(now[kind], earlier[kind]) if earlier else None
        moved = f"{change.value:+.1f}".replace("-", "−") if change else ""
        shown = f"{write(kind, now[kind].value)} {unit(kind) if now[kind].n else ''}".strip()
        found.append(Figure(
            question_name(kind), shown, write_bounds(now[kind]), f"n = {now[kind].n}", moved,
            change.is_real if change else None, change.value > 0 if change and change.is_real else None, meaning(kind),
        ))  # fmt: skip
    titles = (("channel", _("By channel")), ("team", _("By team")), ("agent", _("By person, estimated")))
    charts = [_weekly_chart(scope, kind) for kind in satisfaction.shown_kinds(now)]
    return Content(found, [_scored(scope, group, title) for group, title in titles], _drawn(charts))


def _scored(scope: Scope, group: str, title: str) -> Table:
    """Of people the estimate, pulled to the whole by what few answers leave open; by name, so that nobody is ranked."""
    kind, rows = satisfaction.satisfied_by_group(scope, group)
    head = (_("Name"), "n", "CSAT" if kind == Kind.CSAT else _("CSAT (9 and 10 of 10)"))
    return Table(title, head, [
        ((row.name, _n(row.scores)), row.shrunk if group == "agent" else row.scores.value) for row in rows
    ])  # fmt: skip


def _n(scores: Scores) -> str:
    return f"{scores.n} ({_('few')})" if scores.is_few else str(scores.n)


def _work(scope: Scope, chosen: dict[str, Any]) -> Content:
    head = (_("Name"), _("Opened"), _("First answers"), _("median"), _("In time"))
    titles = (("channel", _("By channel")), ("team", _("By team")), ("agent", _("By person")))
    tables = []
    for group, title in titles:
        tables.append(Table(title, head, [_worked(row) for row in work.by_group(scope, group)]))
    return Content((), tables)


def _worked(row: work.Row) -> tuple[Sequence[str], float | None]:
    n = f"{row.n} ({_('few')})" if row.is_few else str(row.n)
    return (row.name, str(row.opened), n, _length(row.median)), row.share


def _with(n: str, besides: str) -> str:
    """How many were counted, and what is not among them yet."""
    return f"{n}, {besides}" if besides else n


def _length(seconds: float | None) -> str:
    return "–" if seconds is None else length(seconds)


CONTENTS: dict[str, Callable[[Scope, dict[str, Any]], Content]] = {
    "overview": _overview,
    "service_level": _service_level,
    "satisfaction": _satisfaction,
    "work": _work,
    RETENTION: retention_content,
    TOPICS: topics_content,
    AT_RISK: risk_content,
}
