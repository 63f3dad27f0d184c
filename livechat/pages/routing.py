"""The page on which it is said which team a new chat goes to, and which help when that one has no room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from livechat.askers import segments
from livechat.channels import chat_channel, set_routes
from livechat.routing import CLOSED, LONGEST_PATH, LONGEST_TRAIT, MOST_RULES, OPEN, RETURNING, SEGMENT, SIGNED, Rule
from livechat.widget_settings import WidgetSettings
from people.languages import NAMES
from people.models import Team
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, signed_in

_BLANK = 2


class RuleForm(forms.Form):
    """One rule; without a team it is none."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False,
        choices=[("", gettext_lazy("Any language")), *NAMES.items()],
    )  # fmt: skip
    hours = forms.ChoiceField(
        label=gettext_lazy("When"), required=False,
        choices=[
            ("", gettext_lazy("At any time")), (OPEN, gettext_lazy("Within hours")),
            (CLOSED, gettext_lazy("Out of hours")),
        ],
    )  # fmt: skip
    path = forms.CharField(label=gettext_lazy("On pages"), required=False, max_length=LONGEST_PATH)
    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    min_cart = forms.IntegerField(
        label=gettext_lazy("Cart of at least"), required=False, min_value=0, max_value=10**8,
    )  # fmt: skip
    trait = forms.CharField(
        label=gettext_lazy("Signed fact"), required=False, max_length=LONGEST_TRAIT,
        widget=forms.TextInput(attrs={"placeholder": "plan=gold"}),
    )  # fmt: skip
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.all(), required=False,
        empty_label=gettext_lazy("No rule"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(SIGNED, _("Signed in at the shop")), (RETURNING, _("Chatted here before"))]
        people += [(f"{SEGMENT}{key}", str(name)) for key, name in segments()]
        self.fields["who"].choices = [("", _("Anybody")), *people]  # type: ignore[attr-defined]


class OverflowForm(forms.Form):
    """When a team has no room."""

    overflow_seconds = forms.IntegerField(
        label=gettext_lazy("Pass a chat on after (seconds)"), min_value=0, max_value=3600, required=False,
        help_text=gettext_lazy("While nobody of its team is here, or all of them have their hands full; 0 for never."),
    )  # fmt: skip
    most_chats = forms.IntegerField(
        label=gettext_lazy("Chats at once for one agent"), min_value=0, max_value=50, required=False,
        help_text=gettext_lazy("With so many, one has their hands full; 0 for as many as come."),
    )  # fmt: skip


_Rules = forms.formset_factory(RuleForm, extra=_BLANK, max_num=MOST_RULES, absolute_max=MOST_RULES + _BLANK)


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, channel_id: int) -> HttpResponseBase:
    """The rules in their order, with room for more, and which teams help."""
    agent = agent_of(request)
    try:
        connection = chat_channel(channel_id, by=agent)
    except NotFound:
        raise Http404("no such channel") from None
    kept, posted = WidgetSettings.read(connection.settings), request.POST if request.method == "POST" else None
    rules = _Rules(posted, initial=None if posted else [asdict(rule) for rule in kept.routes])
    overflow = OverflowForm(posted, initial={name: getattr(kept, name) for name in OverflowForm.base_fields})
    chain = _chain(posted.getlist("overflow") if posted else kept.overflow)
    if posted is not None and rules.is_valid() and overflow.is_valid():
        try:
            set_routes(
                channel_id, by=agent, rules=[rule for form in rules if (rule := _rule(form.cleaned_data))],
                overflow=[team.pk for team in chain if team],
                overflow_seconds=overflow.cleaned_data["overflow_seconds"] or 0,
                most_chats=overflow.cleaned_data["most_chats"] or 0,
            )  # fmt: skip
        except InvalidInput as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("chat_routing", channel_id)
    context = {
        "connection": connection, "forms": rules, "overflow": overflow, "chain": chain, "teams": Team.objects.all(),
    }  # fmt: skip
    return render(request, "livechat/routing.html", context, status=422 if posted else 200)


def _chain(said: Iterable[Any]) -> list[Team | None]:
    """Teams that help in their order, each once, with room for one more."""
    known = {str(team.pk): team for team in Team.objects.all()}
    found = [known[key] for key in dict.fromkeys(map(str, said)) if key in known]
    return [*found, None]


def _rule(said: dict[str, Any]) -> Rule | None:
    team = said.get("team")
    if not team:
        return None
    return Rule(
        team.pk, said.get("language", ""), said.get("path", "").strip(), said.get("min_cart") or 0,
        said.get("who", ""), said.get("trait", "").strip(), said.get("hours", ""),
    )  # fmt: skip
