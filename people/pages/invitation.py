"""The page behind an invitation: its link is the proof, so it stands in no history of another site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from people.invitations import accept_invitation, invited
from people.models import Agent


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Password"), strip=False, help_text=gettext_lazy("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, agent: Agent, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        try:
            validate_password(password, self.agent)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from None
        return password


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """GET changes nothing, since robots open every link of a mail."""
    agent = invited(token)
    form = PasswordForm(agent, request.POST or None) if agent else None
    if form and request.method == "POST" and form.is_valid():
        if accept_invitation(token, form.cleaned_data["password"]):
            messages.success(request, _("Your password is set. Sign in with it."))
            return redirect("account_login")
        agent = form = None
    context = {"agent": agent, "form": form}
    response = render(request, "people/invitation.html", context, status=_status(form))
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _status(form: PasswordForm | None) -> int:
    if form is None:
        return 404
    return 422 if form.errors else 200
