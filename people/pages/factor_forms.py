"""allauth's forms for codes, with what they leave to us: a code counts once, and a secret not yet confirmed is kept
encrypted too."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django import forms
from django.utils.translation import gettext_lazy as _

from people.credentials import CredentialsError
from people.second_factor import spend_code

CODE_ATTRS = {"autocomplete": "one-time-code", "spellcheck": "false", "autofocus": True}


class _Once:
    """For a form that has found the authenticator a code belongs to."""

    fields: dict[str, forms.Field]
    authenticator: Authenticator

    def ask_plainly(self) -> None:
        self.fields["code"].label = _("Code")
        self.fields["code"].widget = forms.TextInput(attrs=CODE_ATTRS)

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not spend_code(self.authenticator, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, AuthenticateForm):
    """The second step of a sign-in: a code of the phone or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_plainly()


class CodeAgainForm(_Once, ReauthenticateForm):
    """The same, when a page asks whether it is still you."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_plainly()


class FirstCodeForm(ActivateTOTPForm):
    """Proves that the app holds the secret. Until then the session keeps it, encrypted, since it lies in a row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user = kwargs.pop("user")
        super(ActivateTOTPForm, self).__init__(*args, **kwargs)
        self.secret = _kept_secret() if self.is_bound else ""
        if not self.secret:
            self.secret = generate_totp_secret()
            context.request.session[SECRET_SESSION_KEY] = get_adapter().encrypt(self.secret)
        self.fields["code"].label = _("Code that the app shows")
        self.fields["code"].widget = forms.TextInput(attrs=CODE_ATTRS | {"inputmode": "numeric"})


def _kept_secret() -> str:
    kept = context.request.session.get(SECRET_SESSION_KEY)
    try:
        return get_adapter().decrypt(kept) if kept else ""
    except CredentialsError:  # the key was changed meanwhile: begin anew
        return ""
