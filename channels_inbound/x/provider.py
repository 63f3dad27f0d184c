"""X as a provider."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact
from channels_inbound.hooks.provider import (
    Account,
    BadSignature,
    Field,
    Hook,
    Life,
    Part,
    Provider,
    Reading,
    SendError,
)
from channels_inbound.hooks.reading import line, number, text
from channels_inbound.hooks.signatures import hmac_base64, require_any
from channels_inbound.meta.graph import bearer
from channels_inbound.x.lives import renew_token
from channels_inbound.x.parse import parse_activity
from people.http_client import Answer, HttpClient, Unanswered
from tickets.kinds import Traits

_CHALLENGE = re.compile(r"[\w+/=.~-]{1,500}", re.ASCII)


class X(Provider):
    traits = Traits(
        "x", "X", icon="at-sign", max_text=10_000, files=0, reached_by=("page_user:x:",), thread="x:{address}:{last}",
        posts=("x-post:", 280),
    )  # fmt: skip
    account_field = "user_id"
    apis, secret_hosts, file_hosts = ("x",), ("ton.twitter.com", "ton.x.com"), ("*.twimg.com",)
    fields = (
        Field("user_id", _("User id"), help=_("The number of the account, not its @name.")),
        Field("consumer_secret", _("Consumer secret"), secret=True, many=True, help=_("It signs the webhooks.")),
        Field("token", _("Access token of the account"), secret=True, help=_("With dm.read, dm.write, tweet.read.")),
        Field("client_id", _("Client id of the app"), needed=False,
              help=_("A token of OAuth 2.0 lives for two hours: with these it is renewed before it ends.")),
        Field("client_secret", _("Client secret of the app"), secret=True, needed=False),
        Field("refresh_token", _("Refresh token of the account"), secret=True, needed=False,
              help=_("It comes with the scope offline.access, and is replaced each time it is used.")),
    )  # fmt: skip
    # Nobody tells how old the first token is.
    renews_after = timedelta(0)
    renews_ended = True
    guide = _(
        "Register the webhook address at X. Delivered posts are billed there, and direct messages need a paid plan."
    )

    def handshake(self, hook: Hook, account: Account) -> tuple[str, str] | None:
        secrets, token = account.secret_list("consumer_secret"), hook.query.get("crc_token", "")
        # The same secret signs what they bring: nothing is signed here that could pass for the body of a webhook.
        if not secrets or not _CHALLENGE.fullmatch(token):
            raise BadSignature
        return "application/json", json.dumps({"response_token": f"sha256={hmac_base64(secrets[0], token.encode())}"})

    def verify(self, hook: Hook, account: Account) -> None:
        shown = hook.header("x-twitter-webhooks-signature")
        wanted = [f"sha256={hmac_base64(secret, hook.body)}" for secret in account.secret_list("consumer_secret")]
        require_any(shown, wanted)

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        return parse_activity(body, reading)

    def renew(self, account: Account, ends_at: datetime | None, now: datetime, http: HttpClient) -> Life:
        return renew_token(account, now, http)

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        if part.file is not None:
            raise SendError("permanent", "files cannot be sent by this channel")
        if part.thread_id.startswith("x-post:"):
            fields: dict[str, Any] = {
                "text": part.text,
                "reply": {"in_reply_to_tweet_id": part.reply_to or part.thread_id[7:]},
            }
            body = _body(http.post_json(f"{endpoint('x')}/2/tweets", fields, headers=bearer(account)))
            return _id(text(body, "data", "id"))
        person = part.to.removeprefix("x:")
        url = f"{endpoint('x')}/2/dm_conversations/with/{person}/messages"
        body = _body(http.post_json(url, {"text": part.text}, headers=bearer(account)))
        return _id(text(body, "data", "dm_event_id"))

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        return str(ref.get("url", "")), bearer(account)

    def check(self, account: Account, http: HttpClient) -> str:
        body = _body(http.get(f"{endpoint('x')}/2/users/me", headers=bearer(account)))
        if text(body, "data", "id") != account.account:
            raise SendError("auth", "the token belongs to another account")
        return f"@{line(body, 'data', 'username')}"


def _id(found: str) -> str:
    if not found:
        raise Unanswered("X took it without an id")
    return found


def _body(answer: Answer) -> dict[str, Any]:
    """The body of a call that went well. SendError."""
    body = answer.json()
    if answer.ok and "data" in body:
        return body
    said = line(body, "detail", most=300) or line(body, "title") or f"X answered {answer.status}"
    if answer.status == 429:
        reset = number(answer.header("x-rate-limit-reset"))
        raise SendError("transient", said, wait=max(1.0, reset - time.time()) if reset else 900.0)
    if answer.status == 401:
        raise SendError("auth", said)
    if answer.status == 403:
        raise SendError("policy", said)
    if answer.status >= 500:
        raise SendError("transient", said)
    raise SendError("permanent", said)
