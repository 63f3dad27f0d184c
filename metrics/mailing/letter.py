"""What stands in a report by mail: the figures of its page in the reader's sight, language and words.

HTML that every mail program shows: tables, styles on each element, bars as coloured cells beside their numbers; no
picture, nothing to load, and the same as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from metrics import figures, overview, satisfaction, work
from metrics.anchors import AIM
from metrics.facts import Scope
from metrics.mailing.actions import leave_url
from metrics.models import Annotation, ReportLetter
from metrics.pages.filters import narrowed_to, read_query
from metrics.pages.numbers import decimal, length, unit, write, write_bounds
from metrics.pages.tiles import tiles
from metrics.satisfaction import Scores
from metrics.surveys.scales import Kind
from metrics.telling import question_name, target_name

_FONT = "font-family:Arial,Helvetica,sans-serif"
STYLES = {
    "body": f"{_FONT};font-size:15px;line-height:1.45;margin:0;padding:16px",
    "small": f"{_FONT};font-size:12px;line-height:1.4;color:#6b7280;margin:2px 0 0",
    "h1": f"{_FONT};font-size:20px;margin:0 0 4px",
    "h2": f"{_FONT};font-size:15px;margin:22px 0 6px",
    "big": f"{_FONT};font-size:22px;font-weight:bold;white-space:nowrap",
    "table": "border-collapse:collapse;width:100%;max-width:640px",
    "td": f"{_FONT};font-size:13px;padding:5px 8px 5px 0;border-bottom:1px solid #d1d5db;text-align:left",
    "num": f"{_FONT};font-size:13px;padding:5px 8px 5px 0;border-bottom:1px solid #d1d5db;text-align:right",
}
_PAGES = {"overview": "overview", "service_level": "sla_report", "satisfaction": "satisfaction", "work": "work_report"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its interval, what it is of, and how it moved; `real` where that is no chance, None unsaid."""

    name: str
    shown: str
    bounds: str = ""
    of: str = ""
    moved: str = ""
    real: bool | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, the first a name, each with a share in percent to draw, or None."""

    title: str
    head: Sequence[str]
    rows: Sequence[tuple[Sequence[str], float | None]]


@dataclass(frozen=True, slots=True)
class Content:
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = field(default=())


def report_name(report: str) -> str:
    return {
        "overview": _("Service overview"), "service_level": _("Service level"), "satisfaction": _("Satisfaction"),
        "work": _("Channels and people"),
    }[report]  # fmt: skip


def compose(letter: ReportLetter) -> EmailMultiAlternatives:
    """The mail of this period for this reader: what they see, in their language, by the mailing's time zone."""
    mailing, agent = letter.mailing, letter.agent
    with translation.override(agent.locale), timezone.override(ZoneInfo(mailing.time_zone)):
        said = QueryDict(mailing.query, mutable=True)
        for name, value in (("period", "own"), ("from", str(letter.first)), ("to", str(letter.last))):
            said[name] = value
        scope, chosen = read_query(said, agent)
        noted = [one for one in chosen["noted"] if letter.first <= one.day <= letter.last]
        context = _context(letter, _CONTENTS[mailing.report](scope, chosen), chosen, noted)
        context["link"] = f"{settings.BASE_URL}{reverse(_PAGES[mailing.report])}?{chosen['query']}"
        subject = _("%(shop)s: %(report)s, %(days)s") % {
            "shop": settings.SHOP_NAME, "report": report_name(mailing.report), "days": context["days"],
        }  # fmt: skip
        text = render_to_string("metrics/email/report.txt", context)
        html = render_to_string("metrics/email/report.html", context)
    mail = EmailMultiAlternatives(subject, text, None, [agent.email], headers=_headers(letter))
    mail.attach_alternative(html, "text/html")
    return mail


def _headers(letter: ReportLetter) -> dict[str, str]:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    return {
        # The same for each try, so that a program which got it twice shows it once.
        "Message-ID": f"<report-{letter.mailing_id}-{letter.agent_id}-{letter.first}-{letter.last}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{leave_url(letter.mailing_id, letter.agent_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _context(
    letter: ReportLetter, content: Content, chosen: dict[str, Any], noted: Sequence[Annotation]
) -> dict[str, Any]:
    return {
        "content": content, "name": report_name(letter.mailing.report), "days": _days(letter.first, letter.last),
        "narrowed": narrowed_to(chosen), "noted": noted, "again": chosen["again"],
        "leave": leave_url(letter.mailing_id, letter.agent_id), "owner": letter.mailing.owner, "agent": letter.agent,
        "shop": settings.SHOP_NAME, "language": translation.get_language(),
        "s": {name: format_html('style="{}"', style) for name, style in STYLES.items()},
    }  # fmt: skip


def _days(first: date, last: date) -> str:
    end = date_format(last, "j E Y")
    return end if first == last else f"{date_format(first, 'j E')} – {end}"


def _overview(scope: Scope, chosen: dict[str, Any]) -> Content:
    step = overview.step_of((scope.end - scope.start).days)
    slots = overview.first_answers(overview.trend_of(scope), step)
    found = [
        Figure(one.name, f"{one.shown} {one.unit}".strip(), one.bounds, one.n,
               f"{one.moved} {one.word}" if one.moved else "", one.better is not None if one.moved else None)
        for one in tiles(scope, satisfaction.scores(scope), chosen["earlier"], chosen["query"], slots)
    ]  # fmt: skip
    channels = [
        ((row.name, str(row.opened), str(row.n), _length(row.median)), row.share)
        for row in work.by_group(scope, "channel")
    ]
    head = (_("Channel"), _("Opened"), _("First answers"), _("median"), _("In time"))
    return Content(found, [_promises(scope), Table(_("By channel"), head, channels)])


def _promises(scope: Scope) -> Table:
    step = overview.step_of((scope.end - scope.start).days)
    rows = [
        ((date_format(slot.day, "D j E"), str(slot.kept), str(slot.missed), _length(slot.median)), slot.share)
        for slot in overview.first_answers(scope, step)
    ]
    head = (_("Day") if step == "day" else _("Week from"), _("in time"), _("missed"), _("median"), _("In time"))
    return Table(_("First answers against the promise (%(target)d %% is the aim)") % {"target": AIM}, head, rows)


def _service_level(scope: Scope, chosen: dict[str, Any]) -> Content:
    found = []
    for one in figures.attainment(scope):
        low, high = one.interval
        shown = "–" if one.share is None else f"{decimal(100 * one.share)} %"
        bounds = f"{decimal(100 * low)} … {decimal(100 * high)} %" if one.n else ""
        found.append(Figure(target_name(one.target), shown, bounds, f"n = {one.n}"))
    took = figures.answering(scope)
    for name, each in ((_("Median, elapsed"), took.wall_median), (_("Median, open time"), took.open_median)):
        bounds = f"{length(each.low)} … {length(each.high)}" if each.low is not None and each.high is not None else ""
        found.append(Figure(name, _length(each.seconds), bounds, f"n = {took.n}"))
    rows = [
        ((name, str(one.kept), str(one.missed)), None if one.share is None else 100 * one.share)
        for name, one in figures.by_channel(scope)
    ]
    head = (_("Channel"), _("in time"), _("missed"), _("In time"))
    return Content(found, [_promises(scope), Table(_("First answers by channel"), head, rows)])


def _satisfaction(scope: Scope, chosen: dict[str, Any]) -> Content:
    now, earlier = satisfaction.scores(scope), chosen["earlier"] and satisfaction.scores(chosen["earlier"])
    found = []
    for kind in satisfaction.shown_kinds(now):
        change = satisfaction.change(now[kind], earlier[kind]) if earlier else None
        moved = f"{change.value:+.1f}".replace("-", "−") if change else ""
        shown = f"{write(kind, now[kind].value)} {unit(kind) if now[kind].n else ''}".strip()
        found.append(Figure(
            question_name(kind), shown, write_bounds(now[kind]), f"n = {now[kind].n}", moved,
            change.is_real if change else None,
        ))  # fmt: skip
    titles = (("channel", _("By channel")), ("team", _("By team")), ("agent", _("By person, estimated")))
    return Content(found, [_scored(scope, group, title) for group, title in titles])


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


def _length(seconds: float | None) -> str:
    return "–" if seconds is None else length(seconds)


_CONTENTS = {"overview": _overview, "service_level": _service_level, "satisfaction": _satisfaction, "work": _work}
