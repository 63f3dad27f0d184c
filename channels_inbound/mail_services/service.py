"""What all mail services share: a way for mail in, and a witness of what became of ours.

Each is bound to a mail channel; sending stays with the outgoing server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Ignored, MailReport
from channels_inbound.hooks.provider import Account, Field, Hook, Provider
from channels_inbound.hooks.reading import line
from channels_inbound.hooks.signatures import require_basic
from people.http_client import HttpClient
from tickets.kinds import MAIL

ADDRESS = Field("address", _("Email address of the channel"))
LOGIN = Field(
    "login", _("User and password of the webhook"), secret=True, many=True,
    help=_("As user:password; put it into the webhook's address at the provider."),
)  # fmt: skip


class MailService(Provider):
    traits = MAIL
    account_field = "address"
    kept_headers = ("content-type",)
    max_body = 64 * 1024 * 1024

    def account_of(self, settings: Any, secrets: Any) -> str:
        return str(settings.get("address", "")).strip().lower()

    def verify(self, hook: Hook, account: Account) -> None:
        require_basic(hook.header("authorization"), account.secret_list("login"))

    def check(self, account: Account, http: HttpClient) -> str:
        return account.account


def report(
    event: str, word: str, recipient: str, ids: list[str], at: datetime, *, hard: bool = False, detail: str = ""
) -> MailReport | Ignored:
    """The fact; `event` is ours for the service's `word`, empty for one that changes nothing. `hard`: the address
    itself is no good."""
    named = tuple(id.strip().strip("<>") for id in ids if id.strip())
    if not event or not recipient or not named:
        return Ignored(f"an event that changes nothing: {line(word) or 'none'}")
    return MailReport(event, recipient.lower()[:320], at, named, hard and event == "failed", detail[:300])
