"""Telegram as a provider: webhook with a secret header, sending by the Bot API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact
from channels_inbound.hooks.provider import Account, Field, Hook, Part, Provider, Reading, Seen, SendError
from channels_inbound.hooks.reading import line, number, text
from channels_inbound.hooks.signatures import require_any
from channels_inbound.telegram.parse import parse_update
from people.http_client import Answer, HttpClient, Unanswered
from tickets.kinds import Traits

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
MEGABYTE = 1024 * 1024


class Telegram(Provider):
    traits = Traits(
        "telegram", "Telegram", icon="send", max_text=4096, max_reply=20_000, max_file=50 * MEGABYTE, edits=True,
        reached_by=("page_user:telegram:",), choices=8, choice_length=40, invites=True,
    )  # fmt: skip
    apis = ("telegram",)
    looks = True
    fields = (
        Field("token", _("Bot token"), secret=True, help=_("From @BotFather, for example 123456:ABC-DEF.")),
        Field(
            "username", _("Name of the bot"), needed=False,
            help=_("Ends in bot. With it customers can be invited by a link."),
        ),
        Field(
            "greeting", _("Greeting"), needed=False,
            help=_("Sent once to whoever starts the bot. Empty: nothing is sent."),
        ),
    )  # fmt: skip
    guide = _("Saving sets the webhook at Telegram by itself. The bot can write only to people who wrote to it first.")

    def account_of(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
        return account_of_token(secrets.get("token", ""))

    def verify(self, hook: Hook, account: Account) -> None:
        require_any(hook.header("x-telegram-bot-api-secret-token"), [account.verify_token])

    def parse(self, body: bytes, reading: Reading) -> list[Fact]:
        return parse_update(body, reading)

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        chat = part.thread_id.removeprefix("telegram:") or part.to.removeprefix("telegram:")
        if part.file is None:
            fields: dict[str, Any] = {"chat_id": chat, "text": part.text}
            if part.choices:
                # Not buttons with data of ours: what is pressed comes back as what they say.
                rows = [[{"text": choice}] for choice in part.choices]
                fields["reply_markup"] = {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}
            answered = part.reply_to.rpartition(":")[2]
            if answered.isdecimal() and part.reply_to.startswith(f"telegram:{account.account}:{chat}:"):
                fields["reply_parameters"] = {"message_id": int(answered), "allow_sending_without_reply": True}
            answer = http.post_json(_url(account, "sendMessage"), fields)
        else:
            picture = part.file.content_type in ("image/jpeg", "image/png")
            content = part.file.load()
            picture = picture and len(content) <= 10 * MEGABYTE
            method, name = ("sendPhoto", "photo") if picture else ("sendDocument", "document")
            files = {name: (part.file.filename, part.file.content_type, content)}
            answer = http.post_files(_url(account, method), {"chat_id": chat}, files)
        result = _result(answer)
        sent = result.get("message_id") if isinstance(result, dict) else None
        if not isinstance(sent, int):
            raise Unanswered("Telegram answered without the message's number")
        return f"telegram:{account.account}:{chat}:{sent}"

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        found = _result(http.post_json(_url(account, "getFile"), {"file_id": str(ref.get("file_id", ""))}))
        path = str(found.get("file_path", "")) if isinstance(found, dict) else ""
        if not path or ".." in path:
            raise SendError("permanent", "Telegram does not give the file away")
        return f"{endpoint('telegram')}/file/bot{account.secrets.get('token', '')}/{path}", {}

    def acknowledge(self, pressed: str, account: Account, http: HttpClient) -> None:
        _result(http.post_json(_url(account, "answerCallbackQuery"), {"callback_query_id": pressed}))

    def invitation(self, token: str, account: Account) -> str:
        return f"https://t.me/{quote(str(account.settings.get('username', '')).lstrip('@'))}?start={token}"

    def check(self, account: Account, http: HttpClient) -> str:
        me = _result(http.get(_url(account, "getMe")))
        return f"@{me.get('username', '')}" if isinstance(me, dict) else ""

    def connect(self, account: Account, http: HttpClient) -> str:
        fields = {"url": account.hook_url, "secret_token": account.verify_token, "allowed_updates": UPDATES}
        _result(http.post_json(_url(account, "setWebhook"), fields))
        return str(_("The webhook is set at Telegram."))

    def look(self, account: Account, since: datetime, http: HttpClient) -> Seen:
        """Telegram keeps what it could not deliver for a day and brings it itself; here is seen whether it does."""
        found = _result(http.get(_url(account, "getWebhookInfo")))
        waiting, said = number(found, "pending_update_count") or 0, line(found, "last_error_message", most=300)
        failed = number(found, "last_error_date")
        ours = text(found, "url", most=1000) == account.hook_url
        if not ours:
            return Seen(waiting=waiting, trouble="the provider calls another address than ours, or none")
        return Seen(waiting=waiting, trouble=said if waiting and failed and failed > since.timestamp() else "")


def account_of_token(token: str) -> str:
    """The bot's number stands before the colon of its token."""
    head = token.partition(":")[0]
    return head if head.isdecimal() else ""


def _url(account: Account, method: str) -> str:
    return f"{endpoint('telegram')}/bot{account.secrets.get('token', '')}/{method}"


def _result(answer: Answer) -> Any:
    """The result of a call, or what its refusal means."""
    body = answer.json()
    if answer.ok and body.get("ok") is True:
        return body.get("result")
    said = str(body.get("description", ""))[:300] or f"Telegram answered {answer.status}"
    more = body.get("parameters") if isinstance(body.get("parameters"), dict) else {}
    if answer.status == 429:
        wait = more.get("retry_after") if isinstance(more, dict) else None
        raise SendError("transient", said, wait=float(wait) if isinstance(wait, int | float) else 30.0)
    if answer.status >= 500:
        raise SendError("transient", said)
    if answer.status in (401, 404):
        raise SendError("auth", said)
    if answer.status == 403:
        began = "initiate" not in said  # who never wrote to the bot has not blocked it
        raise SendError("recipient", said, refuses="blocked" if began else "unreachable")
    if "chat not found" in said:
        raise SendError("recipient", said, refuses="unreachable")
    raise SendError("permanent", said)
