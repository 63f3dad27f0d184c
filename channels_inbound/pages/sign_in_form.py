"""What an admin types so that we may sign in to a mail server, to fetch or to send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_inbound import consent
from channels_inbound.models import MailboxAuth

SECRETS = ("password", "client_secret", "refresh_token")
OAUTH = ("authorize_url", "token_url", "client_id", "client_secret", "refresh_token", "scope")
# What the big two want: a sign-in page, where codes become tokens, and what is asked for when fetching and sending.
GOOGLE = {
    "authorize_url": "https://accounts.google.com/o/oauth2/v2/auth", "token_url": "https://oauth2.googleapis.com/token",
    "scope": "https://mail.google.com/",
}  # fmt: skip
_LOGIN = "https://login.microsoftonline.com/common/oauth2/v2.0"
_OFFICE = "https://outlook.office.com"
MICROSOFT = {"authorize_url": f"{_LOGIN}/authorize", "token_url": f"{_LOGIN}/token"}
FETCHING = {
    "google": {"host": "imap.gmail.com", **GOOGLE},
    "microsoft": {
        "host": "outlook.office365.com", "scope": f"{_OFFICE}/IMAP.AccessAsUser.All offline_access", **MICROSOFT,
    },
}  # fmt: skip
SENDING = {
    "google": {"host": "smtp.gmail.com", **GOOGLE},
    "microsoft": {"host": "smtp.office365.com", "scope": f"{_OFFICE}/SMTP.Send offline_access", **MICROSOFT},
}


def filled_in_for(provider: str | None, known: dict[str, dict[str, str]]) -> dict[str, str]:
    """What a new form holds when the admin named one of the big two."""
    found = known.get(provider or "")
    return {"auth": MailboxAuth.OAUTH.value, **found} if found else {}


# What both kinds of server are told about.
HELP = {
    "security": _("Without encryption only a server on this machine may be used."),
    "authorize_url": _("Where the mailbox's owner lets us in. Empty where no person has to."),
    "scope": _("For Microsoft's client credentials: https://outlook.office365.com/.default."),
}


def hidden_input(**attributes: str) -> forms.PasswordInput:
    """A field for a secret."""
    # Never filled from what is stored: what is typed goes in and does not come out again.
    return forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", **attributes})


class SignInForm(forms.ModelForm):
    """The three secrets are empty unless just typed; empty keeps what is stored."""

    password = forms.CharField(label=_("Password"), strip=False, required=False, max_length=500, widget=hidden_input())
    client_secret = forms.CharField(label=_("Client secret"), required=False, max_length=2000, widget=hidden_input())
    refresh_token = forms.CharField(label=_("Refresh token"), required=False, max_length=4000, widget=hidden_input())

    def say_what_is_stored(self) -> None:
        """Whoever leaves a secret empty keeps it."""
        for name in SECRETS:
            self.fields[name].widget.attrs["placeholder"] = _("stored; type to replace")

    @property
    def oauth_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in OAUTH]

    @property
    def shows_oauth(self) -> bool:
        """Whether that part stands open."""
        return self["auth"].value() == MailboxAuth.OAUTH or any(self[name].errors for name in OAUTH)

    @property
    def must_ask_owner(self) -> bool:
        """Whether what was just saved needs its owner to sign in before it works."""
        asks = self.cleaned_data["auth"] == MailboxAuth.OAUTH and bool(self.cleaned_data["authorize_url"])
        return asks and not self.cleaned_data["refresh_token"] and not consent.is_granted(self.instance)

    @property
    def secret(self) -> dict[str, Any]:
        """What was typed, for the chosen way to sign in; empty when nothing was."""
        names = SECRETS[1:] if self.cleaned_data["auth"] == MailboxAuth.OAUTH else SECRETS[:1]
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}

    def _post_clean(self) -> None:
        """Settings are checked and saved by the actions; the instance on the page stays as it is stored."""
