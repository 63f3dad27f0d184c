"""Changing many tickets at once, for the page they are picked on: begin, watch, stop, take back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from people.models import Agent
from tickets.actions import Selection, start_bulk, stop_bulk, undo_bulk, work_bulk
from tickets.actions.bulk import asked_after, progress_of
from tickets.errors import InvalidInput
from tickets.models import BulkJob, BulkPhase

from .access import agent_of, signed_in
from .catalogue import views_for
from .field_pages import PREFIX, empty_field
from .times import moment_of
from .writes import posted_uuid, write

# So few are done within the request: the answer tells what became of them, and a busy worker delays nobody.
AT_ONCE = 20
OVER = (BulkPhase.DONE, BulkPhase.STOPPED, BulkPhase.UNDONE)


@write
def start(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    form = request.POST
    value = form.get("value", "")
    if form.get("do") == "snooze":
        until = moment_of(form, "preset", "until")
        value = until.isoformat() if until else ""
    job = start_bulk(
        _selection(request, agent), by=agent, do=form.get("do", ""), value=value,
        client_id=posted_uuid(form.get("client_id"), "client_id") or uuid4(),
    )  # fmt: skip
    return _progressed(job, agent)


@write
def undo(request: HttpRequest, agent: Agent, job_id: int) -> dict[str, Any]:
    return _progressed(undo_bulk(job_id, by=agent), agent)


@write
def stop(request: HttpRequest, agent: Agent, job_id: int) -> dict[str, Any]:
    return told(stop_bulk(job_id, by=agent), agent)


@require_safe
@signed_in
def progress(request: HttpRequest, job_id: int) -> HttpResponseBase:
    return JsonResponse(told(own_job(request, job_id), agent_of(request)))


@require_safe
@signed_in
def missing_sheet(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Asks for what was missing where tickets of the job could not be closed."""
    job = own_job(request, job_id)
    fields, tickets = asked_after(job, by=agent_of(request))
    shown = [empty_field(field) for field in fields]
    return render(request, "tickets/_sheet_bulk.html", {"job": job, "fields": shown, "count": len(tickets)})


@write
def complete(request: HttpRequest, agent: Agent, job_id: int) -> dict[str, Any]:
    """Closes them after all, saying that first: a job of its own."""
    before = own_job(request, job_id)
    fields, tickets = asked_after(before, by=agent)
    if not tickets:
        raise InvalidInput("tickets", _("Nothing is missing any more."))
    said = [f"{field.pk}={' '.join(request.POST.get(f'{PREFIX}{field.pk}', '').split())}" for field in fields]
    job = start_bulk(
        Selection(ids=tickets), by=agent, do="complete", value="\n".join([before.value.split("\n")[0], *said]),
        client_id=posted_uuid(request.POST.get("client_id"), "client_id") or uuid4(),
    )  # fmt: skip
    return _progressed(job, agent)


def told(job: BulkJob, agent: Agent) -> dict[str, Any]:
    """The job's progress, and once it is over the sentence that says what became of it; `asks` is the sheet for what
    was missing where tickets could not be closed."""
    facts = progress_of(job)
    over = job.phase in OVER
    asks = reverse("bulk_missing", args=[job.pk]) if asked_after(job, by=agent)[0] else ""
    return facts | {"over": over, "words": outcome_of(job) if over else "", "asks": asks}


def _progressed(job: BulkJob, agent: Agent) -> dict[str, Any]:
    if job.total <= AT_ONCE and job.phase in (BulkPhase.DOING, BulkPhase.UNDOING):
        work_bulk(at=timezone.now(), job_id=job.pk)
        job.refresh_from_db()
    return told(job, agent)


def outcome_of(job: BulkJob) -> str:
    """What became of a job that is over, in words."""
    return " ".join(_sentences(job))


def _sentences(job: BulkJob) -> Iterable[str]:
    if job.phase == BulkPhase.UNDONE:
        yield ngettext("%d ticket was changed back.", "%d tickets were changed back.", job.undone) % job.undone
        if job.kept:
            yield (
                ngettext(
                    "%d was left as it is: something happened there meanwhile.",
                    "%d were left as they are: something happened there meanwhile.",
                    job.kept,
                )
                % job.kept
            )
        return
    yield ngettext("%d ticket was changed.", "%d tickets were changed.", job.done) % job.done
    if job.same:
        yield ngettext("%d was so already.", "%d were so already.", job.same) % job.same
    if job.phase == BulkPhase.STOPPED:
        yield ngettext("%d was left as it is.", "%d were left as they are.", job.refused) % job.refused
    elif job.refused:
        yield ngettext("%d was refused.", "%d were refused.", job.refused) % job.refused


def _selection(request: HttpRequest, agent: Agent) -> Selection:
    form = request.POST
    if not form.get("view"):
        ids = _numbers(form.getlist("tickets"))
        if not ids:
            raise InvalidInput("tickets", _("Select a ticket first."))
        return Selection(ids=ids)
    view = next((view for view in views_for(agent) if view.key == form["view"]), None)
    if view is None:
        raise Http404
    return Selection(where=view.where, without=_numbers(form.getlist("without")))


def _numbers(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal() and len(value) < 19]


def own_job(request: HttpRequest, job_id: int) -> BulkJob:
    return get_object_or_404(BulkJob, pk=job_id, agent=agent_of(request))
