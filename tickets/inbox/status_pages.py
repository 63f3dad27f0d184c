"""The pages on which managers keep the shop's own statuses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.models import Team
from people.permissions import Permission
from tickets.actions import custom_statuses as actions
from tickets.errors import InvalidInput, NotFound
from tickets.models import SETTABLE, CustomStatus, Tone
from tickets.statuses import LONGEST

from .access import agent_of, allowed

MANAGE = allowed(Permission.MANAGE_SHARED)


class StatusForm(forms.Form):
    """What a status is called in each language, what it stands for, and of whose tickets."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=LONGEST)
    category = forms.ChoiceField(
        label=gettext_lazy("Stands for"), choices=[(one.value, one.label) for one in SETTABLE],
        help_text=gettext_lazy("Deadlines, counts and views by status go by this."),
    )  # fmt: skip
    tone = forms.ChoiceField(label=gettext_lazy("Colour"), choices=Tone.choices, required=False)
    team = forms.ModelChoiceField(
        label=gettext_lazy("Tickets of"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("All teams"),
    )  # fmt: skip
    is_default = forms.BooleanField(
        label=gettext_lazy("Take this one when only what it stands for is chosen"), required=False
    )

    def __init__(self, status: CustomStatus | None, data: Any = None) -> None:
        super().__init__(data, initial=_initial(status))
        if status is not None:
            self.fields["category"].disabled = True
        for code, language in settings.LANGUAGES:
            label = _("Name in %(language)s") % {"language": language}
            self.fields[f"name_{code}"] = forms.CharField(label=label, required=False, max_length=LONGEST)

    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        own = {name: said[name] for name in ("name", "category", "tone", "team", "is_default")}
        return own | {"names": {code: said[f"name_{code}"] for code, _language in settings.LANGUAGES}}


def _initial(status: CustomStatus | None) -> dict[str, Any]:
    if status is None:
        return {"category": "on_hold"}
    known = {name: getattr(status, name) for name in ("name", "category", "tone", "team", "is_default")}
    return known | {f"name_{code}": name for code, name in status.names.items()}


@require_safe
@MANAGE
def statuses(request: HttpRequest) -> HttpResponseBase:
    """The categories in their order, each with the shop's own words for it, and the archived ones."""
    known = list(CustomStatus.objects.select_related("team"))
    used = [one for one in known if one.archived_at is None]
    groups = [(category, [one for one in used if one.category == category]) for category in SETTABLE]
    archived = [one for one in known if one.archived_at is not None]
    return render(request, "tickets/statuses.html", {"groups": groups, "archived": archived})


@require_http_methods(["GET", "HEAD", "POST"])
@MANAGE
def status_edit(request: HttpRequest, status_id: int | None = None) -> HttpResponseBase:
    agent = agent_of(request)
    status = get_object_or_404(CustomStatus, pk=status_id) if status_id else None
    form = StatusForm(status, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved = actions.save_custom_status(status_id, by=agent, **form.values())
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("statuses")
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    context = {"form": form, "status": status}
    return render(request, "tickets/status_form.html", context, status=422 if form.errors else 200)


@require_POST
@MANAGE
def status_move(request: HttpRequest, status_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    return _done(lambda: actions.move_custom_status(status_id, by=agent, up="up" in request.POST))


@require_POST
@MANAGE
def status_archive(request: HttpRequest, status_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    return _done(lambda: actions.archive_custom_status(status_id, by=agent, on="restore" not in request.POST))


def _done(action: Any) -> HttpResponseBase:
    try:
        action()
    except NotFound:
        raise Http404 from None
    return redirect("statuses")
