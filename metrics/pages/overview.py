"""The overview: how service goes, on one page, with what to see to at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from events.replica import from_replica
from metrics import figures, overview, returning, satisfaction, work
from metrics.anchors import AIM, anchor_of
from metrics.facts import Scope
from metrics.models import Annotation
from metrics.overview import Slot
from metrics.satisfaction import Scores
from metrics.surveys.scales import SCALES, Kind, question_of
from metrics.telling import question_name
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed
from tickets.inbox.dates import short_date, short_month
from tickets.models import Channel

from .annotations import marks
from .charts import Bar, Curve, bars, curve, cut_scale, scale
from .filters import WEEKS, YEAR, read_scope, without_page
from .numbers import AXES, decimal, promises_text, write, write_bounds
from .satisfaction import finding
from .tiles import tiles

READ = allowed(Permission.READ_REPORTS)
BANDS = ("low", "middle", "high")


@require_safe
@READ
@from_replica
def page(request: HttpRequest) -> HttpResponseBase:
    agent = agent_of(request)
    scope, context = read_scope(request, agent)
    scored = satisfaction.scores(scope)
    kind = satisfaction.scale_used(scored).value
    slots = overview.first_answers(overview.trend_of(scope), overview.step_of((scope.end - scope.start).days))
    shown = tiles(scope, scored, context["earlier"], context["query"], slots)
    context |= {
        "heading": heading(context), "tiles": shown, "kept": next(one for one in shown if one.key == "kept"),
        "promises": promises(scope, slots, context["noted"]),
        "wall": figures.wall(agent, timezone.now()), "weekly": weekly(scope, kind, context["noted"]),
        "channels_table": channel_rows(scope), "distribution": distribution(scored),
        "heat": heat(overview.arrivals(scope)),
        "people_table": [row for row in work.by_group(scope, "agent") if row.n or row.ratings],
        "endings": endings(scope), "without_period": without_page(request, "period", "from", "to"), "target": AIM,
        "tab": "reports",
    }  # fmt: skip
    return render(request, "metrics/overview.html", context)


def heading(context: dict[str, Any]) -> str:
    """16–22 November, compared with 9–15 November."""
    said = days_text(context["first"], context["last"])
    if context["against"] is None:
        return said
    return _("%(period)s, compared with %(other)s") % {
        "period": said, "other": days_text(context["against"], context["against_last"]),
    }  # fmt: skip


def days_text(first: date, last: date) -> str:
    this_year = first.year == last.year == timezone.localdate().year
    end = date_format(last, "j E" if this_year else "j E Y")
    if first == last:
        return end
    same_month = (first.year, first.month) == (last.year, last.month)
    start = date_format(first, "j" if same_month else "j E" if first.year == last.year else "j E Y")
    return f"{start}–{end}" if same_month else f"{start} – {end}"


def promises(scope: Scope, answered: Sequence[Slot], noted: Sequence[Annotation]) -> dict[str, Any]:
    """First answers in time and late, as bars and as rows."""
    days = (scope.end - scope.start).days
    step = overview.step_of(days)
    found = {slot.day: slot for slot in answered}
    places = overview.slots_between(scope.start, scope.end, step)
    slots = [found.get(day) or Slot(day, 0, 0, 0, None) for day in places]
    lines = scale(max((slot.kept + slot.missed for slot in slots), default=0))
    drawn = bars([(slot.kept, slot.missed) for slot in slots], lines[-1])
    kept, missed = sum(slot.kept for slot in slots), sum(slot.missed for slot in slots)
    pairs = enumerate(zip(slots, drawn, strict=True))
    slot_of, middles = overview.slot_of(step), dict(zip(places, (bar.middle for bar in drawn), strict=True))
    return {
        "bars": [_labelled(slot, bar, step, number, len(slots)) for number, (slot, bar) in pairs],
        "lines": [(value, 100 - 100 * value / lines[-1]) for value in lines], "step": step,
        "slots": [slot for slot in slots if slot.kept + slot.missed or slot.n], "total": kept + missed,
        "marks": marks(noted, lambda day: middles.get(slot_of(day))),
        "finding": _("%(kept)d of %(n)d first answers came in time, %(missed)d did not.") % {
            "kept": kept, "n": kept + missed, "missed": missed,
        },
    }  # fmt: skip


def _labelled(slot: Slot, bar: Bar, step: str, number: int, of: int) -> dict[str, Any]:
    """A bar with what stands below and above it; where there are many, only some are named."""
    every = max(1, -(-of // 8))
    below = ""
    if number % every == 0:
        days = date_format(slot.day, "D j") if of <= 8 else short_date(slot.day)
        below = short_month(slot.day) if step == "month" else days
    above = f"{slot.share:.0f}\N{NO-BREAK SPACE}%" if slot.share is not None and of <= 14 else ""
    weak = slot.share is not None and slot.share < AIM
    aim = 100 - AIM / 100 * (bar.low_height + bar.high_height)
    return {"slot": slot, "bar": bar, "below": below, "above": above, "weak": weak, "aim": round(aim, 2),
            "end": round(bar.x + bar.width, 3)}  # fmt: skip


def weekly(scope: Scope, kind: str, noted: Sequence[Annotation]) -> dict[str, Any]:
    """The last twelve weeks up to the end of the period, beside the same weeks a year before."""
    ends = scope.end
    whole = scope.at(ends - timedelta(weeks=WEEKS), ends)
    now = satisfaction.by_week(whole, kind)
    past = satisfaction.by_week(whole.at(whole.start - YEAR, ends - YEAR), kind)
    earlier = {week + YEAR: one for week, one in past}
    anchor = anchor_of(kind)
    values = [one.value for _week, one in [*now, *past] if one.value is not None] + ([anchor.value] if anchor else [])
    lines = cut_scale(min(values, default=0), max(values, default=100), *AXES[Kind(kind)])
    first, span = whole.start.date(), max(1, (ends - whole.start).days - 7)
    curves = [_curve(rows, first, span, lines) for rows in (now, sorted(earlier.items()))]
    return {
        "rows": [(week, one, write(kind, one.value), write_bounds(one), earlier.get(week)) for week, one in now],
        "lines": [(value, _height(value, lines)) for value in lines],
        "anchor": anchor, "anchor_y": anchor and round(_height(anchor.value, lines), 2),
        "now": curves[0], "past": curves[1], "last": write(kind, now[-1][1].value) if now else "",
        "last_past": write(kind, past[-1][1].value) if past else "", "finding": finding(kind, now),
        "noted": marks(noted, lambda day: 100 * min(1.0, (day - first).days / span) if day >= first else None),
        "marks": [(short_date(first + timedelta(weeks=n)), 100 * n * 7 / span) for n in range(0, WEEKS, 3)],
    }  # fmt: skip


def _height(value: float, lines: list[float]) -> float:
    """Where a value lies between the first and the last line, in percent from above."""
    return 100 - 100 * (value - lines[0]) / (lines[-1] - lines[0])


def _curve(rows: Sequence[tuple[date, Scores]], first: date, span: int, lines: list[float]) -> Curve | None:
    values = []
    for week, one in rows:
        low, high = one.interval or (lines[0], lines[-1])
        values.append((min(1.0, max(0.0, (week - first).days / span)), one.value or 0.0, low, high))
    return curve(values, floor=lines[0], ceiling=lines[-1])


def channel_rows(scope: Scope) -> list[tuple[Any, Any, float | None, str]]:
    """(channel, its row, share in time, what is promised): what each carries and how it is answered."""
    rows = work.by_group(scope, "channel")
    channels = Channel.objects.in_bulk([row.id for row in rows if row.id is not None])
    said = promises_text(channels.values())
    return [(channels.get(row.id or 0), row, row.share, said.get(row.id or 0, "")) for row in rows]


def distribution(now: dict[str, Scores]) -> list[dict[str, Any]]:
    """How the answers of each question fall into its bands, in percent, side by side."""
    found = []
    for kind, scores in now.items():
        if not scores.n:
            continue
        reached, parts = 0.0, []
        for band, n, percent in scores.shares:
            parts.append({"band": band, "n": n, "percent": percent, "x": reached, "middle": reached + percent / 2})
            reached += percent
        names = band_names(Kind(kind))
        said = [f"{floatformat(part['percent'], 0)}\N{NO-BREAK SPACE}% {names[str(part['band'])]}" for part in parts]
        found.append({
            "kind": kind, "name": question_name(kind), "n": scores.n, "parts": parts, "most": SCALES[kind][-1],
            "words": ", ".join(said),
        })  # fmt: skip
    return found


def band_names(kind: Kind) -> dict[str, str]:
    return dict(zip(BANDS, {
        Kind.CSAT: (_("dissatisfied"), _("neutral"), _("satisfied")),
        Kind.NPS: (_("detractors"), _("passives"), _("promoters")),
        Kind.CES: (_("hard"), _("neutral"), _("easy")),
    }[question_of(kind)], strict=True))  # fmt: skip


def heat(counted: dict[tuple[int, int], int]) -> dict[str, Any]:
    """Tickets opened by weekday and hour, from the first hour with any to the last."""
    hours = sorted({hour for _weekday, hour in counted}) or [8, 20]
    shown = range(hours[0], hours[-1] + 1)
    most = max(counted.values(), default=0)
    width = 100 / len(shown)
    monday = date(2024, 1, 1)
    rows = []
    for weekday in overview.WEEKDAYS:
        cells = [(hour, n := counted.get((weekday, hour), 0), round((hour - shown[0]) * width, 3),
                  round(10 * n / most) if most else 0) for hour in shown]  # fmt: skip
        rows.append((date_format(monday + timedelta(days=weekday - 1), "D"), weekday - 1, cells))
    total = sum(counted.values())
    busiest = max(counted, key=lambda key: (counted[key], -key[0], -key[1]), default=None)
    return {
        "rows": rows, "width": round(width - 0.5, 3), "hours": list(shown), "total": total,
        "marks": [(hour, round((hour - shown[0] + 0.5) * width, 3)) for hour in shown if (hour - shown[0]) % 2 == 0],
        "finding": _busiest(busiest, total, monday),
    }  # fmt: skip


def _busiest(busiest: tuple[int, int] | None, total: int, monday: date) -> str:
    if busiest is None:
        return _("Nobody wrote in this period.")
    day = date_format(monday + timedelta(days=busiest[0] - 1), "l")
    said = ngettext("%(n)d ticket", "%(n)d tickets", total) % {"n": total}
    return _("%(tickets)s; most on %(day)s from %(hour)d:00.") % {"tickets": said, "day": day, "hour": busiest[1]}


def endings(scope: Scope) -> list[tuple[str, str, Any, str]]:
    """(key, name, share that bought again, its text): by how a contact ended, over the last year."""
    names = {"well": _("Solved, satisfied"), "unrated": _("Solved, not rated"), "badly": _("Solved, not satisfied"),
             "silent": _("Never wrote to us")}  # fmt: skip
    found = returning.service(scope, timezone.now()).endings
    return [(key, names[key], share, "–" if share.percent is None else decimal(share.percent)) for key, share in found]
