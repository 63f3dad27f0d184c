"""The satisfaction page: what customers answered, how sure that is, what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from events.replica import from_replica
from metrics import satisfaction as figures
from metrics.anchors import anchor_of
from metrics.facts import Scope
from metrics.facts import answers as given
from metrics.models import Annotation
from metrics.satisfaction import Change, Scores
from metrics.surveys.scales import SCALES, Band, Kind, question_of
from metrics.telling import question_name, reason_name, score_text
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed

from .annotations import Mark, marks
from .charts import HEIGHT, MARGIN, WIDTH, Line, line
from .export import download
from .filters import read_scope, without_page
from .guard import exports
from .numbers import AXES, meaning, unit, write, write_bounds

READ = allowed(Permission.READ_REPORTS)
SHOWN, PAGE = 8, 50


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure ready to be read."""

    kind: str
    short: str
    name: str
    scores: Scores
    shown: str
    unit: str
    bounds: str
    change: Change | None
    moved: str
    meaning: str


@require_safe
@READ
@from_replica
def satisfaction(request: HttpRequest) -> HttpResponseBase:
    scope, context = read_scope(request, agent_of(request))
    now, earlier = figures.scores(scope), context["earlier"] and figures.scores(context["earlier"])
    shown = figures.shown_kinds(now)
    kind = request.GET.get("kind") if request.GET.get("kind") in set(Kind) else shown[0].value
    weeks = figures.by_week(scope, str(kind))
    tables = [
        (name, title, [(row, write(str(kind), row.scores.value), write_bounds(row.scores), write(str(kind), row.shrunk))
                       for row in figures.by_group(scope, str(kind), name)])
        for name, title in (("channel", _("By channel")), ("team", _("By team")), ("agent", _("By person")))
    ]  # fmt: skip
    context |= {
        "kind": kind, "kinds": [(one.value, question_name(one)) for one in shown],
        "figures": [figure(one, now[one], figures.change(now[one], earlier[one]) if earlier else None)
                    for one in shown],
        "chosen": figure(str(kind), now[str(kind)], None), "response": figures.response(scope),
        "distribution": distribution(now),
        "weeks": [(week, one, write(str(kind), one.value), write_bounds(one)) for week, one in weeks],
        "line": weekly(scope, str(kind), weeks), "marks": _marks(context["noted"], weeks),
        **_anchored(str(kind)), "axis": AXES[Kind(str(kind))], "width": WIDTH, "height": HEIGHT,
        "finding": finding(str(kind), weeks), "tables": tables, "without_kind": without_page(request, "kind"),
        "reasons": [(reason_name(code), n) for code, n in figures.reasons(scope, str(kind), Band.LOW)],
        "comments": shown_rows(figures.rows_behind(scope, "", "", commented=True)[:SHOWN]),
    }  # fmt: skip
    return render(request, "metrics/satisfaction.html", context)


def figure(kind: str, scores: Scores, change: Change | None) -> Figure:
    moved = f"{'+' if change.value > 0 else '−' if change.value < 0 else '±'}{abs(change.value):.1f}" if change else ""
    return Figure(
        kind,
        question_of(kind).upper(),
        question_name(kind),
        scores,
        write(kind, scores.value),
        unit(Kind(kind)),
        write_bounds(scores),
        change,
        moved,
        meaning(Kind(kind)),
    )


def distribution(now: dict[str, Scores]) -> list[tuple[str, str, list[tuple[str, int, float, float]]]]:
    """(kind, name, [(band, answers, percent, percent before it)]) of the kinds that were answered."""
    found = []
    for kind, scores in now.items():
        reached, parts = 0.0, []
        for band, n, percent in scores.shares:
            parts.append((band, n, percent, reached))
            reached += percent
        if scores.n:
            found.append((kind, question_name(kind), parts))
    return found


def weekly(scope: Scope, kind: str, weeks: list[tuple[date, Scores]]) -> Line | None:
    if len(weeks) < 2:
        return None
    first, last = weeks[0][0], weeks[-1][0]
    floor, ceiling = AXES[Kind(kind)]
    values = []
    for week, one in weeks:
        low, high = one.interval or (floor, ceiling)
        values.append(((week - first).days / (last - first).days, one.value or 0.0, low, high))
    return line(values, floor=floor, ceiling=ceiling)


def _anchored(kind: str) -> dict[str, Any]:
    """What others reach, and how high that lies in the drawing."""
    anchor = anchor_of(kind)
    if anchor is None:
        return {"anchor": None}
    floor, ceiling = AXES[Kind(kind)]
    drawn = line([(0, anchor.value, anchor.value, anchor.value)], floor=floor, ceiling=ceiling)
    return {"anchor": anchor, "anchor_y": drawn.dots[0].y}


def _marks(noted: Sequence[Annotation], weeks: list[tuple[date, Scores]]) -> list[Mark]:
    if len(weeks) < 2:
        return []
    first, span = weeks[0][0], (weeks[-1][0] - weeks[0][0]).days
    room = WIDTH - 2 * MARGIN
    return marks(
        noted, lambda day: MARGIN + room * min(1.0, (day - first).days / span) if day >= first else None, unit=""
    )


def finding(kind: str, weeks: list[tuple[date, Scores]]) -> str:
    """What the drawing shows, in a sentence."""
    if not weeks:
        return _("Nobody answered in this period.")
    pair = figures.finding(weeks)
    if pair is None:
        return _("Too few answers a week to tell a direction.")
    change = figures.change(pair[1], pair[0])
    if change is None or not change.is_real:
        return _("No real change between the first and the last week.")
    return (
        _("Better in the last week than in the first.")
        if change.value > 0
        else _("Worse in the last week than in the first.")
    )


def shown_rows(rows: Any) -> list[tuple[Any, str, str, list[str]]]:
    return [
        (row, question_name(row.kind), score_text(row.kind, row.score), [reason_name(code) for code in row.reasons])
        for row in rows
    ]


@require_safe
@READ
@from_replica
def answers(request: HttpRequest) -> HttpResponseBase:
    """The answers behind a figure, latest first, by keyset."""
    scope, context = read_scope(request, agent_of(request))
    kind, band = request.GET.get("kind", ""), request.GET.get("band", "")
    rows = figures.rows_behind(scope, kind, band, commented="commented" in request.GET)
    after = request.GET.get("after", "")
    if after.isascii() and after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: PAGE + 1])
    context |= {
        "rows": shown_rows(found[:PAGE]), "further": found[PAGE - 1].pk if len(found) > PAGE else None,
        "name": question_name(kind) if kind in set(Kind) else _("All questions"),
    }  # fmt: skip
    return render(request, "metrics/answers.html", context)


@require_safe
@exports("satisfaction")
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Every answer of the period, one a line."""
    scope, _context = read_scope(request, agent_of(request))
    head = ["answer", "answered", "changed", "question", "score", "most", "reasons", "comment", "via", "language",
            "ticket", "channel", "team", "agent"]  # fmt: skip
    return download(request, "satisfaction", head, _rows(scope, _context))


def _rows(scope: Scope, names: dict[str, Any]) -> Iterator[list[Any]]:
    for row in given(scope).order_by("answered_at", "pk").iterator(2000):
        yield [
            row.pk, row.answered_at.isoformat(), row.changed_at.isoformat() if row.changed_at else "", row.kind,
            row.score, SCALES[row.kind][-1], " ".join(row.reasons), row.comment, row.via, row.language,
            row.ticket_id or "", names["channels"].get(row.channel_id, ""), names["teams"].get(row.team_id, ""),
            names["members"].get(row.agent_id, ""),
        ]  # fmt: skip
