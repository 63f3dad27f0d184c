"""Logging a call from anywhere, and bringing in an exchange's log: a look first, then the keeping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from channels_inbound.pages.calls import CallForm
from channels_inbound.phone import log
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.exchange_logs import TABLE_COLUMNS, ReadLog, columns_of, read_log
from channels_inbound.quarantine import channels_visible_to
from people.models import Agent, Identity, IdentityKind
from people.permissions import Permission
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.pages import read_number
from tickets.inbox.writes import write
from tickets.models import Channel, Ticket

MAX_LOG = 5 * 1024 * 1024
KEPT_SECONDS = 1800
SHOWN = 50
KINDS = (
    ("asterisk", "Asterisk (Master.csv)"), ("3cx", "3CX"), ("aircall", "Aircall"),
    ("table", gettext_lazy("Table with columns to choose")),
)  # fmt: skip


@require_safe
@signed_in
def new(request: HttpRequest) -> HttpResponseBase:
    """The dialog's form; for `?ticket=` its customer's number stands in it."""
    agent = agent_of(request)
    if not agent.may(Permission.REPLY):
        raise Http404("not for this role")
    initial = {"client_id": uuid4(), "number": _number_of(agent, read_number(request.GET.get("ticket")))}
    initial |= {"direction": "out" if initial["number"] else "in", "outcome": "answered"}
    form = CallForm(agent=agent, initial=initial, auto_id="call_%s")
    context = {"form": form, "lines": channels_visible_to(agent).filter(kind=log.KIND).exists()}
    return HttpResponse(render_to_string("channels_inbound/_call_form.html", context, request))


def _number_of(agent: Agent, ticket_id: int) -> str:
    ticket = Ticket.objects.visible_to(agent).filter(pk=ticket_id).first() if ticket_id else None
    if ticket is None:
        return ""
    known = Identity.objects.filter(customer=ticket.customer_id, kind=IdentityKind.PHONE, suspect=False)
    return known.order_by("pk").values_list("value", flat=True).first() or ""


@write
def keep(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    """Log it; the answer names the ticket it stands on."""
    form = CallForm(request.POST, agent=agent)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        label = form.fields[field].label if field in form.fields else ""
        raise InvalidInput(field, f"{label}: {errors[0]}" if label else str(errors[0]))
    values = form.cleaned_data
    call = log.log_call(
        values["channel"].pk, by=agent, direction=values["direction"], number=values["number"],
        outcome=values["outcome"], seconds=int(values["minutes"] * 60), note=values["note"],
        callback_at=values["callback_at"], client_id=UUID(str(values["client_id"])),
    )  # fmt: skip
    return {"call": call.pk, "on": call.ticket_id}


class LogForm(forms.Form):
    """Which log, of which line, by which clock."""

    channel = forms.ModelChoiceField(label=gettext_lazy("Line"), queryset=Channel.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of log"), choices=KINDS)
    zone = forms.CharField(label=gettext_lazy("Time zone of the exchange"), max_length=64)
    region = forms.CharField(
        label=gettext_lazy("Country of numbers without a country code"), max_length=2, initial="UA", required=False
    )
    file = forms.FileField(label=gettext_lazy("File"), required=False)

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = channels_visible_to(agent).filter(kind=log.KIND)
        self.fields["channel"] = forms.ModelChoiceField(
            label=self.fields["channel"].label, queryset=lines, empty_label=None
        )

    def clean_zone(self) -> str:
        name = str(self.cleaned_data["zone"]).strip()
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise forms.ValidationError(_("There is no such time zone.")) from None
        return name


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be kept."""

    log: ReadLog
    columns: list[str]
    mapping: dict[str, str]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Each thing a call needs, with the column that holds it now."""
        return [(wanted, self.mapping.get(wanted, "")) for wanted in TABLE_COLUMNS]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def import_page(request: HttpRequest) -> HttpResponseBase:
    """Upload, look, keep. The file waits for the answer in the cache for half an hour, and nowhere else."""
    agent = agent_of(request)
    if not agent.may(Permission.MANAGE_SERVICE_LEVELS):
        raise Http404("not for this role")
    form = LogForm(request.POST or None, request.FILES or None, agent=agent, initial={"zone": settings.TIME_ZONE})
    preview, token = None, request.POST.get("token", "")[:36]
    if request.method == "POST" and form.is_valid():
        content = _content(form, agent, token)
        if content is None:
            form.add_error("file", _("Choose the file (at most 5 MB); what was uploaded before is kept half an hour."))
        else:
            token = token if not form.cleaned_data["file"] else str(uuid4())
            cache.set(_key(agent, token), content, KEPT_SECONDS)
            preview = _read(form, content, request)
            if "keep" in request.POST and preview.log.calls:
                return _keep(request, form.cleaned_data["channel"], preview, _key(agent, token))
    context = {
        "form": form, "preview": preview, "token": token, "calls": preview.log.calls[:SHOWN] if preview else (),
        "errors": preview.log.errors[:SHOWN] if preview else (),
    }  # fmt: skip
    return render(request, "channels_inbound/call_import.html", context, status=422 if form.errors else 200)


def _key(agent: Agent, token: str) -> str:
    return f"call-log:{agent.pk}:{token}"


def _content(form: LogForm, agent: Agent, token: str) -> bytes | None:
    given = form.cleaned_data["file"]
    if given is None:
        found = cache.get(_key(agent, token)) if token else None
        return found if isinstance(found, bytes) else None
    if given.size > MAX_LOG:
        return None
    return bytes(given.read())


def _read(form: LogForm, content: bytes, request: HttpRequest) -> Preview:
    values, columns = form.cleaned_data, columns_of(content)
    mapping = {
        wanted: chosen for wanted in TABLE_COLUMNS if (chosen := request.POST.get(f"column_{wanted}", "")) in columns
    }
    mapping = mapping or {name: name for name in TABLE_COLUMNS if name in columns}
    region = str(values["region"] or "UA").upper()
    read = read_log(values["kind"], content, zone=ZoneInfo(values["zone"]), region=region,
                    columns=mapping if values["kind"] == "table" else None)  # fmt: skip
    return Preview(read, columns if values["kind"] == "table" else [], mapping)


def _keep(request: HttpRequest, channel: Channel, preview: Preview, key: str) -> HttpResponseBase:
    new = 0
    for call in preview.log.calls:
        # One transaction each: cut off, the next try passes over what is known.
        with transaction.atomic():
            new += call_heard(channel.pk, call, at=timezone.now()) == "applied"
    cache.delete(key)
    said = ngettext("%(count)d call is new or changed.", "%(count)d calls are new or changed.", new)
    messages.success(request, said % {"count": new})
    return redirect("calls")
