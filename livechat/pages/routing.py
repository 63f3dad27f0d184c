"""The page on which it is said which team a new chat goes to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from livechat.channels import chat_channel, set_routes
from livechat.routing import LONGEST_PATH, MOST_RULES, Rule, read_rules
from livechat.words import LANGUAGES
from people.models import Team
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in

from .languages import NAMES

_BLANK = 2


class RuleForm(forms.Form):
    """One rule; without a team it is none."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False,
        choices=[("", gettext_lazy("Any language")), *((language, NAMES[language]) for language in LANGUAGES)],
    )  # fmt: skip
    path = forms.CharField(label=gettext_lazy("On pages"), required=False, max_length=LONGEST_PATH)
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("No rule"),
    )  # fmt: skip


_Rules = forms.formset_factory(RuleForm, extra=_BLANK, max_num=MOST_RULES, absolute_max=MOST_RULES + _BLANK)


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """The rules in their order, with room for more."""
    agent = agent_of(request)
    try:
        connection = chat_channel(channel_id, by=agent)
    except NotFound:
        raise Http404("no such channel") from None
    rules = read_rules(connection.settings.get("routes"))
    known = [{"language": rule.language, "path": rule.path, "team": rule.team} for rule in rules]
    forms_ = _Rules(request.POST) if request.method == "POST" else _Rules(initial=known)
    if request.method == "POST" and forms_.is_valid():
        try:
            set_routes(channel_id, by=agent, rules=[rule for form in forms_ if (rule := _rule(form.cleaned_data))])
        except InvalidInput as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("chat_routing", channel_id)
    context = {"connection": connection, "forms": forms_}
    return render(request, "livechat/routing.html", context, status=422 if request.method == "POST" else 200)


def _rule(said: dict[str, Any]) -> Rule | None:
    team = said.get("team")
    return Rule(team.pk, said.get("language", ""), said.get("path", "").strip()) if team else None
