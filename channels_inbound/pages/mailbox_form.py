"""What an admin types to have a mailbox fetched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_inbound.models import Mailbox
from channels_inbound.pages.sign_in_form import HELP, SignInForm
from tickets.models import Channel, ChannelKind

GROUPS = (
    (_("Server"), ("channel", "host", "port", "security", "username", "auth", "password")),
    (_("What is fetched"), ("folder", "start_from", "start_days", "backlog_historic")),
    (_("Afterwards"), ("after_fetch", "move_to")),
    (_("When"), ("use_idle", "poll_seconds", "is_active")),
)


class MailboxForm(SignInForm):
    """All settings."""

    class Meta:
        model = Mailbox
        fields = (
            "channel", "host", "port", "security", "username", "auth", "password", "authorize_url", "token_url",
            "client_id", "client_secret", "refresh_token", "scope", "folder", "start_from", "start_days",
            "backlog_historic", "after_fetch", "move_to", "use_idle", "poll_seconds", "is_active",
        )  # fmt: skip
        help_texts = {
            "host": _("For example imap.gmail.com or outlook.office365.com."),
            **HELP,
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
            self.say_what_is_stored()
        self.fields["refresh_token"].help_text = _(
            "Comes by itself when the owner signs in. Empty where the server signs in by client credentials, as "
            "Microsoft 365 allows for services."
        )
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
