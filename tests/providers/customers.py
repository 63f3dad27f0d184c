"""Customers of every channel: what they write, as their provider's webhook brings it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.providers import http_system, mail_services, twilio, x
from tests.providers.graph import APP_SECRET
from tests.providers.webhooks import Webhook, meta, telegram


@dataclass(frozen=True)
class Line:
    """A connected channel as its provider sees it."""

    provider: str
    account: str
    url: str
    verify_token: str = ""


@dataclass(frozen=True)
class Said:
    """Something somebody says: `id` is unique on the channel, `who` a number, `under` what it is said to."""

    who: int
    name: str
    text: str
    id: str
    at: float
    under: str = ""


def written(line: Line, said: Said) -> Webhook:
    """The webhook that brings it."""
    return WRITERS[line.provider](line, said)


def now_said(who: int, name: str, text: str, *, under: str = "") -> Said:
    at = time.time()
    return Said(who, name, text, str(int(at * 1_000_000)), at, under)


def _messaging(line: Line, said: Said) -> Webhook:
    item: dict[str, Any] = {
        "sender": {"id": str(said.who)}, "recipient": {"id": line.account}, "timestamp": int(said.at * 1000),
        "message": {"mid": f"m_{line.provider}_{said.id}", "text": said.text},
    }  # fmt: skip
    kind = "page" if line.provider == "messenger" else "instagram"
    return meta({"object": kind, "entry": [{"id": line.account, "messaging": [item]}]}, APP_SECRET)


def _whatsapp(line: Line, said: Said) -> Webhook:
    number = f"380670{said.who}"
    value = {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": line.account},
        "contacts": [{"wa_id": number, "profile": {"name": said.name}}],
        "messages": [{"from": number, "id": f"wamid.{said.id}", "timestamp": str(int(said.at)), "type": "text",
                      "text": {"body": said.text}}],
    }  # fmt: skip
    return meta({"object": "whatsapp_business_account",
                 "entry": [{"id": "9", "changes": [{"field": "messages", "value": value}]}]}, APP_SECRET)  # fmt: skip


def _telegram(line: Line, said: Said) -> Webhook:
    number = int(said.id)
    return telegram({"update_id": number, "message": {
        "message_id": number % 2_000_000_000, "date": int(said.at), "text": said.text,
        "from": {"id": said.who, "is_bot": False, "first_name": said.name},
        "chat": {"id": said.who, "type": "private"}}}, line.verify_token)  # fmt: skip


def _fb_comment(line: Line, said: Said) -> Webhook:
    post = f"{line.account}_1"
    value = {"item": "comment", "verb": "add", "post_id": post, "parent_id": said.under or post,
             "comment_id": f"1_{said.id}", "from": {"id": str(said.who), "name": said.name},
             "created_time": int(said.at), "message": said.text}  # fmt: skip
    entry = {"id": line.account, "time": int(said.at), "changes": [{"field": "feed", "value": value}]}
    return meta({"object": "page", "entry": [entry]}, APP_SECRET)


def _ig_comment(line: Line, said: Said) -> Webhook:
    value = {"id": f"18{said.id}", "text": said.text, "media": {"id": "1", "media_product_type": "FEED"},
             "from": {"id": str(said.who), "username": said.name.lower().replace(" ", ".")}}  # fmt: skip
    value |= {"parent_id": said.under} if said.under else {}
    entry = {"id": line.account, "time": int(said.at), "changes": [{"field": "comments", "value": value}]}
    return meta({"object": "instagram", "entry": [entry]}, APP_SECRET)


def _x(line: Line, said: Said) -> Webhook:
    return x.direct(said.id, said.text, sender=str(said.who), to=line.account, name=said.name, at=said.at)


def _twilio(line: Line, said: Said) -> Webhook:
    start = "whatsapp:" if line.provider == "twilio_whatsapp" else ""
    return twilio.message(
        line.url, f"SM{said.id:0>32}"[:34], said.text, sender=f"{start}+380500{said.who}", to=start + line.account,
        name=said.name if start else "",
    )  # fmt: skip


def _http(line: Line, said: Said) -> Webhook:
    return http_system.item(id=said.id, sender={"id": str(said.who), "name": said.name}, text=said.text,
                            at=int(said.at))  # fmt: skip


def _mail(line: Line, said: Said) -> Webhook:
    return mail_services.postmark_mail(
        said.text, sender=f"{said.who}@customer.example", to=line.account, subject=said.text.splitlines()[0][:60],
        id=f"{said.id}@customer.example", **({"In_Reply_To": f"<{said.under}>"} if said.under else {}),
    )  # fmt: skip


WRITERS: dict[str, Callable[[Line, Said], Webhook]] = {
    "messenger": _messaging, "instagram": _messaging, "whatsapp": _whatsapp, "telegram": _telegram,
    "fb_comments": _fb_comment, "ig_comments": _ig_comment, "x": _x, "sms": _twilio, "twilio_whatsapp": _twilio,
    "http": _http, "postmark": _mail,
}  # fmt: skip
