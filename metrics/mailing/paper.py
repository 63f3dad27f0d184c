"""A report as a PDF: the same content on paper, with its charts and definitions.

The layout is `paper.typ`; what is said goes there as data, so that no name of a channel or note is read as markup.
The compiler refuses what is not accessible (PDF/UA-1: tags, titles, languages, words for each drawing). Nothing is
fetched: the fonts lie beside it. A name in a script they do not have makes the whole file less than accessible, and the
compiler refuses that too; the report is then laid out without that promise, since people are called as they are called.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from metrics.facts import Scope
from metrics.mailing.contents import CONTENTS, COUNTED_BY_DAY, days_text, narrowed_by, report_name
from metrics.mailing.pieces import Chart, Content, Figure, Table
from metrics.pages.numbers import decimal

_HERE = Path(__file__).parent
_LAYOUT = _HERE / "paper.typ"
_FONTS = [str(_HERE / "fonts")]
log = logging.getLogger(__name__)


def report_on_paper(report: str, scope: Scope, chosen: dict[str, Any], *, link: str, at: datetime) -> bytes:
    """The PDF of a report in the active language and time zone; `chosen` is what `read_query` says beside the scope."""
    said = _said(report, CONTENTS[report](scope, chosen), chosen)
    said |= {"link": link, "footer": _footer(scope, at)}
    try:
        return _laid_out(said, pdf_standards=["ua-1"], ignore_system_fonts=True)
    except typst.TypstError as error:
        log.warning("report not accessible", extra={"report": report, "error": str(error)[:300]})
        return _laid_out(said, ignore_system_fonts=False)


def _laid_out(said: dict[str, Any], **how: Any) -> bytes:
    pdf: bytes = typst.compile(str(_LAYOUT), font_paths=_FONTS, sys_inputs={"report": json.dumps(said)}, **how)
    return pdf


def _said(report: str, content: Content, chosen: dict[str, Any]) -> dict[str, Any]:
    against = chosen["against"] and days_text(chosen["against"], chosen["against_last"])
    # What was noted and counted anew is of days of a period.
    noted = [] if content.when else [one for one in chosen["noted"] if chosen["first"] <= one.day <= chosen["last"]]
    again = chosen["again"] if report in COUNTED_BY_DAY else None
    return {
        "lang": translation.get_language(), "shop": settings.SHOP_NAME, "title": report_name(report),
        "period": content.when or days_text(chosen["first"], chosen["last"]), "lead": content.lead,
        "narrowed": narrowed_by(report, chosen),
        "again": render_to_string("metrics/_again_words.html", {"again": again}) if again else "",
        "against": _("compared with %(period)s") % {"period": against} if against and _moved(content) else "",
        "roomy": _moved(content), "meant": _meant(report, content),
        "figures": [_figure(one) for one in content.figures], "charts": [_chart(one) for one in content.charts],
        "tables": [_table(one) for one in content.tables],
        "notes": [f"{date_format(note.day, 'j E')}: {note.text}" for note in noted],
        "words": {
            "page": _("Page {n} of {of}"), "kept": _("in time"), "missed": _("missed"),
            "nothing": _("Nothing in this period."), "notes": _("Noted on days"), "meaning": _("What is counted"),
            "open": _("Open the report"),
        },
    }  # fmt: skip


def _moved(content: Content) -> bool:
    return any(one.moved for one in content.figures)


def _meant(report: str, content: Content) -> list[dict[str, str]]:
    """Each definition once, with the figures it is of."""
    names: dict[str, list[str]] = {content.meaning: [report_name(report)]} if content.meaning else {}
    for one in content.figures:
        if one.meaning:
            names.setdefault(one.meaning, []).append(one.name)
    return [{"names": ", ".join(of), "meaning": meaning} for meaning, of in names.items()]


def _footer(scope: Scope, at: datetime) -> str:
    moment = date_format(timezone.localtime(at), "j E Y, H:i")
    return _("Made on %(moment)s (%(zone)s) for %(reader)s: what they may see") % {
        "moment": moment, "zone": scope.zone, "reader": scope.agent.name,
    }  # fmt: skip


def _figure(one: Figure) -> dict[str, str]:
    moved = one.moved
    if moved:
        moved = f"{moved} {_('(a real difference)') if one.real else _('(may be chance)')}"
    mood = "" if one.better is None else "good" if one.better else "bad"
    return {
        "name": one.name, "shown": one.shown, "bounds": one.bounds, "of": one.of, "moved": moved, "mood": mood,
    }  # fmt: skip


def _chart(one: Chart) -> dict[str, Any]:
    points: list[dict[str, Any]] = [{"label": bar.label, "low": bar.kept, "high": bar.missed} for bar in one.bars]
    points += [
        {"label": dot.label, "place": dot.place, "value": dot.value, "low": dot.low, "high": dot.high}
        for dot in one.dots
    ]
    return {
        "title": one.title, "finding": one.finding, "kind": "bars" if one.bars else "line", "points": points,
        "axis": list(one.axis),
    }  # fmt: skip


def _table(one: Table) -> dict[str, Any]:
    *head, share = one.head if one.shares else [*one.head, ""]
    rows = [
        {"cells": cells, "share": value, "said": "" if value is None else f"{decimal(value)}\N{NO-BREAK SPACE}%"}
        for cells, (_texts, value) in zip(one.cells, one.rows, strict=True)
    ]
    return {
        "title": one.title, "note": one.note, "head": head, "shares": one.shares, "share": share, "rows": rows,
        "widths": [one.texts.get(at, 0) for at in range(len(head))],
    }  # fmt: skip
