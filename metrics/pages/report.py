"""The service level page: promises kept, how long answers took, what stands behind it; and the wall, live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from events.replica import from_replica
from metrics import figures
from metrics.anchors import AIM
from metrics.clocks.terms import Target
from metrics.facts import Scope, ended
from metrics.measures import Dim
from metrics.models import Annotation
from metrics.telling import target_name
from people.permissions import Permission
from tickets.inbox.access import agent_of, allowed
from tickets.models import Channel

from .annotations import Mark, marks
from .export import download
from .filters import read_scope
from .guard import exports
from .numbers import kept_meaning, overdue_text, promises_text, waited_meaning

READ = allowed(Permission.READ_REPORTS)
PAGE = 50
WIDTH, HEIGHT = 720, 140


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart, in the drawing's own units."""

    day: date
    kept: int
    missed: int
    x: float
    width: float
    kept_y: float
    kept_height: float
    missed_y: float
    missed_height: float
    aim_y: float

    @property
    def end(self) -> float:
        return round(self.x + self.width, 2)


@require_safe
@READ
@from_replica
def service_level(request: HttpRequest) -> HttpResponseBase:
    agent = agent_of(request)
    scope, chosen = read_scope(request, agent)
    days = [(day, one.kept, one.missed) for day, one in figures.over_time(scope).items()]
    first_day, last_day = timezone.localtime(scope.start).date(), timezone.localtime(scope.end).date()
    attained = figures.attainment(scope)
    answering = figures.answering(scope)
    late = figures.overdue_counts(scope, timezone.now())
    context = chosen | {
        "kept_meaning": kept_meaning(), "waited_meaning": waited_meaning(answering.n),
        "attained": [(target_name(one.target), one, percent(one.share), bounds(one),
                      overdue_text(one.target, late[one.target])) for one in attained],
        "channels_table": _channels(scope), "aim": AIM,
        "answering": answering, "bars": bars(days, first_day, last_day),
        "marks": _marks(chosen["noted"], first_day, last_day),
        "days": [(day, kept, missed, percent(kept / (kept + missed)) if kept + missed else "–")
                 for day, kept, missed in days],
        "finding": finding(attained[0]), "besides": overdue_text(Target.FIRST, late[Target.FIRST]),
        "wall": figures.wall(agent, timezone.now()), "width": WIDTH, "height": HEIGHT,
        "first_day": first_day, "last_day": last_day,
    }  # fmt: skip
    return render(request, "metrics/service_level.html", context)


def _channels(scope: Scope) -> list[tuple[str, figures.Attainment, str, str, str]]:
    """(name, promises, percent, interval, what is promised) of each channel, by name."""
    channels = Channel.objects.in_bulk()
    texts = promises_text(channels.values())
    names = {id: channel.name for id, channel in channels.items()}
    rows = [
        (
            names.get(id or 0, "?"),
            one,
            percent(one.share),
            bounds(one),
            texts.get(id or 0, "–"),
        )
        for id, one in figures.first_by_group(scope, Dim.CHANNEL).items()
    ]
    return sorted(rows, key=lambda row: row[0].casefold())


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def bounds(one: figures.Attainment) -> str:
    if not one.n:
        return ""
    low, high = one.interval
    return f"{100 * low:.1f}–{100 * high:.1f}"


def finding(first: figures.Attainment) -> str:
    """What the chart shows, in a sentence."""
    if not first.n:
        return _("No first answer was due in this period.")
    return _("%(kept)d of %(n)d first answers came in time, %(missed)d did not.") % {
        "kept": first.kept, "n": first.n, "missed": first.missed,
    }  # fmt: skip


def bars(days: list[tuple[date, int, int]], first: date, last: date) -> list[Bar]:
    """The days as stacked bars: missed on top of kept, from zero."""
    slots = max(1, (last - first).days)
    highest = max((kept + missed for _day, kept, missed in days), default=1)
    slot = WIDTH / slots
    found = []
    for day, kept, missed in days:
        up, more = kept / highest * HEIGHT, missed / highest * HEIGHT
        x = (day - first).days * slot
        found.append(
            Bar(day, kept, missed, round(x, 2), round(slot * 0.8, 2), round(HEIGHT - up, 2), round(up, 2),
                round(HEIGHT - up - more, 2), round(more, 2), round(HEIGHT - (up + more) * AIM / 100, 2))
        )  # fmt: skip
    return found


def _marks(noted: Sequence[Annotation], first: date, last: date) -> list[Mark]:
    slot = WIDTH / max(1, (last - first).days)
    return marks(noted, lambda day: round(((day - first).days + 0.4) * slot, 2) if day >= first else None, unit="")


@require_safe
@READ
def wall(request: HttpRequest) -> HttpResponseBase:
    """The wall alone; the page fetches it again when something changes."""
    return _live(request, "metrics/_wall.html")


@require_safe
@READ
def strip(request: HttpRequest) -> HttpResponseBase:
    """The same in one line."""
    return _live(request, "metrics/_strip.html")


@require_safe
@READ
def next_up(request: HttpRequest) -> HttpResponseBase:
    """What is due next, alone."""
    return _live(request, "metrics/_next.html")


def _live(request: HttpRequest, template: str) -> HttpResponseBase:
    return render(request, template, {"wall": figures.wall(agent_of(request), timezone.now())})


@require_safe
@READ
@from_replica
def missed(request: HttpRequest) -> HttpResponseBase:
    """The promises behind a figure: those not kept, or all; and those overdue that no figure counts yet."""
    scope, chosen = read_scope(request, agent_of(request))
    target = request.GET.get("target", "")
    target = target if target in {one.value for one in Target} else Target.FIRST.value
    which = request.GET.get("which", "")
    every, late = which == "all", which == "overdue"
    if late:
        found = figures.clocks_overdue(scope, target, timezone.now())
    else:
        found = figures.clocks_behind(scope, target, missed=not every)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = chosen | {"page": page, "target": target, "name": target_name(target), "every": every, "late": late}
    return render(request, "metrics/missed.html", context)


@require_safe
@exports("service-level")
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Every promise that ended in the period, one a line."""
    scope, _chosen_filters = read_scope(request, agent_of(request))
    head = ["ticket", "cycle", "target", "channel", "started", "due", "stopped", "result", "elapsed_seconds",
            "open_seconds"]  # fmt: skip
    return download(request, "service-level", head, _rows(scope))


def _rows(scope: Scope) -> Iterator[list[Any]]:
    names = dict(Channel.objects.values_list("pk", "name"))
    for clock in ended(scope).order_by("stopped_at", "pk").iterator(2000):
        result = "missed" if clock.breached_at else "kept" if clock.state == "fulfilled" else "dropped"
        due = clock.due_at.isoformat() if clock.due_at else ""
        stopped = clock.stopped_at.isoformat() if clock.stopped_at else ""
        yield [clock.ticket_id, clock.cycle, clock.target, names.get(clock.channel_id, ""),
               clock.started_at.isoformat(), due, stopped, result, clock.wall_seconds, clock.used_seconds]  # fmt: skip
