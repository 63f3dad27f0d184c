"""Pages on which managers say what customers are asked, and see why somebody was not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metrics.models import Survey, SurveyInvitation, SurveyState
from metrics.models.surveys import KINDS
from metrics.surveys import actions
from metrics.surveys.links import public_url
from metrics.telling import withheld_reason
from people.contact_budget import contact_rules
from people.models import Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed
from tickets.models import Channel, Ticket

from .forms import NO_TEAM, Checks, kind_choices, offer_brands
from .settings import Names
from .writing import read_hours

MANAGE = allowed(Permission.MANAGE_SURVEYS)
LOOKED_BACK = timedelta(days=30)


class SurveyForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a survey", "Name"), max_length=80)
    kind = forms.ChoiceField(
        label=gettext_lazy("Question"), choices=KINDS,
        help_text=gettext_lazy(
            "The scale of satisfaction may be changed later: what was asked keeps the one it was asked on, and answers "
            "on 5 and on 10 are never one figure."
        ),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)
    delay_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes after solving"), min_value=0, max_value=7 * 24 * 60 - 60, initial=60
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Percent of solved tickets"), min_value=1, max_value=100, initial=100,
        help_text=gettext_lazy("Whom it meets is drawn by lot; the chance is kept with each answer."),
    )  # fmt: skip
    channel_kind = Checks(label=gettext_lazy("Kinds of channel"), help_text=gettext_lazy("None ticked: any."))
    brand_id = Checks(label=gettext_lazy("Brands"), coerce=int)
    channel_id = Checks(label=gettext_lazy("Channels"), coerce=int)
    team_id = Checks(label=gettext_lazy("Teams"))
    follows_up = forms.BooleanField(
        label=gettext_lazy("A low score opens a follow-up for a lead"), required=False, initial=True
    )
    follow_up_hours = forms.IntegerField(
        label=gettext_lazy("Hours to follow up"), min_value=1, max_value=24 * 30, initial=24
    )
    review_url = forms.CharField(
        label=gettext_lazy("Where satisfied customers may review you"), required=False, max_length=300,
        help_text=gettext_lazy("A https address; shown after a high score only."),
    )  # fmt: skip
    web_link = forms.BooleanField(label=gettext_lazy("May also be answered by a public link"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel_kind"].choices = kind_choices()  # type: ignore[attr-defined]
        offer_brands(self)
        self.fields["channel_id"].choices = list(Channel.objects.values_list("pk", "name"))  # type: ignore[attr-defined]
        teams = [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]
        self.fields["team_id"].choices = [*teams, (NO_TEAM, _("No team"))]  # type: ignore[attr-defined]

    def clean_review_url(self) -> str:
        url = self.cleaned_data["review_url"].strip()
        if url:
            URLValidator(schemes=["https"])(url)
        return url

    def values(self) -> dict[str, Any]:
        """The fields of the row."""
        data = self.cleaned_data
        teams = [None if team == NO_TEAM else int(team) for team in data["team_id"]]
        conditions = {"channel_kind": data["channel_kind"], "brand_id": data.get("brand_id"),
                      "channel_id": data["channel_id"], "team_id": teams}  # fmt: skip
        plain = ("name", "kind", "is_active", "delay_minutes", "percent", "follows_up", "follow_up_hours",
                 "review_url", "web_link")  # fmt: skip
        return {name: data[name] for name in plain} | {"conditions": {k: v for k, v in conditions.items() if v}}


class ContactForm(forms.Form):
    allowance = forms.IntegerField(label=gettext_lazy("Messages a customer at most"), min_value=0, max_value=100)
    days = forms.IntegerField(label=gettext_lazy("In so many days"), min_value=1, max_value=365)
    quiet = forms.CharField(
        label=gettext_lazy("Quiet hours"), required=False, max_length=20,
        help_text=gettext_lazy("By the customer's clock, such as 21:00-9:00. Empty: none."),
    )  # fmt: skip

    def clean_quiet(self) -> tuple[int, int]:
        text = self.cleaned_data["quiet"].strip()
        if not text:
            return 0, 0
        found = read_hours(text)
        if len(found) != 1:
            raise ValidationError(_("Write one stretch, such as 21:00-9:00."))
        return found[0][0], found[0][1] % (24 * 60)

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        start, end = data["quiet"]
        return {"allowance": data["allowance"], "days": data["days"], "quiet_from": start, "quiet_until": end}


def survey_initial(survey: Survey) -> dict[str, Any]:
    """The form's values of a stored survey."""
    found: dict[str, Any] = {name: getattr(survey, name) for name in SurveyForm.base_fields if hasattr(survey, name)}
    conditions = survey.conditions
    teams = [NO_TEAM if team is None else str(team) for team in conditions.get("team_id", [])]
    return found | {
        "channel_kind": conditions.get("channel_kind", []), "channel_id": conditions.get("channel_id", []),
        "brand_id": conditions.get("brand_id", []), "team_id": teams,
    }  # fmt: skip


@require_safe
@MANAGE
def surveys(request: HttpRequest) -> HttpResponseBase:
    """All surveys in their order, the budget, and what became of the last month's solved tickets."""
    names, rules = Names(), contact_rules()
    quiet = "" if rules.quiet_from == rules.quiet_until else _hours(rules.quiet_from, rules.quiet_until)
    visible = SurveyInvitation.objects.filter(
        planned_at__gte=timezone.now() - LOOKED_BACK, ticket__in=Ticket.objects.visible_to(agent_of(request))
    )
    counted = visible.values("state", "reason").annotate(n=Count("pk")).order_by("-n")
    context = {
        "surveys": [(one, names.conditions(one), public_url(one) if one.web_link else "") for one in
                    Survey.objects.all()],
        "rules": rules, "quiet": quiet,
        "outcomes": [(SurveyState(row["state"]).label, withheld_reason(row["reason"]), row["n"]) for row in counted],
    }  # fmt: skip
    return render(request, "metrics/surveys.html", context)


@require_http_methods(["GET", "POST"])
@MANAGE
def edit_survey(request: HttpRequest, survey_id: int | None = None) -> HttpResponseBase:
    survey = get_object_or_404(Survey, pk=survey_id) if survey_id else None
    form = SurveyForm(request.POST or None, initial=survey_initial(survey) if survey else None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_survey(survey_id, by=agent_of(request), **form.values())
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
            return redirect("surveys")
    context = {"form": form, "survey": survey}
    return render(request, "metrics/survey_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@MANAGE
def contact_budget(request: HttpRequest) -> HttpResponseBase:
    rules = contact_rules()
    quiet = "" if rules.quiet_from == rules.quiet_until else _hours(rules.quiet_from, rules.quiet_until)
    form = ContactForm(request.POST or None, initial={"allowance": rules.allowance, "days": rules.days, "quiet": quiet})
    if request.method == "POST" and form.is_valid():
        actions.save_contact_rules(by=agent_of(request), **form.values())
        messages.success(request, _("Done."))
        return redirect("surveys")
    return render(request, "metrics/contact_form.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@MANAGE
def move_survey(request: HttpRequest, survey_id: int) -> HttpResponseBase:
    try:
        actions.move_survey(survey_id, by=agent_of(request), up="up" in request.POST)
    except NotFound:
        raise Http404 from None
    return redirect("surveys")


@require_POST
@MANAGE
def remove_survey(request: HttpRequest, survey_id: int) -> HttpResponseBase:
    actions.remove_survey(survey_id, by=agent_of(request))
    messages.success(request, _("Done."))
    return redirect("surveys")


def _hours(start: int, end: int) -> str:
    return f"{start // 60}:{start % 60:02}-{end // 60}:{end % 60:02}"
