"""Pages on which a manager says how a team's tickets find somebody, and sees who would get the next one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.availability import MOST_AT_ONCE, answering, make_missing, set_limits
from people.hours import calendars
from people.models import Agent, Team
from people.permissions import Permission
from people.roles import Refused
from tickets.errors import InvalidInput
from tickets.inbox.access import agent_of, allowed
from tickets.kinds import registered_kinds
from tickets.models import Assigning, Channel, Method

from .preview import Preview, preview_of
from .rules import HEAVIEST
from .settings import LONGEST_AWAY, rule_of, save_assigning
from .staff import usual_weight

MANAGE = allowed(Permission.MANAGE_TEAMS)


def _calendar_choices(nothing: Any) -> list[tuple[str, Any]]:
    return [("", nothing), *((str(number), name) for number, name in calendars())]


class AssigningForm(forms.Form):
    """One team's rule; a weight for each kind of channel there is."""

    method = forms.ChoiceField(label=gettext_lazy("Who gets the next ticket"), choices=Method.choices)
    most = forms.IntegerField(
        label=gettext_lazy("Most that one person has open at once"), min_value=1, max_value=MOST_AT_ONCE,
        help_text=gettext_lazy("Counted in mails: what weighs more counts as several."),
    )  # fmt: skip
    calendar = forms.ChoiceField(label=gettext_lazy("Shifts by the calendar"), required=False)
    away_minutes = forms.IntegerField(
        label=gettext_lazy("Take tickets back after so many minutes away"), required=False, min_value=1,
        max_value=LONGEST_AWAY, help_text=gettext_lazy(
            "The same time after the end of a shift, even where a page was left open. "
            "Empty: only from people who are off duty."
        ),
    )  # fmt: skip
    sticky = forms.BooleanField(
        label=gettext_lazy("A ticket goes back to who had it before, if they are there"), required=False
    )

    def __init__(self, rule: Assigning, data: Any = None) -> None:
        initial = {name: getattr(rule, name) for name in ("method", "most", "away_minutes", "sticky")}
        super().__init__(data, initial=initial | {"calendar": str(rule.calendar or "")})
        self.fields["calendar"].choices = _calendar_choices(_("Always open"))  # type: ignore[attr-defined]
        self.kinds = [traits.kind for traits in registered_kinds() if traits.writes]
        self.used = set(Channel.objects.order_by().values_list("kind", flat=True).distinct())
        for traits in registered_kinds():
            if traits.writes:
                known = rule.weights.get(traits.kind, usual_weight(traits.kind))
                self.fields[f"weight_{traits.kind}"] = forms.IntegerField(
                    label=traits.label, min_value=1, max_value=HEAVIEST, initial=known
                )

    @property
    def rule_fields(self) -> list[Any]:
        return [self[name] for name in ("method", "most", "calendar", "away_minutes", "sticky")]

    @property
    def weight_fields(self) -> list[Any]:
        """Of the kinds the shop has channels of."""
        return [self[f"weight_{kind}"] for kind in self.kinds if kind in self.used]

    @property
    def other_weights(self) -> list[Any]:
        return [self[f"weight_{kind}"] for kind in self.kinds if kind not in self.used]

    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        weights = {kind: said[f"weight_{kind}"] for kind in self.kinds}
        return {
            "method": said["method"], "most": said["most"], "away_minutes": said["away_minutes"],
            "sticky": said["sticky"], "calendar": int(said["calendar"]) if said["calendar"] else None,
            "weights": {kind: weight for kind, weight in weights.items() if weight != usual_weight(kind)},
        }  # fmt: skip


class LimitForm(forms.Form):
    """What differs for one person."""

    most = forms.IntegerField(required=False, min_value=0, max_value=MOST_AT_ONCE)
    calendar = forms.ChoiceField(required=False)

    def __init__(self, agent: Agent, data: Any = None) -> None:
        row = agent.availability
        super().__init__(data, prefix=str(agent.pk), initial={"most": row.most, "calendar": str(row.calendar or "")})
        self.agent = agent
        self.fields["calendar"].choices = _calendar_choices(_("As the team"))  # type: ignore[attr-defined]
        self.fields["most"].widget.attrs["aria-label"] = _("Most of %(name)s") % {"name": agent.name}
        self.fields["calendar"].widget.attrs["aria-label"] = _("Calendar of %(name)s") % {"name": agent.name}


@require_safe
@MANAGE
def assigning(request: HttpRequest) -> HttpResponseBase:
    """All teams, and how each gives its tickets out."""
    rules = {rule.pk: rule for rule in Assigning.objects.all()}
    teams = [(team, rules.get(team.pk) or Assigning(team=team)) for team in Team.objects.all()]
    return render(request, "tickets/assigning.html", {"teams": teams})


@require_http_methods(["GET", "HEAD", "POST"])
@MANAGE
def edit(request: HttpRequest, team_id: int) -> HttpResponseBase:
    """One team's rule, its people, and who would get the next ticket by what is written in the form."""
    agent = agent_of(request)
    team = get_object_or_404(Team, pk=team_id)
    rule = rule_of(team.pk)
    form = AssigningForm(rule, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if "preview" in request.POST:
            for name, value in form.values().items():
                setattr(rule, name, value)
        else:
            try:
                save_assigning(team.pk, by=agent, **form.values())
                messages.success(request, _("Saved %(name)s.") % {"name": team.name})
                return redirect("assigning_team", team.pk)
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
    context = {"form": form, "team": team, "preview": _preview(rule), "limits": _limit_forms(team)}
    return render(request, "tickets/assigning_team.html", context, status=422 if form.errors else 200)


def _preview(rule: Assigning) -> Preview:
    make_missing(answering().filter(teams=rule.team_id))
    return preview_of(rule, at=timezone.now())


@require_POST
@MANAGE
def limits(request: HttpRequest, team_id: int) -> HttpResponseBase:
    """What differs for single people of the team."""
    agent = agent_of(request)
    team = get_object_or_404(Team, pk=team_id)
    given = _limit_forms(team, request.POST)
    if not all(form.is_valid() for form in given):
        messages.error(request, _("Choose a number from 0 to %(most)d.") % {"most": MOST_AT_ONCE})
        return redirect("assigning_team", team.pk)
    try:
        for form in given:
            calendar = form.cleaned_data["calendar"]
            calendar_id = int(calendar) if calendar else None
            set_limits(form.agent, by=agent, most=form.cleaned_data["most"], calendar=calendar_id)
    except Refused as error:
        raise Http404 from error
    messages.success(request, _("Saved."))
    return redirect("assigning_team", team.pk)


def _limit_forms(team: Team, data: Any = None) -> list[LimitForm]:
    make_missing(answering().filter(teams=team))
    people = answering().filter(teams=team).select_related("availability").order_by("name", "pk")
    return [LimitForm(one, data) for one in people]
