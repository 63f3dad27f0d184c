"""Messenger of a page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact, Ignored
from channels_inbound.hooks.provider import Account, Field, Part, Reading
from channels_inbound.hooks.reading import each, line, things
from channels_inbound.meta.door import APP_SECRET, HUMAN_AGENT, TOKEN, MetaProvider, not_ours
from channels_inbound.meta.graph import bearer, result
from channels_inbound.meta.messaging import parse_item
from channels_inbound.meta.sending import send_to_person
from channels_inbound.meta.subscribing import PAGE_COMMENTS, PAGE_MESSAGES, subscribe
from people.http_client import HttpClient
from tickets.kinds import Traits


class Messenger(MetaProvider):
    traits = Traits(
        "messenger", "Messenger", icon="message-circle", window=timedelta(hours=24), max_text=2000, max_reply=10_000,
        max_file=25 * 1024 * 1024, receipts=True, edits=True, choices=11,
        reached_by=("page_user:messenger:{address}:",),
    )  # fmt: skip
    objects = ("page",)
    asks_names = True
    account_field = "page_id"
    fields = (
        Field("page_id", _("Page id")), TOKEN, APP_SECRET,
        Field("app_id", _("App id"), needed=False, help=_("Tells our own sendings from those of other apps.")),
        HUMAN_AGENT,
    )  # fmt: skip

    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        if not_ours(entry, reading):
            return [Ignored("meant for another page")]
        facts: list[Fact] = []
        facts += each(things(entry, "messaging"), lambda item: parse_item("messenger", item, reading))
        facts += each(things(entry, "standby"), lambda item: parse_item("messenger", item, reading, standby=True))
        for change in things(entry, "changes"):
            facts.append(Ignored(f"for the channel of public comments ({line(change, 'field', most=30)})"))
        return facts

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        return send_to_person(endpoint("graph"), part, account, http, upload=True)

    def name_of(self, address: str, account: Account, http: HttpClient) -> str:
        url = f"{endpoint('graph')}/{address.rpartition(':')[2]}?fields=first_name,last_name"
        found = result(http.get(url, headers=bearer(account)))
        return f"{line(found, 'first_name', most=90)} {line(found, 'last_name', most=90)}".strip()

    def check(self, account: Account, http: HttpClient) -> str:
        found = result(http.get(f"{endpoint('graph')}/{account.account}?fields=name", headers=bearer(account)))
        return line(found, "name")

    def connect(self, account: Account, http: HttpClient) -> str:
        return subscribe(f"{endpoint('graph')}/{account.account}", (*PAGE_MESSAGES, *PAGE_COMMENTS), account, http)
