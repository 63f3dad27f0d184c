"""The way in that Meta's products share: handshake, signature over the raw body, one address for several channels."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.facts import Fact, Ignored
from channels_inbound.hooks.provider import Account, BadSignature, Field, Hook, Life, Malformed, Provider, Reading
from channels_inbound.hooks.reading import each, ident, line, load_object, text, things
from channels_inbound.hooks.signatures import hmac_hex, require_any, same
from channels_inbound.meta.lives import renew_graph
from people.http_client import HttpClient

FAMILY = ("messenger", "instagram", "whatsapp", "fb_comments", "ig_comments")
APP_SECRET = Field(
    "app_secret", _("App secret"), secret=True, many=True,
    help=_("It signs the webhooks. During a change of secrets: one a line, all of them are accepted."),
)  # fmt: skip
TOKEN = Field("token", _("Access token"), secret=True, help=_("A long-lived one, or one of a system user."))
HUMAN_AGENT = Field(
    "human_agent", _("Human Agent is approved"), needed=False, flag=True,
    help=_("Then people may answer for seven days instead of 24 hours."),
)  # fmt: skip


class MetaProvider(Provider, ABC):
    """Verification and routing. `objects` are the webhook objects this product comes under."""

    objects: tuple[str, ...] = ()
    family = FAMILY
    shows_token = True
    renews_after = timedelta()
    apis = ("graph", "instagram")
    file_hosts = ("*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com", "lookaside.facebook.com")
    guide = _(
        "Enter the webhook address and the verify token in the app's settings. One app may have one address for all "
        "of its channels here: what comes for another channel with the same app secret finds its way."
    )

    def handshake(self, hook: Hook, account: Account) -> tuple[str, str] | None:
        if hook.query.get("hub.mode") != "subscribe" or not same(
            hook.query.get("hub.verify_token", ""), account.verify_token
        ):
            raise BadSignature
        return "text/plain", hook.query.get("hub.challenge", "")[:500]

    def verify(self, hook: Hook, account: Account) -> None:
        shown = hook.header("x-hub-signature-256")
        require_any(shown, [f"sha256={hmac_hex(secret, hook.body)}" for secret in account.secret_list("app_secret")])

    def accounts_named(self, hook: Hook) -> Sequence[str]:
        """Pages, Instagram accounts, phone numbers: one address may be that of them all."""
        return _accounts_named(hook.body)

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        content = load_object(body)
        kind = text(content, "object", most=60)
        if not isinstance(content.get("entry"), list):
            raise Malformed("there are no entries")
        if kind not in self.objects:
            return [Ignored(f"meant for another kind of channel ({line(kind, most=40) or 'no object'})")]
        facts = list(each(things(content, "entry"), lambda entry: self.parse_entry(entry, reading)))
        return facts or [Ignored("no entry holds anything for this channel")]

    @abstractmethod
    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        """What one entry of a delivery says."""

    def renew(self, account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
        return renew_graph(account, ends_at, now, http)


def not_ours(entry: dict[str, object], reading: Reading) -> bool:
    return ident(entry, "id") != reading.account


def _accounts_named(body: bytes) -> list[str]:
    """The accounts a delivery is for: pages, Instagram accounts, phone numbers."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return []
    named: set[str] = set()
    for entry in things(content, "entry"):
        named.add(ident(entry, "id"))
        for change in things(entry, "changes"):
            value = change.get("value")
            metadata = value.get("metadata") if isinstance(value, dict) else None
            named.add(ident(metadata, "phone_number_id"))
    return sorted(named - {""})[:100]
