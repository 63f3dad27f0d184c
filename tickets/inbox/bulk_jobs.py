"""Jobs on many tickets as pages: what became of one and why, with the way back, and the list of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from people.permissions import PermissionDenied
from tickets.actions import stop_bulk, undo_bulk
from tickets.actions.bulk import KEPT_FOR
from tickets.models import BulkItem, BulkJob, BulkPhase, BulkState, Priority, Status, Ticket

from .access import agent_of, forbidden, signed_in
from .bulk import OVER, outcome_of, own_job

REPORTED = 500
LISTED = 30

DONE_WITH: dict[str, str | Promise] = {
    "status": gettext_lazy("Status set"),
    "complete": gettext_lazy("Closed, with what was missing"),
    "assignee": gettext_lazy("Assigned"),
    "team": gettext_lazy("Moved to a team"),
    "priority": gettext_lazy("Priority set"),
    "tag": gettext_lazy("Tagged"),
    "untag": gettext_lazy("Tag removed"),
    "field": gettext_lazy("Field filled in"),
    "snooze": gettext_lazy("Snoozed"),
    "spam": gettext_lazy("Marked as spam"),
    "no_spam": gettext_lazy("No spam"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A job in the list. `may_stop` while it runs, `may_undo` while something of it can be taken back."""

    job: BulkJob
    name: str
    words: str

    @property
    def may_stop(self) -> bool:
        return self.job.phase == BulkPhase.DOING

    @property
    def may_undo(self) -> bool:
        return self.job.phase in (BulkPhase.DONE, BulkPhase.STOPPED) and self.job.done > 0


@require_safe
@signed_in
def jobs(request: HttpRequest) -> HttpResponseBase:
    """One's own latest, newest first."""
    agent = agent_of(request)
    found = BulkJob.objects.filter(agent=agent).order_by("-pk")[:LISTED]
    context = {"lines": [_line(job) for job in found], "days": KEPT_FOR.days, "tab": "inbox"}
    return render(request, "tickets/bulk_jobs.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def report(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Which tickets were refused, and why; after an undo, which were left as they are. Posted to, the job is stopped or
    taken back."""
    job, agent = own_job(request, job_id), agent_of(request)
    if request.method == "POST":
        try:
            (stop_bulk if "stop" in request.POST else undo_bulk)(job.pk, by=agent)
        except PermissionDenied as error:
            return forbidden(error)
        return redirect("bulk_report", job_id=job.pk)
    undone = job.phase in (BulkPhase.UNDOING, BulkPhase.UNDONE)
    items = job.items.filter(state=BulkState.KEPT if undone else BulkState.REFUSED)
    # A ticket that has left the agent's sight is counted, not named.
    visible = Ticket.objects.visible_to(agent)
    shown = items.filter(ticket__in=visible).select_related("ticket").order_by("reason", "ticket_id")[:REPORTED]
    groups = [(reason, list(some)) for reason, some in groupby(shown, key=_reason)]
    named = sum(len(some) for _reason_, some in groups)
    context = {
        "line": _line(job), "groups": groups, "unnamed": (job.kept if undone else job.refused) - named,
        "tab": "inbox",
    }  # fmt: skip
    return render(request, "tickets/bulk.html", context)


def _line(job: BulkJob) -> Line:
    value = _value(job)
    words = outcome_of(job) if job.phase in OVER else _running(job)
    name = str(DONE_WITH.get(job.do, job.do))
    return Line(job, f"{name}: {value}" if value else name, words)


def _value(job: BulkJob) -> str:
    """What was set, where that is a word that needs no looking up."""
    if job.do in ("tag", "untag"):
        return job.value
    if job.do == "status" and job.value in Status.values:
        return str(Status(job.value).label)
    if job.do == "priority" and job.value in map(str, Priority.values):
        return str(Priority(int(job.value)).label)
    return ""


def _running(job: BulkJob) -> str:
    back = job.undone + job.kept
    undoing = job.phase == BulkPhase.UNDOING
    numbers = (back, back + job.done) if undoing else (job.done + job.same + job.refused, job.total)
    return (_("%d of %d changed back") if undoing else _("%d of %d done")) % numbers


def _reason(item: BulkItem) -> str:
    return item.reason
