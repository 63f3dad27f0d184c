"""Public comments: answered publicly, under the comment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from channels_inbound.comments.parse import instagram_change, page_change, value_of
from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact, Ignored
from channels_inbound.hooks.provider import Account, Field, Life, Part, Reading, SendError
from channels_inbound.hooks.reading import each, line, text, thing, things
from channels_inbound.instagram.provider import LOGIN, base_of, subscribe_account
from channels_inbound.meta.door import APP_SECRET, TOKEN, MetaProvider, not_ours
from channels_inbound.meta.graph import bearer, result, sent_id
from channels_inbound.meta.lives import A_DAY_AND_MORE, renew_instagram
from channels_inbound.meta.subscribing import INSTAGRAM_COMMENTS, PAGE_COMMENTS, subscribe
from people.http_client import HttpClient
from tickets.kinds import Traits

# Where the words of a mention stand in the answer, and under which name.
MENTIONED_IN = {"comment": ("mentioned_comment", "text"), "media": ("mentioned_media", "caption")}


class _Comments(MetaProvider):
    """What both kinds of comments do alike."""

    answers: ClassVar[str]
    hidden_field: ClassVar[str]

    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        if not_ours(entry, reading):
            return [Ignored("meant for another account")]
        facts: list[Fact] = []
        changes = [*things(entry, "changes"), *([entry] if "field" in entry else [])]
        facts += each(changes, lambda change: self.read(*value_of(change), entry, reading))
        if any(True for name in ("messaging", "standby") for _ in things(entry, name)):
            facts.append(Ignored("for the channel of private messages"))
        return facts

    @abstractmethod
    def read(self, field: str, value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Iterator[Fact]:
        """What one change says."""

    def base(self, account: Account) -> str:
        return endpoint("graph")

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        if part.file is not None:
            raise SendError("permanent", "files cannot be sent as a public answer")
        if part.private_to:
            fields = {"recipient": {"comment_id": part.private_to}, "message": {"text": part.text}}
            url = f"{self.base(account)}/{account.account}/messages"
            return sent_id(result(http.post_json(url, fields, headers=bearer(account))))
        comment = part.reply_to or part.thread_id.partition(":")[2]
        url = f"{self.base(account)}/{comment}/{self.answers}"
        return sent_id(result(http.post_json(url, {"message": part.text}, headers=bearer(account))))

    def hide(self, external_id: str, hidden: bool, account: Account, http: HttpClient) -> None:
        url = f"{self.base(account)}/{external_id}"
        result(http.post_json(url, {self.hidden_field: hidden}, headers=bearer(account)))

    def check(self, account: Account, http: HttpClient) -> str:
        found = result(http.get(f"{self.base(account)}/{account.account}?fields=id", headers=bearer(account)))
        return line(found, "id")


class FacebookComments(_Comments):
    traits = Traits(
        "fb_comments", _("Facebook comments"), icon="message-square-quote", public=True, max_text=8000, files=0,
        edits=True, private_for=timedelta(days=7), private_text=2000, hides=True,
    )  # fmt: skip
    objects = ("page",)
    account_field = "page_id"
    fields = (Field("page_id", _("Page id")), TOKEN, APP_SECRET)
    answers = "comments"
    hidden_field = "is_hidden"

    def connect(self, account: Account, http: HttpClient) -> str:
        return subscribe(f"{self.base(account)}/{account.account}", PAGE_COMMENTS, account, http)

    def read(self, field: str, value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Iterator[Fact]:
        return page_change(field, value, entry, reading)


class InstagramComments(_Comments):
    traits = Traits(
        "ig_comments", _("Instagram comments"), icon="message-square-quote", public=True, max_text=2200, files=0,
        private_for=timedelta(days=7), private_text=1000, hides=True,
    )  # fmt: skip
    objects = ("instagram",)
    account_field = "account_id"
    fields = (Field("account_id", _("Instagram account id")), TOKEN, APP_SECRET, LOGIN)
    answers = "replies"
    renews_after = A_DAY_AND_MORE
    hidden_field = "hide"

    def connect(self, account: Account, http: HttpClient) -> str:
        return subscribe_account(INSTAGRAM_COMMENTS, account, http)

    def read(self, field: str, value: dict[str, Any], entry: dict[str, Any], reading: Reading) -> Iterator[Fact]:
        return instagram_change(field, value, entry, reading)

    def base(self, account: Account) -> str:
        return base_of(account)

    def renew(self, account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
        if account.settings.get("facebook_login"):
            return super().renew(account, ends_at, now, http)
        return renew_instagram(account, now, http)

    def words_of(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> str:
        id, kind = str(ref.get("id", "")), str(ref.get("words_of", ""))
        if not id.isascii() or not id.isalnum() or kind not in MENTIONED_IN:
            raise SendError("permanent", "the mention has no id")
        place, words = MENTIONED_IN[kind]
        query = urlencode({"fields": f"mentioned_{kind}.{kind}_id({id}){{{words},username}}"})
        found = thing(
            result(http.get(f"{self.base(account)}/{account.account}?{query}", headers=bearer(account))), place
        )
        said, name = text(found, words).strip(), line(found, "username", most=64)
        if not said:
            raise SendError("permanent", "the provider does not tell the words")
        return f"@{name}: {said}" if name else said
