"""A report as a mail, for one reader.

HTML that every mail program shows: tables, styles on each element, bars as coloured cells beside their numbers; no
picture, nothing to load, and the same as plain text.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _

from metrics.facts import Scope
from metrics.mailing.actions import leave_url
from metrics.mailing.contents import CONTENTS, COUNTED_BY_DAY, PAGES, days_text, narrowed_by, report_name
from metrics.mailing.paper import report_on_paper
from metrics.mailing.pieces import Content
from metrics.models import ReportLetter
from metrics.pages.filters import read_query

# Figures that were counted before this are of another day.
STALE = timedelta(hours=1)
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


class NotCounted(Exception):
    """What the report is about is not counted yet, or not lately: it is being counted, ask again in a minute."""


def compose(letter: ReportLetter) -> EmailMultiAlternatives:
    """The mail of this period for this reader: what they see, in their language, by the mailing's time zone.
    NotCounted while its figures are counted."""
    mailing, agent = letter.mailing, letter.agent
    with translation.override(agent.locale), timezone.override(ZoneInfo(mailing.time_zone)):
        said = QueryDict(mailing.query, mutable=True)
        for name, value in (("period", "own"), ("from", str(letter.first)), ("to", str(letter.last))):
            said[name] = value
        scope, chosen = read_query(said, agent)
        content = CONTENTS[mailing.report](scope, chosen)
        if content.counting or (content.counted_at and content.counted_at < timezone.now() - STALE):
            raise NotCounted
        context = _context(letter, content, chosen)
        context["link"] = f"{settings.BASE_URL}{reverse(PAGES[mailing.report])}?{chosen['query']}"
        subject = _("%(shop)s: %(report)s, %(days)s") % {
            "shop": settings.SHOP_NAME, "report": report_name(mailing.report), "days": context["days"],
        }  # fmt: skip
        paper = _paper(mailing.report, scope, chosen, context["link"]) if mailing.as_pdf else None
        text = render_to_string("metrics/email/report.txt", context)
        html = render_to_string("metrics/email/report.html", context)
    mail = EmailMultiAlternatives(subject, text, None, [agent.email], headers=_headers(letter))
    mail.attach_alternative(html, "text/html")
    if paper is not None:
        mail.attach(f"{mailing.report}-{letter.first}-{letter.last}.pdf", paper, "application/pdf")
    return mail


def _paper(report: str, scope: Scope, chosen: dict[str, Any], link: str) -> bytes:
    return report_on_paper(report, scope, chosen, link=link, at=timezone.now())


def _headers(letter: ReportLetter) -> dict[str, str]:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    return {
        # The same for each try, so that a program which got it twice shows it once.
        "Message-ID": f"<report-{letter.mailing_id}-{letter.agent_id}-{letter.first}-{letter.last}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{leave_url(letter.mailing_id, letter.agent_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _context(letter: ReportLetter, content: Content, chosen: dict[str, Any]) -> dict[str, Any]:
    report = letter.mailing.report
    noted = [] if content.when else [one for one in chosen["noted"] if letter.first <= one.day <= letter.last]
    return {
        "content": content, "name": report_name(report),
        "days": content.when or days_text(letter.first, letter.last), "narrowed": narrowed_by(report, chosen),
        "noted": noted, "again": chosen["again"] if report in COUNTED_BY_DAY else None,
        "leave": leave_url(letter.mailing_id, letter.agent_id), "owner": letter.mailing.owner, "agent": letter.agent,
        "shop": settings.SHOP_NAME, "language": translation.get_language(),
        "s": {name: format_html('style="{}"', style) for name, style in STYLES.items()},
    }  # fmt: skip
