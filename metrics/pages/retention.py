"""The retention page: who comes back, when, and how that goes with how we helped them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from commerce.pages.money import write_money
from metrics import retention, returning
from metrics.retention import COHORTS, Cohort, Share
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed

from .export import download
from .filters import read_scope
from .guard import exports

READ = allowed(Permission.READ_REPORTS)


@require_safe
@READ
def page(request: HttpRequest) -> HttpResponseBase:
    agent = agent_of(request)
    scope, context = read_scope(request, agent)
    now = timezone.now()
    whole = returning.everything(scope, now)
    found = whole.loyalty
    context |= {
        "tiles": tiles(found), "second": found.second, "seconds": found.seconds,
        "cohorts": [(one, cells(one)) for one in whole.cohorts],
        "after": range(COHORTS), "segments": [(segment_name(one.name), one, write_money(one.spent, one.currency))
                                              for one in whole.segments],
        "comparisons": [(*comparison_names(one.name), one) for one in whole.service.comparisons],
        "counted_at": whole.at if whole.at != now else None, "counting": whole.at is None,
        "empty": not found.retention.n and not found.returning.n,
        "ahead": "outlook" in request.GET,
    }  # fmt: skip
    if context["ahead"]:
        context["outlook"], context["reckoned_at"] = returning.outlook(scope, now)
    return render(request, "metrics/retention.html", context)


def tiles(found: retention.Loyalty) -> list[tuple[str, str, Share, str]]:
    """(key, name, figure, what is counted)."""
    meanings = {
        "retention": _(
            "Of buyers of the period before, the share that bought in this one. (E − N) / S: everybody who bought now, "
            "without the new ones, over those before."
        ),
        "churn": _("The rest of them: one less retention."),
        "returning": _("Of buyers of this period, the share with an earlier purchase."),
        "repeat": _(
            "Of buyers whose first purchase lies in a period of this length that ended 90 days ago, the share that "
            "bought again within 90 days. Younger buyers are left out: they still have time."
        ),
    }
    names = {"retention": _("Came back"), "churn": _("Stayed away"), "returning": _("Had bought before"),
             "repeat": _("Second purchase in 90 days")}  # fmt: skip
    return [(key, names[key], getattr(found, key), meanings[key]) for key in names]


def cells(cohort: Cohort) -> list[tuple[int, int, str, int] | None]:
    """(buyers, month, percent, shade from 0 to 10) of each month after the first; None for months to come."""
    found: list[tuple[int, int, str, int] | None] = []
    for after, count in enumerate(cohort.active):
        if count is None or not cohort.size:
            found.append(None)
            continue
        share = count / cohort.size
        found.append((count, after, f"{100 * share:.0f}", 10 if after == 0 else min(10, round(20 * share))))
    return found


def segment_name(name: str) -> str:
    return {
        "champions": _("Champions: bought lately, four times or more"), "loyal": _("Loyal: three times or more"),
        "new": _("New: once, lately"), "regular": _("Others"),
        "at_risk": _("At risk: three times or more, long ago"), "lost": _("Lost: seldom, long ago"),
    }[name]  # fmt: skip


def comparison_names(name: str) -> tuple[str, str]:
    return {
        "quick": (_("Answered within an hour"), _("Answered after a day or later")),
        "kept": (_("First answer in time"), _("First answer late")),
        "satisfied": (_("Satisfied"), _("Dissatisfied")),
        "contacted": (_("Wrote to us"), _("Never wrote to us")),
    }[name]  # fmt: skip


@require_safe
@exports("cohorts")
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The cohorts, one month after a month a line."""
    scope, _context = read_scope(request, agent_of(request))
    found = retention.cohorts(scope.end, timezone.get_current_timezone_name())
    return download(request, "cohorts", ["first_month", "buyers", "months_after", "bought"], _rows(found))


def _rows(found: list[Cohort]) -> Iterator[list[Any]]:
    for cohort in found:
        for after, count in enumerate(cohort.active):
            if count is not None:
                yield [cohort.month.isoformat(), cohort.size, after, count]
