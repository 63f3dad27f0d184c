"""Why a deadline lies where it does: the calendar's arithmetic, drawn and in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from metrics.business_time import Stretch, explain
from metrics.clocks.history import read_history, says_only_thanks
from metrics.clocks.keeping import clocks_from, key_of
from metrics.clocks.machine import Clock
from metrics.models import Clock as Row
from metrics.rules import policies_of
from metrics.telling import target_name
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Message, MessageKind, Ticket

from .writing import write_duration

WIDTH = 1000
SHOWN, LINES = 6, 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the drawing and of the table."""

    start: datetime
    end: datetime
    kind: str  # open, closed, paused
    why: str
    counted: str
    total: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str  # warn, due, stop, now
    at: datetime
    x: float
    name: str


@dataclass(frozen=True, slots=True)
class Explained:
    name: str
    policy: str
    calendar: str
    promised: str
    state: str
    due_at: datetime | None
    late: bool
    pieces: list[Piece]
    marks: list[Mark]
    ahead: float | None  # where the time begins that has not passed
    cut: bool
    finding: str


@require_safe
@signed_in
def deadlines(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The panel beside a ticket; for whoever may see the ticket."""
    ticket = Ticket.objects.visible_to(agent_of(request)).select_related("channel").filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404
    rows = {key_of(row): row for row in Row.objects.filter(ticket=ticket)}
    clocks = clocks_from(ticket, read_history(ticket_id), rows) if rows else []
    clocks.sort(key=lambda clock: (clock.is_open, clock.started_at), reverse=True)
    clocks = [clock for clock in clocks if clock.target][:SHOWN]
    running = sum(clock.is_open for clock in clocks)
    explained = [_explained(clock, timezone.now()) for clock in clocks]
    # What is due is what is looked for; without such, how the last one went.
    first = running or 1
    context = {
        "clocks": explained[:first], "earlier": explained[first:], "width": WIDTH,
        "thanks": not running and _thanked(ticket),
    }  # fmt: skip
    return render(request, "metrics/_deadlines.html", context)


def _thanked(ticket: Ticket) -> bool:
    """Whether the customer's last words were nothing but thanks: then nothing is due."""
    last = Message.objects.filter(ticket=ticket).exclude(kind=MessageKind.NOTE).select_related("identity")
    message = last.order_by("-sequence").first()
    return message is not None and message.kind == MessageKind.INBOUND and says_only_thanks(message)


def _explained(clock: Clock, now: datetime) -> Explained:
    assert clock.terms is not None and clock.target is not None
    due, warnings = clock.due_at, [(at, percent) for percent, at in clock.alarms() if percent < 100]
    end = max(filter(None, (due, clock.stopped_at, now if clock.is_open and (due is None or due < now) else None)))
    span = max((end - clock.started_at).total_seconds(), 1.0)

    def place(at: datetime) -> float:
        return round(min(max((at - clock.started_at).total_seconds() / span, 0), 1) * WIDTH, 2)

    stretches = _stretches(clock, due if due and clock.is_open and due > now else clock.stopped_at or now)
    pieces, total = [], timedelta()
    for stretch, kind in stretches:
        total += stretch.length if kind == "open" else timedelta()
        counted = write_duration(round(stretch.length.total_seconds())) if kind == "open" else ""
        pieces.append(Piece(stretch.start, stretch.end, kind, _why(stretch, kind), counted,
                            write_duration(round(total.total_seconds())), place(stretch.start),
                            round(place(stretch.end) - place(stretch.start), 2)))  # fmt: skip
    marks = [Mark("warn", at, place(at), f"{percent}\N{NO-BREAK SPACE}%") for at, percent in warnings]
    marks += [Mark("due", due, place(due), _("due"))] if due else []
    marks += [Mark("stop", clock.stopped_at, place(clock.stopped_at), _("done"))] if clock.stopped_at else []
    marks += [Mark("now", now, place(now), _("now"))] if clock.is_open and now <= end else []
    promised = write_duration(int(clock.target.total_seconds()))
    calendar = next(p.calendar_name for p in policies_of(clock.rules) if p.terms.policy_id == clock.terms.policy_id)
    late = clock.breached_at is not None or bool(clock.is_open and due and due < now)
    ahead = place(now) if clock.is_open and now < end else None
    return Explained(
        target_name(clock.key[1]), clock.terms.policy, calendar, promised, _state(clock, late), due, late,
        pieces[:LINES], marks, ahead, len(pieces) > LINES, _finding(clock, pieces, promised),
    )  # fmt: skip


def _stretches(clock: Clock, until: datetime) -> list[tuple[Stretch, str]]:
    """Time from the start on: open and closed where the clock ran, paused where it stood."""
    assert clock.terms is not None
    found: list[tuple[Stretch, str]] = []
    reached = clock.started_at
    running = [(clock.running_since, until)] if clock.running_since and clock.running_since < until else []
    for start, end in [*clock.parts, *running]:
        if reached < start:
            found.append((Stretch(reached, start, "paused"), "paused"))
        for stretch in explain(clock.terms.calendar, start, end):
            found.append((stretch, "open" if stretch.is_open else "closed"))
        reached = end
    last = clock.stopped_at or until
    if reached < last:
        found.append((Stretch(reached, last, "paused"), "paused"))
    return found


def _why(stretch: Stretch, kind: str) -> str:
    if kind == "paused":
        return _("stood still")
    reasons = {
        "open": _("counted"), "hours": _("outside opening hours"), "day_off": _("day off"),
        "holiday": _("holiday: %(name)s") % {"name": stretch.note},
        "closed": _("closed: %(name)s") % {"name": stretch.note} if stretch.note else _("closed"),
    }  # fmt: skip
    return reasons[stretch.reason]


def _state(clock: Clock, late: bool) -> str:
    if clock.stopped_at is None:
        return _("Overdue") if late else _("Paused") if clock.running_since is None else _("Running")
    if clock.reason == "answered":
        return _("Answered late") if late else _("Answered in time")
    if clock.reason == "abandoned":
        return _("Hung up after the deadline") if late else _("Hung up before the deadline")
    if clock.state == "fulfilled":
        return _("Solved late") if late else _("Solved in time")
    return _("Missed") if late else _("Ended without an answer")


def _finding(clock: Clock, pieces: list[Piece], promised: str) -> str:
    """The arithmetic as a sentence, for whoever does not see the drawing."""
    used = pieces[-1].total if pieces else ""
    if clock.is_open and clock.running_since is None:
        return _("%(used)s of %(promised)s used; the clock is paused.") % {"used": used or "0", "promised": promised}
    if clock.is_open:
        return _("The deadline is %(promised)s of open time after the start.") % {"promised": promised}
    return _("%(used)s of open time of the %(promised)s promised.") % {"used": used or "0", "promised": promised}
