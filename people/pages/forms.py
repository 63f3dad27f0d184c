"""What people type about themselves and each other."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.channel_names import channel_choices
from people.models import Agent, Role, Team
from people.signatures import LONGEST_HTML, unknown_variables, unknown_words, written_signature

from .role_form import role_choices


def zone_choices() -> list[tuple[str, str]]:
    """Zones by the names people know: continents and cities."""
    places = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    names = sorted(name for name in zoneinfo.available_timezones() if name.startswith(places))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.ModelForm):
    """How the helpdesk looks to one agent, and how they sign."""

    class Meta:
        model = Agent
        fields = (
            "name",
            "locale",
            "time_zone",
            "theme",
            "density",
            "shortcuts",
            "takes_answered",
            "after_closing",
            "signature",
        )
        help_texts = {
            "shortcuts": _("J, K, R, E and the others. Commands with Ctrl stay on."),
            "takes_answered": _("A ticket of nobody becomes yours when you answer it."),
            "signature": _("Stands below your replies, above the channel's own signature."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_html = self.instance.signature_html
        self.fields["locale"] = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
        self.fields["after_closing"].required = False  # whoever leaves it out keeps it
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=zone_choices())
        self.fields["signature"].widget = forms.Textarea(attrs={"rows": 4, "maxlength": 2000})
        self.fields["signature_html"] = forms.CharField(required=False, max_length=LONGEST_HTML)
        self.fields["signature"].max_length = 2000  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kept = (self.initial.get("signature") or "", self.stored_html)
        text, html = written_signature(data.get("signature", ""), data.get("signature_html", ""), kept=kept)
        data["signature"], data["signature_html"] = text, html
        if unknown := unknown_variables(text + html):
            self.add_error("signature", unknown_words(unknown))
        return data

    def save(self, commit: bool = True) -> Agent:
        self.instance.signature_html = self.cleaned_data["signature_html"]
        agent: Agent = super().save(commit)
        return agent

    def clean_after_closing(self) -> str:
        return str(self.cleaned_data["after_closing"] or self.instance.after_closing)


class FirstAdminForm(forms.Form):
    """The person who sets the helpdesk up."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"), strip=False, help_text=_("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    locale = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, initial=settings.TIME_ZONE)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, Agent(email=data.get("email", ""), name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class AgentForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=role_choices, initial=Role.AGENT)
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("They see the tickets of their teams, those of no team and those assigned to them. Contractors see "
                    "only the last."),
    )  # fmt: skip
    channels = forms.TypedMultipleChoiceField(
        label=_("Only these channels"), choices=channel_choices, coerce=int, required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means all of them. What is assigned to somebody they always see."),
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=_("May sign in"), required=False, initial=True,
        help_text=_("Turned off, every session and API key of theirs ends at once."),
    )  # fmt: skip

    def clean_channels(self) -> list[int] | None:
        return self.cleaned_data["channels"] or None


class TeamForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a team", "Name"), max_length=80)
