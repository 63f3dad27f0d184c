"""Bringing in an exchange's log: a file, a look at what would be kept, and how it goes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from channels_inbound.models import CallImport, CallImportState
from channels_inbound.phone.log import KIND
from channels_inbound.phone.log_import import How, imports_visible_to, look_at, set_log, upload_log
from channels_inbound.phone.log_rows import WANTED
from channels_inbound.quarantine import channels_visible_to
from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, signed_in
from tickets.models import CallOutcome, Channel

SHOWN = 50
RECENT = 10
KINDS = (
    ("asterisk", "Asterisk (Master.csv)"), ("3cx", "3CX"), ("aircall", "Aircall"),
    ("table", gettext_lazy("Table with columns to choose")),
)  # fmt: skip
NEEDED = ("started_at", "direction", "from", "to")
DATE_CHOICES = (
    ("", gettext_lazy("2026-11-20 or 20.11.2026")), ("mdy", "11/20/2026"), ("dmy", "20/11/2026"),
)  # fmt: skip
COLUMN_NAMES = {
    "started_at": gettext_lazy("Began at"), "direction": gettext_lazy("Direction"), "from": gettext_lazy("Caller"),
    "to": gettext_lazy("Called"), "answered_at": gettext_lazy("Answered at"), "ended_at": gettext_lazy("Ended at"),
    "duration": gettext_lazy("Duration"), "outcome": gettext_lazy("Outcome"), "agent": gettext_lazy("Agent"),
    "external_id": gettext_lazy("Id of the call"),
}  # fmt: skip


class HowForm(forms.Form):
    """Which log, by which clock."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of log"), choices=KINDS)
    zone = forms.CharField(label=gettext_lazy("Time zone of the exchange"), max_length=64)
    dates = forms.ChoiceField(label=gettext_lazy("How it writes days"), choices=DATE_CHOICES, required=False)
    extensions = forms.CharField(
        label=gettext_lazy("What stands before an extension"), max_length=8, initial="Ext.", required=False
    )
    region = forms.CharField(
        label=gettext_lazy("Country of numbers without a country code"), max_length=2, initial="UA", required=False
    )

    def clean_zone(self) -> str:
        name = str(self.cleaned_data["zone"]).strip()
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise forms.ValidationError(_("There is no such time zone.")) from None
        return name

    def how(self, request: HttpRequest) -> How:
        values = self.cleaned_data
        mapping = {wanted: request.POST.get(f"column_{wanted}", "")[:200] for wanted in WANTED[values["kind"]]}
        region = str(values["region"] or "UA").upper()
        return How(values["kind"], values["zone"], region, mapping, values["dates"], values["extensions"])


class UploadForm(HowForm):
    """The file itself, and of which line it is."""

    channel = forms.ModelChoiceField(label=gettext_lazy("Line"), queryset=Channel.objects.none(), empty_label=None)
    file = forms.FileField(label=gettext_lazy("File"))
    field_order = ("channel", "kind", "file", "zone", "dates", "region", "extensions")

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = channels_visible_to(agent).filter(kind=KIND)
        self.fields["channel"] = forms.ModelChoiceField(
            label=self.fields["channel"].label, queryset=lines, empty_label=None
        )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload(request: HttpRequest) -> HttpResponseBase:
    """Choose a file, and the logs of late."""
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_SERVICE_LEVELS):
        raise Http404("not for this role")
    form = UploadForm(request.POST or None, request.FILES or None, agent=agent, initial={"zone": settings.TIME_ZONE})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            row = upload_log(values["channel"].pk, by=agent, upload=values["file"], how=form.how(request))
        except InvalidInput as error:
            form.add_error("file", error.message)
        else:
            return redirect("call_log_import", row.pk)
    recent = imports_visible_to(agent).select_related("channel").order_by("-id")[:RECENT]
    context = {"form": form, "recent": recent, "lines": channels_visible_to(agent).filter(kind=KIND).exists()}
    return render(request, "channels_inbound/call_import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """What would be kept and how it is read, until it is begun; then how it goes."""
    agent = agent_of(request)
    row = _found(agent, import_id)
    initial = {name: getattr(row, name) for name in ("kind", "zone", "region", "dates")} | {"extensions": row.prefix}
    form = HowForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        set_log(row.pk, by=agent, how=form.how(request), start="start" in request.POST)
        return redirect("call_log_import", row.pk)
    context: dict[str, Any] = {"row": row, "form": form}
    if row.state == CallImportState.LOOKING:
        context |= _looked(row)
    return render(request, "channels_inbound/call_log_import.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def progress(request: HttpRequest, import_id: int) -> HttpResponse:
    """How it goes, as a fragment."""
    return render(request, "channels_inbound/_call_import.html", {"row": _found(agent_of(request), import_id)})


def _found(agent: Agent, import_id: int) -> CallImport:
    row = imports_visible_to(agent).select_related("channel").filter(pk=import_id).first()
    if row is None:
        raise Http404("no such file")
    return row


def _looked(row: CallImport) -> dict[str, Any]:
    look = look_at(row)
    # An exchange's own fields go by their names in its manual.
    table = row.kind == "table"
    fields = [
        (name, COLUMN_NAMES[name] if table else name, table and name in NEEDED, row.mapping.get(name, ""))
        for name in WANTED[row.kind]
    ]
    return {
        "calls": [(call, CallOutcome(call.outcome).label) for call in look.log.calls[:SHOWN]],
        "errors": look.log.errors[:SHOWN],
        "number": len(look.log.calls),
        "refused": len(look.log.errors),
        "whole": look.whole,
        "columns": list(look.columns.items()),
        "inside": look.log.inside,
        "fields": fields,
    }
