"""Customers at risk: whom to ring first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from commerce.pages.money import write_money
from metrics.at_risk import MOST, AtRisk
from metrics.at_risk import at_risk as read_at_risk
from metrics.telling import question_name, score_text
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed

from .export import download
from .filters import read_segment_only
from .guard import exports

READ = allowed(Permission.READ_REPORTS)


@require_safe
@READ
def at_risk(request: HttpRequest) -> HttpResponseBase:
    segment, shown = read_segment_only(request)
    found = read_at_risk(agent_of(request), timezone.now(), segment)
    rows = [
        (row, question_name(row.kind), score_text(row.kind, row.score),
         write_money(row.spent, row.currency) if row.orders else "–")
        for row in found.rows[:MOST]
    ]  # fmt: skip
    context = shown | {
        "rows": rows, "found": found, "more": max(0, len(found.rows) - MOST),
        "revenue": _money(found, found.revenue), "open_revenue": _money(found, found.open_revenue),
    }  # fmt: skip
    return render(request, "metrics/at_risk.html", context)


def _money(found: AtRisk, amount: int) -> str:
    return write_money(amount, found.currency) if found.currency else "–"


@require_safe
@exports("customers-at-risk")
def as_file(request: HttpRequest) -> HttpResponseBase:
    """One customer a line."""
    head = ["customer", "name", "ticket", "question", "score", "rated", "comment", "spent_minor_units", "currency",
            "orders", "last_order", "follow_up_open", "owner"]  # fmt: skip
    segment, _shown = read_segment_only(request)
    found = read_at_risk(agent_of(request), timezone.now(), segment)
    return download(request, "customers-at-risk", head, _rows(found))


def _rows(found: AtRisk) -> Iterator[list[Any]]:
    for row in found.rows:
        yield [
            row.customer_id, row.name, row.ticket_id, row.kind, row.score, row.rated_at.isoformat(), row.comment,
            row.spent, row.currency, row.orders, row.last_at.isoformat() if row.last_at else "",
            int(row.follow_up is not None), row.owner or "",
        ]  # fmt: skip
