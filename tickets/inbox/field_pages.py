"""Fields of the shop's own: said on a ticket, asked for before it is closed, and the pages where managers keep them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.models import Agent, Team
from people.permissions import Permission
from tickets.actions import fields as actions
from tickets.actions.status import set_status
from tickets.errors import InvalidInput, NotFound
from tickets.models import FieldKind, Status, TicketField

from .access import agent_of, allowed, signed_in
from .field_rows import ShownField
from .steps import undoable
from .together import visible_ticket
from .writes import write

PREFIX = "field-"
MANAGE = allowed(Permission.MANAGE_SHARED)


@write
def say(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    """One field (`field` and `value`), or all of the sheet (field-12); with `close` the ticket is closed once they are
    said."""
    said = {name.removeprefix(PREFIX): value for name, value in request.POST.items() if name.startswith(PREFIX)}
    if "field" in request.POST:
        said[request.POST["field"]] = request.POST.get("value", "")
    values = {int(number): value for number, value in said.items() if number.isdecimal() and len(number) < 19}
    with transaction.atomic():
        ticket = actions.set_fields(ticket_id, by=agent, values=values)
        if "close" in request.POST:
            ticket = set_status(ticket_id, by=agent, status=Status.SOLVED)
            return undoable(ticket) | {"said": _("Closed."), "closed": True}
    return undoable(ticket)


@require_safe
@signed_in
def missing_sheet(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """Asks for what is missing, and for nothing else."""
    ticket = visible_ticket(agent_of(request), ticket_id)
    asked = [empty_field(field) for field in actions.missing_fields(ticket)]
    return render(request, "tickets/_sheet_fields.html", {"ticket": ticket, "fields": asked, **_going_on(request)})


def _going_on(request: HttpRequest) -> dict[str, bool]:
    return {"closes": "close" in request.GET}


@require_safe
@signed_in
def field_sheet(request: HttpRequest) -> HttpResponseBase:
    """Chooses a field and what to say in it on many tickets."""
    known = TicketField.objects.filter(archived_at=None)
    return render(request, "tickets/_sheet_field.html", {"fields": [empty_field(field) for field in known]})


def empty_field(field: TicketField) -> ShownField:
    """A field in which nothing was said yet, as a sheet asks for it."""
    return ShownField(field.pk, field.name, field.kind, field.choices, "", "", field.required, asked=True)


class FieldForm(forms.Form):
    """What a field is called, what may be said in it, and of whose tickets."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=FieldKind.choices)
    choices = forms.CharField(
        label=gettext_lazy("Choices"), required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("For a choice: one in each line, in their order."),
    )  # fmt: skip
    team = forms.ModelChoiceField(
        label=gettext_lazy("Tickets of"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("All teams"),
    )  # fmt: skip
    required = forms.BooleanField(
        label=gettext_lazy("Ask for it before a ticket is closed"), required=False,
        help_text=gettext_lazy("People, macros, the API and changes of many tickets are all asked."),
    )  # fmt: skip

    def __init__(self, field: TicketField | None, data: Any = None) -> None:
        super().__init__(data, initial=_initial(field))
        if field is not None:
            self.fields["kind"].disabled = True

    def values(self) -> dict[str, Any]:
        return self.cleaned_data | {"choices": self.cleaned_data["choices"].splitlines()}


def _initial(field: TicketField | None) -> dict[str, Any]:
    if field is None:
        return {}
    lines = "\n".join(field.choices)
    return {"name": field.name, "kind": field.kind, "choices": lines, "team": field.team, "required": field.required}


@require_safe
@MANAGE
def ticket_fields(request: HttpRequest) -> HttpResponseBase:
    """All fields in their order, and the archived ones."""
    known = list(TicketField.objects.select_related("team"))
    context = {
        "fields": [field for field in known if field.archived_at is None],
        "archived": [field for field in known if field.archived_at is not None],
    }
    return render(request, "tickets/fields.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@MANAGE
def field_edit(request: HttpRequest, field_id: int | None = None) -> HttpResponseBase:
    agent = agent_of(request)
    field = get_object_or_404(TicketField, pk=field_id) if field_id else None
    form = FieldForm(field, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved = actions.save_field(field_id, by=agent, **form.values())
            messages.success(request, _("Saved %(name)s.") % {"name": saved.name})
            return redirect("ticket_fields")
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    context = {"form": form, "field": field}
    return render(request, "tickets/field_form.html", context, status=422 if form.errors else 200)


@require_POST
@MANAGE
def field_move(request: HttpRequest, field_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    return _done(lambda: actions.move_field(field_id, by=agent, up="up" in request.POST))


@require_POST
@MANAGE
def field_archive(request: HttpRequest, field_id: int) -> HttpResponseBase:
    agent = agent_of(request)
    return _done(lambda: actions.archive_field(field_id, by=agent, on="restore" not in request.POST))


def _done(action: Any) -> HttpResponseBase:
    try:
        action()
    except NotFound:
        raise Http404 from None
    return redirect("ticket_fields")
