"""Reports by mail: who is sent what, what became of the last ones, and the way out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metrics.mailing.actions import REPORTS, leave_mailing, read_leave_token, remove_mailing, save_mailing
from metrics.mailing.contents import report_name
from metrics.mailing.sending import COUNTING, CUT_OFF, NOT_MADE
from metrics.models import LetterState, ReportLetter, ReportMailing, ReportReader
from people.models import Agent
from people.pages.forms import zone_choices
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed

from .filters import narrowed_to, read_query
from .forms import Checks

READ = allowed(Permission.READ_REPORTS)
SHOWN = 30
# What of an address narrows a report; its period follows from how often it comes.
FILTERS = ("channel", "brand", "team", "agent", "language", "segment", "time", "compare")


class MailingForm(forms.Form):
    report = forms.ChoiceField(label=gettext_lazy("Report"))
    rhythm = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=[
            ("daily", gettext_lazy("Every day, of the day before")),
            ("weekly", gettext_lazy("On Mondays, of the week before")),
            ("monthly", gettext_lazy("On the first, of the month before")),
        ],
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"), coerce=int, choices=[(hour, f"{hour}:00") for hour in range(24)]
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    readers = Checks(
        label=gettext_lazy("Sent to"), coerce=int,
        help_text=gettext_lazy("Each sees what they may see, and may leave by a link in the mail."),
    )  # fmt: skip

    as_pdf = forms.BooleanField(label=gettext_lazy("With the report as a PDF"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who = Agent.objects.who_may(Permission.READ_REPORTS).order_by("name")
        self.fields["report"].choices = [(name, report_name(name)) for name in REPORTS]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = zone_choices()  # type: ignore[attr-defined]
        self.fields["readers"].choices = list(who.values_list("pk", "name"))  # type: ignore[attr-defined]


@require_safe
@READ
def page(request: HttpRequest) -> HttpResponseBase:
    """The reader's own, those others have sent to them, and what became of the last letters of their own."""
    agent = agent_of(request)
    own = ReportMailing.objects.filter(owner=agent).prefetch_related("readers").order_by("pk")
    received = ReportReader.objects.filter(agent=agent).exclude(mailing__owner=agent).select_related("mailing__owner")
    letters = ReportLetter.objects.filter(mailing__owner=agent).select_related("mailing", "agent").order_by("-pk")
    context = {
        "own": [(row, report_name(row.report), rhythm_text(row)) for row in own],
        "received": [(row.mailing, report_name(row.mailing.report), rhythm_text(row.mailing)) for row in received],
        "letters": [(row, report_name(row.mailing.report), *outcome(row)) for row in letters[:SHOWN]], "tab": "reports",
    }  # fmt: skip
    return render(request, "metrics/mailings.html", context)


@require_http_methods(["GET", "POST"])
@READ
def edit(request: HttpRequest, mailing_id: int | None = None) -> HttpResponseBase:
    agent = agent_of(request)
    row = ReportMailing.objects.filter(pk=mailing_id, owner=agent).first() if mailing_id else None
    if mailing_id and row is None:
        raise Http404
    query = row.query if row else filters_of(request.GET)
    form = MailingForm(request.POST or None, initial=_initial(request, agent, row))
    if request.method == "POST" and form.is_valid():
        try:
            save_mailing(mailing_id, by=agent, query=query, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        except NotFound:
            raise Http404 from None
        else:
            messages.success(request, _("Saved."))
            return redirect("mailings")
    context = {"form": form, "mailing": row, "narrowed": _narrowed(query, agent), "tab": "reports"}
    return render(request, "metrics/mailing_form.html", context, status=422 if form.errors else 200)


@require_POST
@READ
def remove(request: HttpRequest, mailing_id: int) -> HttpResponseBase:
    remove_mailing(mailing_id, by=agent_of(request))
    messages.success(request, _("Done."))
    return redirect("mailings")


@csrf_exempt  # the signature is the proof; a mail program has no cookie of ours
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks and changes nothing, since robots open every link of a mail; POST does it."""
    found = read_leave_token(token)
    if found is None:
        raise Http404("no such link")
    if request.method == "POST":
        leave_mailing(*found)
    reader = ReportReader.objects.filter(mailing=found[0], agent=found[1]).select_related("mailing", "agent").first()
    context = {"reader": reader, "name": report_name(reader.mailing.report) if reader else ""}
    response = render(request, "metrics/mailing_leave.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"  # the address of this page is the key to it
    return response


def filters_of(said: QueryDict) -> str:
    """The part of an address that narrows a report."""
    found = QueryDict(mutable=True)
    for name in FILTERS:
        if said.get(name):
            found[name] = str(said[name])[:40]
    return found.urlencode()


def rhythm_text(row: ReportMailing) -> str:
    text = {"daily": _("every day at %(hour)d:00"), "weekly": _("on Mondays at %(hour)d:00"),
            "monthly": _("on the first of the month at %(hour)d:00")}[row.rhythm]  # fmt: skip
    return text % {"hour": row.hour}


def outcome(letter: ReportLetter) -> tuple[str, str]:
    """(what became of it, why), in words."""
    state = {
        LetterState.WAITING: _("waiting"), LetterState.SENDING: _("being sent"), LetterState.SENT: _("sent"),
        LetterState.REFUSED: _("not sent"), LetterState.FAILED: _("not sent"), LetterState.UNKNOWN: _("not known"),
    }[LetterState(letter.state)]  # fmt: skip
    if letter.reason.startswith(NOT_MADE):
        return state, _("The report could not be made: %(error)s") % {"error": letter.reason.removeprefix(NOT_MADE)}
    why = {
        "": "",
        "reader_may_not": _("This person may not read reports any more."),
        "owner_may_not": _("Whoever set it up may not read reports any more."),
        COUNTING: _("So many orders are being counted."),
        "left": _("This person wanted it no more."),
        CUT_OFF: _("Sending was cut off; it is not sent again, so that nobody gets it twice."),
    }.get(letter.reason, _("The mail server did not take it: %(error)s") % {"error": letter.reason})
    return state, why


def _initial(request: HttpRequest, agent: Agent, row: ReportMailing | None) -> dict[str, Any]:
    if row is None:
        return {"report": request.GET.get("report", "overview"), "rhythm": "weekly", "hour": 8,
                "time_zone": agent.time_zone, "readers": [agent.pk]}  # fmt: skip
    readers = list(ReportReader.objects.filter(mailing=row).values_list("agent_id", flat=True))
    return {"report": row.report, "rhythm": row.rhythm, "hour": row.hour, "time_zone": row.time_zone,
            "readers": readers, "as_pdf": row.as_pdf}  # fmt: skip


def _narrowed(query: str, agent: Agent) -> list[str]:
    _scope, chosen = read_query(QueryDict(query), agent)
    return [*narrowed_to(chosen), *([_("Open time")] if chosen["open_time"] else [])]
