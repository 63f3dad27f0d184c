"""What an admin types about a sign-in service."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import ServiceKind


class ServiceForm(forms.Form):
    kind = forms.ChoiceField(label=pgettext_lazy("of a sign-in service", "Service"), choices=ServiceKind.choices)
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("Stands on the button: “Continue with …”.")
    )  # fmt: skip
    issuer = forms.CharField(
        label=_("Issuer"), max_length=300, required=False,
        help_text=_("As the service's settings page names it. Not needed for Google."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )  # fmt: skip
    client_id = forms.CharField(
        label=_("Client ID"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    secret = forms.CharField(
        label=_("Client secret"), max_length=500, required=False, strip=False,
        help_text=_("Kept encrypted. Empty keeps the one there is."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    has_second_step = forms.BooleanField(
        label=_("It asks for a second step itself"), required=False,
        help_text=_("Then nobody is asked for another one here."),
    )  # fmt: skip
