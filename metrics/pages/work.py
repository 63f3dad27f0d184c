"""Channels, teams and people beside each other; and what people write about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from events.replica import from_replica
from metrics.clocks.terms import Target
from metrics.facts import Scope
from metrics.figures import overdue_counts
from metrics.topics import topics as read_topics
from metrics.work import by_group
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed

from .export import download
from .filters import read_scope, read_segment_only, without_page
from .guard import exports
from .numbers import overdue_text

READ = allowed(Permission.READ_REPORTS)
GROUPS = ("channel", "team", "agent")


@require_safe
@READ
@from_replica
def work(request: HttpRequest) -> HttpResponseBase:
    scope, context = read_scope(request, agent_of(request))
    titles = (_("By channel"), _("By team"), _("By person"))
    context |= {
        "tables": [(group, title, by_group(scope, group))
                   for group, title in zip(GROUPS, titles, strict=True)],
        "without_time": without_page(request, "time"),
        "besides": overdue_text(Target.FIRST, overdue_counts(scope, timezone.now())[Target.FIRST]),
    }  # fmt: skip
    return render(request, "metrics/work.html", context)


@require_safe
@exports("work")
def work_csv(request: HttpRequest) -> HttpResponseBase:
    """The three tables, one row a line."""
    scope, _context = read_scope(request, agent_of(request))
    head = ["by", "name", "opened", "first_answers", "in_time", "late", "median_seconds", "p90_seconds",
            "satisfied_percent", "ratings"]  # fmt: skip
    return download(request, "work", head, _rows(scope))


def _rows(scope: Scope) -> Iterator[list[Any]]:
    for group in GROUPS:
        for row in by_group(scope, group):
            yield [
                group,
                row.name,
                row.opened,
                row.n,
                row.kept,
                row.missed,
                row.median,
                row.p90,
                row.rating,
                row.ratings,
            ]


@require_safe
@READ
@from_replica
def topics(request: HttpRequest) -> HttpResponseBase:
    segment, shown = read_segment_only(request)
    found = read_topics(agent_of(request), timezone.now(), segment)
    context = shown | {
        "found": found,
        "tables": [("tags", _("Tags"), found.tags), ("words", _("Words of subjects"), found.words)],
    }
    return render(request, "metrics/topics.html", context)
