"""What an admin types to connect a provider's channel: its own fields come from the provider."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from channels_inbound.hooks.provider import Field, Provider
from channels_inbound.models import Connection
from people.languages import NAMES
from people.models import Team

MAX_SECRET = 8000


class ConnectionForm(forms.Form):
    """The channel's fields, then the provider's. Secrets are never filled in from what is stored."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.all(), required=False,
        empty_label=_("No team: everybody sees its tickets"), help_text=_("New tickets land there."),
    )  # fmt: skip
    locale = forms.ChoiceField(label=_("Language"), choices=NAMES)
    is_active = forms.BooleanField(
        label=_("Takes messages"), required=False, initial=True,
        help_text=_("Switched off, the provider hears that there is nobody here."),
    )  # fmt: skip

    def __init__(self, *args: Any, provider: Provider, connection: Connection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider, self.connection = provider, connection
        if connection is None:
            del self.fields["is_active"]
        for field in provider.fields:
            self.fields[field.name] = _form_field(field, connection)

    @property
    def values(self) -> dict[str, Any]:
        """The provider's own fields."""
        return {field.name: self.cleaned_data.get(field.name, "") for field in self.provider.fields}

    @property
    def channel(self) -> dict[str, Any]:
        """The channel's."""
        names = ("name", "team", "locale", "is_active")
        return {name: self.cleaned_data[name] for name in names if name in self.fields}


def initial_of(connection: Connection) -> dict[str, Any]:
    """What the form shows of a stored connection: no secret."""
    channel = connection.channel
    shown = {"name": channel.name, "team": channel.team_id, "locale": channel.locale, "is_active": channel.is_active}
    return {**connection.settings, **shown}


def _form_field(field: Field, connection: Connection | None) -> forms.Field:
    if field.flag:
        return forms.BooleanField(label=field.label, help_text=field.help, required=False)
    needed = field.needed and not (field.secret and connection is not None)
    attributes = {"autocomplete": "off", "spellcheck": "false"}
    if field.secret and connection is not None:
        attributes["placeholder"] = str(_("stored; type to replace"))
    widget: forms.Widget
    if field.many:
        widget = forms.Textarea(attrs={**attributes, "rows": 3})
    elif field.secret:
        widget = forms.PasswordInput(render_value=False, attrs=attributes)
    else:
        widget = forms.TextInput(attrs=attributes)
    return forms.CharField(
        label=field.label, help_text=field.help, required=needed, max_length=MAX_SECRET, widget=widget
    )
