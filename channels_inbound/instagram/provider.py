"""Direct messages of an Instagram account."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact, Ignored
from channels_inbound.hooks.provider import Account, Field, Life, Part, Reading
from channels_inbound.hooks.reading import each, line, things
from channels_inbound.meta.door import APP_SECRET, HUMAN_AGENT, TOKEN, MetaProvider, not_ours
from channels_inbound.meta.graph import bearer, result
from channels_inbound.meta.lives import A_DAY_AND_MORE, renew_instagram
from channels_inbound.meta.messaging import parse_item
from channels_inbound.meta.sending import send_to_person
from channels_inbound.meta.subscribing import INSTAGRAM_COMMENTS, INSTAGRAM_MESSAGES, PAGE_COMMENTS, subscribe
from people.http_client import HttpClient
from tickets.kinds import Traits

LOGIN = Field(
    "facebook_login", _("Connected through a Facebook page"), needed=False, flag=True,
    help=_("Leave it off for a token of Instagram's own sign-in."),
)  # fmt: skip


def base_of(account: Account) -> str:
    """Either sign-in has its own host."""
    return endpoint("graph" if account.settings.get("facebook_login") else "instagram")


def subscribe_account(fields: tuple[str, ...], account: Account, http: HttpClient) -> str:
    """By Instagram's own sign-in the account is subscribed, else its page: what of the account comes is then chosen in
    the app's settings. SendError."""
    if account.settings.get("facebook_login"):
        return subscribe(f"{endpoint('graph')}/me", PAGE_COMMENTS, account, http)
    return subscribe(f"{endpoint('instagram')}/{account.account}", fields, account, http)


class Instagram(MetaProvider):
    traits = Traits(
        "instagram", "Instagram", icon="camera", window=timedelta(hours=24), max_text=1000, max_reply=10_000,
        max_file=25 * 1024 * 1024, receipts=True, choices=11, reached_by=("page_user:instagram:{address}:",),
        file_types=("image/png", "image/jpeg", "image/gif", "audio/", "video/", "application/pdf"),
    )  # fmt: skip
    objects = ("instagram",)
    asks_names = True
    renews_after = A_DAY_AND_MORE
    account_field = "account_id"
    fields = (
        Field("account_id", _("Instagram account id")), TOKEN, APP_SECRET,
        Field("app_id", _("App id"), needed=False, help=_("Tells our own sendings from those of other apps.")),
        LOGIN, HUMAN_AGENT,
    )  # fmt: skip

    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        if not_ours(entry, reading):
            return [Ignored("meant for another account")]
        facts: list[Fact] = []
        facts += each(things(entry, "messaging"), lambda item: parse_item("instagram", item, reading))
        facts += each(things(entry, "standby"), lambda item: parse_item("instagram", item, reading, standby=True))
        for change in things(entry, "changes"):
            facts.append(Ignored(f"for the channel of public comments ({line(change, 'field', most=30)})"))
        if "field" in entry:
            facts.append(Ignored(f"for the channel of public comments ({line(entry, 'field', most=30)})"))
        return facts

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        return send_to_person(base_of(account), part, account, http, upload=False)

    def name_of(self, address: str, account: Account, http: HttpClient) -> str:
        url = f"{base_of(account)}/{address.rpartition(':')[2]}?fields=name,username"
        found = result(http.get(url, headers=bearer(account)))
        return line(found, "name", most=190) or line(found, "username", most=64)

    def check(self, account: Account, http: HttpClient) -> str:
        found = result(http.get(f"{base_of(account)}/{account.account}?fields=username", headers=bearer(account)))
        return f"@{line(found, 'username')}"

    def connect(self, account: Account, http: HttpClient) -> str:
        return subscribe_account((*INSTAGRAM_MESSAGES, *INSTAGRAM_COMMENTS), account, http)

    def renew(self, account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
        if account.settings.get("facebook_login"):
            return super().renew(account, ends_at, now, http)
        return renew_instagram(account, now, http)
