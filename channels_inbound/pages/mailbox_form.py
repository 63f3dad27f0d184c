"""What an admin types to have a mailbox fetched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_inbound.models import Mailbox, MailboxAuth
from tickets.models import Channel, ChannelKind

SECRETS = ("password", "client_secret", "refresh_token")
OAUTH = ("token_url", "client_id", "client_secret", "refresh_token", "scope")
GROUPS = (
    (_("Server"), ("channel", "host", "port", "security", "username", "auth", "password")),
    (_("What is fetched"), ("folder", "start_from", "start_days", "backlog_historic")),
    (_("Afterwards"), ("after_fetch", "move_to")),
    (_("When"), ("use_idle", "poll_seconds", "is_active")),
)
GOOGLE = "https://oauth2.googleapis.com/token"
MICROSOFT = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"


def hidden_input(**attributes: str) -> forms.PasswordInput:
    """A field for a secret."""
    # Never filled from what is stored: what is typed goes in and does not come out again.
    return forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", **attributes})


class MailboxForm(forms.ModelForm):
    """All settings. The three secrets are empty unless just typed; empty keeps what is stored."""

    password = forms.CharField(label=_("Password"), strip=False, required=False, max_length=500, widget=hidden_input())
    client_secret = forms.CharField(label=_("Client secret"), required=False, max_length=2000, widget=hidden_input())
    refresh_token = forms.CharField(
        label=_("Refresh token"), required=False, max_length=4000, widget=hidden_input(),
        help_text=_("Empty where the server signs in by client credentials, as Microsoft 365 allows for services."),
    )  # fmt: skip

    class Meta:
        model = Mailbox
        fields = (
            "channel", "host", "port", "security", "username", "auth", "password", "token_url", "client_id",
            "client_secret", "refresh_token", "scope", "folder", "start_from", "start_days", "backlog_historic",
            "after_fetch", "move_to", "use_idle", "poll_seconds", "is_active",
        )  # fmt: skip
        help_texts = {
            "host": _("For example imap.gmail.com or outlook.office365.com."),
            "security": _("Without encryption only a server on this machine may be used."),
            "token_url": f"{GOOGLE} · {MICROSOFT}",
            "scope": _("For Microsoft: https://outlook.office365.com/.default. For Google it stays empty."),
            "start_days": _("How many, if mail of the last days is fetched too."),
            "backlog_historic": _(
                "What arrived before the mailbox was added becomes solved tickets with their own dates, and nobody "
                "is notified."
            ),
            "after_fetch": _("Only once the mail is safely stored here."),
            "use_idle": _("The server tells at once (IDLE), if it can."),
            "poll_seconds": _("Where the server cannot tell of new mail itself."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = forms.ModelChoiceField(Channel.objects.filter(kind=ChannelKind.EMAIL), label=_("Channel"))
        self.fields["channel"] = channels
        if self.instance.pk:
            channels.disabled = True
            for name in SECRETS:
                self.fields[name].widget.attrs["placeholder"] = _("stored; type to replace")
        for name, least, most in (("port", 1, 65535), ("start_days", 1, 3650), ("poll_seconds", 15, 3600)):
            number = forms.IntegerField(
                label=self.fields[name].label, help_text=self.fields[name].help_text,
                initial=self.fields[name].initial, min_value=least, max_value=most,
            )  # fmt: skip
            self.fields[name] = number

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as the page shows them."""
        return [(str(title), [self[name] for name in names]) for title, names in GROUPS]

    @property
    def oauth_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in OAUTH]

    @property
    def shows_oauth(self) -> bool:
        """Whether that part stands open."""
        return self["auth"].value() == MailboxAuth.OAUTH or any(self[name].errors for name in OAUTH)

    @property
    def secret(self) -> dict[str, str]:
        """What was typed, for the chosen way to sign in; empty when nothing was."""
        names = SECRETS[1:] if self.cleaned_data["auth"] == MailboxAuth.OAUTH else SECRETS[:1]
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}

    def _post_clean(self) -> None:
        """Settings are checked and saved by the actions; the instance on the page stays as it is stored."""
