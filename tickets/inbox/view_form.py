"""The form of a saved view: conditions as a person chooses them, and as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.languages import NAMES
from people.models import Agent
from people.permissions import Permission
from tickets.actions.labels import tag_name
from tickets.actions.views import Audience
from tickets.conditions import choices_of
from tickets.errors import InvalidInput
from tickets.models import DueState, Priority, SavedView, Status, TicketField, ViewOrder

from .directory import Directory
from .own_fields import own_field, own_name, own_stored

NOBODY = "none"
HOUR = 3600
WAITS = [
    ("", _("However long")), (str(HOUR), _("An hour")), (str(4 * HOUR), _("4 hours")), (str(24 * HOUR), _("A day")),
    (str(3 * 24 * HOUR), _("3 days")), (str(7 * 24 * HOUR), _("A week")),
]  # fmt: skip
# Name of the field, and whether its values are numbers.
CHOICES = {
    "status": False,
    "state": True,
    "assignee": True,
    "team": True,
    "channel": True,
    "brand": True,
    "priority": True,
    "due": False,
    "language": False,
    "segment": False,
}


class _Several(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False)


class ViewForm(forms.Form):
    """`stored` is what was chosen, as `SavedView.where` keeps it; `audience` for whom."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=60)
    audience = forms.ChoiceField(label=_("For"))
    order = forms.ChoiceField(label=_("Order"), choices=ViewOrder.choices)
    status = _Several(_("Status"))
    state = _Several(_("Statuses of your own"))
    snoozed = forms.ChoiceField(
        label=_("Snoozed tickets"), required=False,
        choices=[("no", _("Left out")), ("", _("Included")), ("yes", _("Only those"))],
    )  # fmt: skip
    assignee = _Several(_("Assigned to"))
    team = _Several(_("Team"))
    channel = _Several(_("Channel"))
    brand = _Several(_("Brand"))
    priority = _Several(_("Priority"))
    due = _Several(_("Deadline"))
    waiting = forms.ChoiceField(label=_("The customer waits for longer than"), required=False, choices=WAITS)
    tag = forms.CharField(
        label=_("Any of these tags"), required=False, max_length=300, help_text=_("With commas between them.")
    )
    language = _Several(_("Language"))
    segment = _Several(_("Customer"))
    text = forms.CharField(
        label=_("Words"), required=False, max_length=200, help_text=_("As in the search: words, “phrases”, -without.")
    )

    def __init__(self, agent: Agent, directory: Directory, view: SavedView | None = None, data: Any = None) -> None:
        super().__init__(data, initial=_initial(agent, view))
        self.agent = agent
        for name, choices in _choices(agent, directory).items():
            self.fields[name].choices = list(choices)  # type: ignore[attr-defined]
        self.own = list(TicketField.objects.filter(archived_at=None))
        for field in self.own:
            self.fields[own_name(field)] = own_field(field, _own_conditions(view, field))

    def clean_tag(self) -> list[str]:
        try:
            return [tag_name(name) for name in self.cleaned_data["tag"].split(",") if name.strip()]
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None

    @property
    def own_fields(self) -> list[Any]:
        """Conditions on fields of the shop's own."""
        return [self[own_name(field)] for field in self.own]

    @property
    def stored(self) -> dict[str, list[Any]]:
        typed, where = self.cleaned_data, {}
        for name, numbers in CHOICES.items():
            where[name] = [_value(value, numbers=numbers) for value in typed[name]]
        where["snoozed"] = {"no": [False], "yes": [True]}.get(typed["snoozed"], [])
        where["waiting"] = [int(typed["waiting"])] if typed["waiting"] else []
        where["field"] = [one for field in self.own for one in own_stored(field, typed[own_name(field)])]
        where["tag"], where["text"] = typed["tag"], [typed["text"]] if typed["text"] else []
        return {name: values for name, values in where.items() if values}

    def audience_of(self, teams: dict[int, Any]) -> Audience:
        chosen = self.cleaned_data["audience"]
        if chosen == "mine":
            return Audience(owner=self.agent)
        return Audience(team=teams[int(chosen.removeprefix("team-"))]) if chosen.startswith("team-") else Audience()


def _own_conditions(view: SavedView | None, field: TicketField) -> list[str]:
    """What a view asks of one field, without the field's number."""
    number = str(field.pk)
    asked = [str(one) for one in (view.where.get("field", []) if view else [])]
    own = [one.removeprefix(number) for one in asked if one.startswith(number)]
    return [one for one in own if one[:1] in tuple("=<>*")]  # 12=x is not of field 1


def _value(value: str, *, numbers: bool) -> Any:
    if value == NOBODY:
        return None
    return int(value) if numbers and value.isdecimal() else value


def _initial(agent: Agent, view: SavedView | None) -> dict[str, Any]:
    if view is None:
        return {"audience": "mine", "snoozed": "no", "status": [Status.OPEN], "order": ViewOrder.NEWEST}
    where = view.where
    initial = {name: [NOBODY if value is None else str(value) for value in where.get(name, [])] for name in CHOICES}
    snoozed = {"True": "yes", "False": "no"}.get(str(next(iter(where.get("snoozed", [])), "")), "")
    audience = f"team-{view.team_id}" if view.team_id else "mine" if view.owner_id else "everyone"
    return initial | {
        "name": view.name, "order": view.order, "snoozed": snoozed, "audience": audience,
        "waiting": str(next(iter(where.get("waiting", [])), "")), "tag": ", ".join(where.get("tag", [])),
        "text": " ".join(where.get("text", [])),
    }  # fmt: skip


def audiences(agent: Agent, teams: Iterable[tuple[int, str]]) -> list[tuple[str, Any]]:
    """For whom this agent may make views, replies and macros."""
    choices: list[tuple[str, Any]] = [("mine", _("Only me"))]
    if agent.may(Permission.MANAGE_SHARED):
        choices.append(("everyone", _("Everyone")))
        choices += [(f"team-{id}", name) for id, name in teams if agent.sees_everything or id in agent.team_ids]
    return choices


def _choices(agent: Agent, known: Directory) -> dict[str, Iterable[tuple[str, Any]]]:
    people = [(str(id), one.name) for id, one in known.agents.items() if one.takes_tickets and id != agent.pk]
    return {
        "audience": audiences(agent, known.teams.items()),
        "status": Status.choices,
        "state": [(str(one.id), one.label) for one in known.statuses],
        "assignee": [("me", _("Me (whoever opens the list)")), (NOBODY, _("Nobody")), *people],
        "team": [*((str(id), name) for id, name in known.teams.items()), (NOBODY, _("No team"))],
        "channel": [(str(id), channel.name) for id, channel in known.channels.items()],
        "brand": [*((str(id), name) for id, name in known.brands.items()), (NOBODY, _("No brand"))]
        if known.has_brands
        else [],
        "priority": [(str(value), label) for value, label in reversed(Priority.choices)],
        "due": [choice for choice in DueState.choices if choice[0]],
        "language": NAMES.items(),
        "segment": choices_of("segment"),
    }
