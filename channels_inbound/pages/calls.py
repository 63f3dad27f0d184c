"""Calls: whom to call back, what was talked, and a form that logs a call in seconds."""

from __future__ import annotations

from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from channels_inbound.phone import log
from channels_inbound.quarantine import channels_visible_to
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, forbidden, signed_in
from tickets.models import CallDirection, CallOutcome, Channel

SHOWN = 50


class CallForm(forms.Form):
    """A call in one line of fields; most of them are right as they stand."""

    channel = forms.ModelChoiceField(label=gettext_lazy("Line"), queryset=Channel.objects.none(), empty_label=None)
    direction = forms.ChoiceField(label=gettext_lazy("Direction"), choices=CallDirection.choices)
    number = forms.CharField(
        label=gettext_lazy("Number"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=[choice for choice in CallOutcome.choices if choice[0] != CallOutcome.RINGING],
    )
    minutes = forms.DecimalField(
        label=gettext_lazy("Minutes"), min_value=0, max_value=1439, decimal_places=1, initial=0
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    callback_at = forms.DateTimeField(
        label=gettext_lazy("Call back at"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    follow_up_at = forms.DateTimeField(
        label=gettext_lazy("Remind me at"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    client_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: object, agent: Agent, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        lines = channels_visible_to(agent).filter(kind=log.KIND)
        self.fields["channel"] = forms.ModelChoiceField(
            label=self.fields["channel"].label, queryset=lines, empty_label=None
        )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest) -> HttpResponseBase:
    """Callbacks that are due, the newest calls, and the form."""
    agent = agent_of(request)
    form = CallForm(request.POST or None, agent=agent, initial={"client_id": uuid4()})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            log.log_call(
                values["channel"].pk, by=agent, direction=values["direction"], number=values["number"],
                outcome=values["outcome"], seconds=int(values["minutes"] * 60), note=values["note"],
                callback_at=values["callback_at"], follow_up_at=values["follow_up_at"],
                client_id=UUID(str(values["client_id"])),
            )  # fmt: skip
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except PermissionDenied as error:
            return forbidden(error)
        else:
            messages.success(request, _("The call is logged."))
            return redirect("calls")
    context = {
        "form": form, "due": log.callbacks_due(agent)[:SHOWN], "may_log": agent.may(Permission.REPLY),
        "calls": log.calls_visible_to(agent).order_by("-started_at", "-pk")[:SHOWN],
        "may_import": agent.may(Permission.MANAGE_SERVICE_LEVELS),
        "lines": channels_visible_to(agent).filter(kind=log.KIND).exists(),
    }  # fmt: skip
    return render(request, "channels_inbound/calls.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def done(request: HttpRequest, call_id: int) -> HttpResponseBase:
    """The callback is done."""
    try:
        log.callback_done(call_id, by=agent_of(request))
    except NotFound:
        raise Http404("no such call") from None
    except PermissionDenied as error:
        return forbidden(error)
    messages.success(request, _("Noted."))
    return redirect("calls")
