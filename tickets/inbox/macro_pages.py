"""Canned replies as pages: those to choose from, using one, and managing them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.brands import several_brands
from people.languages import NAMES
from people.models import Agent, Team
from people.permissions import Permission
from people.written_html import LONGEST
from tickets.actions.macros import Content, remove_macro, save_macro, use_macro
from tickets.actions.views import Audience, editable_by, shown_to
from tickets.errors import DomainError, InvalidInput
from tickets.models import Macro, Priority, TicketField
from tickets.placeholders import in_braces, known_placeholders

from .access import agent_of, signed_in
from .directory import Directory, read_directory
from .own_fields import own_name, said_field
from .status_choices import status_choices
from .view_form import audiences
from .writes import posted_uuid, write

MOST_SHOWN = 300


@require_safe
@signed_in
def macros(request: HttpRequest) -> HttpResponseBase:
    """Those the agent may use, the most used first, for menus and the palette. One query."""
    agent = agent_of(request)
    if not agent.may(Permission.REPLY):
        return JsonResponse({"macros": []})
    found = Macro.objects.filter(shown_to(agent)).order_by("-used", "name").values("id", "name")[:MOST_SHOWN]
    return JsonResponse({"macros": list(found)})


@write
def use(request: HttpRequest, agent: Agent, ticket_id: int) -> dict[str, Any]:
    macro_id = request.POST.get("macro", "")
    used = use_macro(
        ticket_id, int(macro_id) if macro_id.isdecimal() and len(macro_id) < 10 else 0, by=agent,
        client_id=posted_uuid(request.POST.get("client_id"), "client_id") or uuid4(),
    )  # fmt: skip
    return {
        "text": used.reply.text, "html": used.html, "missing": in_braces(used.reply.missing), "then": used.then,
        "changes": list(used.changes),
    }  # fmt: skip


@require_safe
@signed_in
def manage(request: HttpRequest) -> HttpResponseBase:
    """Every canned reply the agent has, with how often each is used."""
    agent = _answering(request)
    own = set(Macro.objects.filter(editable_by(agent)).values_list("pk", flat=True))
    found = Macro.objects.filter(shown_to(agent)).select_related("team").prefetch_related("texts").order_by("name")
    return render(request, "tickets/macros.html", {"macros": [(macro, macro.pk in own) for macro in found]})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def macro_new(request: HttpRequest) -> HttpResponseBase:
    return _edit(request, _answering(request), None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def macro_edit(request: HttpRequest, macro_id: int) -> HttpResponseBase:
    agent = _answering(request)
    return _edit(request, agent, _editable(agent, macro_id))


@require_POST
@signed_in
def macro_remove(request: HttpRequest, macro_id: int) -> HttpResponseBase:
    agent = _answering(request)
    remove_macro(_editable(agent, macro_id).pk, by=agent)
    return redirect("macros_manage")


class MacroForm(forms.Form):
    """What it says, for all languages and for single ones, and what it does."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    audience = forms.ChoiceField(label=_("For"))
    status = forms.ChoiceField(label=_("Status"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    assign = forms.ChoiceField(label=_("Assign"), required=False)
    tags = forms.CharField(
        label=_("Tags to add"), required=False, max_length=400, help_text=_("With commas between them.")
    )
    note = forms.CharField(
        label=_("Note for the team"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "data-takes": ""}),
        max_length=5000,
    )

    def __init__(self, agent: Agent, known: Directory, macro: Macro | None = None, data: Any = None) -> None:
        super().__init__(data, initial=_initial(macro))
        self.agent = agent
        left = [("", _("Leave as it is"))]
        people = [(str(id), one.name) for id, one in known.agents.items() if one.takes_tickets and id != agent.pk]
        choices: dict[str, list[tuple[Any, Any]]] = {
            "audience": audiences(agent, known.teams.items()),
            "status": left + [(one.value, one.label) for one in status_choices(known.statuses)],
            "priority": left + [(str(value), label) for value, label in reversed(Priority.choices)],
            "assign": [*left, ("me", _("Whoever uses it")), ("none", _("Nobody")), *people],
        }
        for name, options in choices.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]
        self.own = list(TicketField.objects.filter(archived_at=None))
        for field in self.own:
            self.fields[own_name(field)] = said_field(field, (macro.fields if macro else {}).get(str(field.pk), ""))
        for code, label in [("", _("Text")), *NAMES.items()]:
            self.fields[f"text_{code}"] = forms.CharField(
                label=label, required=False, widget=forms.Textarea(attrs={"rows": 6 if not code else 4}), strip=False
            )
            self.fields[f"html_{code}"] = forms.CharField(required=False, max_length=LONGEST)

    @property
    def text(self) -> tuple[Any, str, str]:
        """The field for all languages, what it is called with formatting, and what that is now."""
        return self._text("")

    @property
    def texts(self) -> list[tuple[Any, str, str]]:
        """The same of single languages."""
        return [self._text(code) for code in NAMES]

    def _text(self, code: str) -> tuple[Any, str, str]:
        return self[f"text_{code}"], f"html_{code}", self[f"html_{code}"].value() or ""

    @property
    def own_fields(self) -> list[Any]:
        """What is said in fields of the shop's own."""
        return [self[own_name(field)] for field in self.own]

    @property
    def content(self) -> Content:
        typed = self.cleaned_data
        codes = ["", *NAMES]
        return Content(
            name=typed["name"], texts={code: typed[f"text_{code}"] for code in codes},
            htmls={code: typed[f"html_{code}"] for code in codes if typed[f"html_{code}"]},
            status=typed["status"], priority=int(typed["priority"]) if typed["priority"] else None,
            assign=typed["assign"], tags=[tag for tag in typed["tags"].split(",") if tag.strip()], note=typed["note"],
            fields={field.pk: typed[own_name(field)] for field in self.own if typed[own_name(field)]},
        )  # fmt: skip

    @property
    def chosen_audience(self) -> Audience:
        chosen = self.cleaned_data["audience"]
        if chosen == "mine":
            return Audience(owner=self.agent)
        if chosen == "everyone":
            return Audience()
        return Audience(team=Team.objects.get(pk=int(chosen.removeprefix("team-"))))


def _initial(macro: Macro | None) -> dict[str, Any]:
    if macro is None:
        return {"audience": "mine"}
    texts = {f"text_{one.language}": one.text for one in macro.texts.all()}
    htmls = {f"html_{one.language}": one.html for one in macro.texts.all()}
    return texts | htmls | {
        "name": macro.name, "status": macro.status, "priority": macro.priority or "", "assign": macro.assign,
        "tags": ", ".join(macro.tags), "note": macro.note,
        "audience": f"team-{macro.team_id}" if macro.team_id else "mine" if macro.owner_id else "everyone",
    }  # fmt: skip


def _edit(request: HttpRequest, agent: Agent, macro: Macro | None) -> HttpResponseBase:
    form = MacroForm(agent, read_directory(), macro, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            save_macro(macro.pk if macro else None, form.content, by=agent, audience=form.chosen_audience)
            return redirect("macros_manage")
        except InvalidInput as error:
            field = {"texts": "text_", "tag": "tags"}.get(error.field, error.field)
            form.add_error(field if field in form.fields else None, error.message)
        except DomainError as error:
            form.add_error(None, error.message)
    context = {"form": form, "macro": macro, "placeholders": _placeholders()}
    return render(request, "tickets/macro_form.html", context, status=422 if form.errors else 200)


def _placeholders() -> list[str]:
    """Those to choose from, as they are written; of the brand only where there are several."""
    hidden = () if several_brands() else ("brand.",)
    return [in_braces([name]) for name in known_placeholders() if not name.startswith(hidden)]


def _answering(request: HttpRequest) -> Agent:
    agent = agent_of(request)
    if not agent.may(Permission.REPLY):
        raise Http404
    return agent


def _editable(agent: Agent, macro_id: int) -> Macro:
    macro = Macro.objects.filter(editable_by(agent), pk=macro_id).first()
    if macro is None:
        raise Http404
    return macro
