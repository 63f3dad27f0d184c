"""WhatsApp by the Cloud API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact
from channels_inbound.hooks.provider import Account, Field, OutFile, Part, Reading, SendError, Taken, Template
from channels_inbound.hooks.reading import each, ident, line, text, things
from channels_inbound.meta.door import APP_SECRET, TOKEN, MetaProvider
from channels_inbound.meta.graph import bearer, result, sent_id
from channels_inbound.meta.subscribing import subscribe
from channels_inbound.whatsapp.parse import parse_change
from channels_inbound.whatsapp.templates import MOST_PAGES, read_template
from people.http_client import HttpClient
from tickets.kinds import Traits

MEGABYTE = 1024 * 1024
# Longer texts have no room for buttons: they go without.
MOST_WITH_BUTTONS = 1024
# More than these are shown as a list that opens.
MOST_BUTTONS = 3
# What it takes as what, and how large; everything else goes as a document.
_KINDS = {
    "image/jpeg": "image", "image/png": "image", "video/mp4": "video", "video/3gpp": "video", "audio/aac": "audio",
    "audio/amr": "audio", "audio/mpeg": "audio", "audio/mp4": "audio", "audio/ogg": "audio",
}  # fmt: skip
_LIMITS = {"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "sticker": 100 * 1024}
STICKER = (512, 512)


class WhatsApp(MetaProvider):
    traits = Traits(
        "whatsapp", "WhatsApp", icon="message-circle-more", window=timedelta(hours=24), max_text=4096,
        max_reply=20_000, max_file=100 * MEGABYTE, receipts=True, edits=True,
        choices=10, reached_by=("phone", "page_user:whatsapp:"), templates=True,
    )  # fmt: skip
    objects = ("whatsapp_business_account",)
    account_field = "phone_number_id"
    secret_hosts = ("lookaside.fbsbx.com",)  # its files are fetched with the token
    fields = (
        Field("phone_number_id", _("Phone number id"), help=_("Not the number itself: Meta's id of it.")),
        Field("waba_id", _("Business account id"), needed=False,
              help=_("Needed for templates, and to subscribe the app by itself.")),
        TOKEN, APP_SECRET,
    )  # fmt: skip

    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        return list(each(things(entry, "changes"), lambda change: parse_change(change, reading)))

    def send(self, part: Part, account: Account, http: HttpClient) -> Taken:
        fields: dict[str, Any] = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": part.tag,
            **_recipient(part),
        }  # fmt: skip
        if part.reply_to.startswith("wamid."):
            fields["context"] = {"message_id": part.reply_to}
        if part.template is not None:
            fields |= {"type": "template", "template": _template(part.template)}
        elif part.choices and len(part.text) <= MOST_WITH_BUTTONS:
            shown = _buttons(part) if len(part.choices) <= MOST_BUTTONS else _list(part)
            fields |= {"type": "interactive", "interactive": shown}
        elif part.file is None:
            fields |= {"type": "text", "text": {"body": part.text, "preview_url": False}}
        else:
            fields |= self._file(part.file, account, http)
        url = f"{endpoint('graph')}/{account.account}/messages"
        taken = result(http.post_json(url, fields, headers=bearer(account)))
        scoped = ident(next(things(taken, "contacts"), {}), "user_id")
        return Taken(sent_id(taken), (("page_user", f"whatsapp:{scoped}"),) if scoped else ())

    def _file(self, file: OutFile, account: Account, http: HttpClient) -> dict[str, Any]:
        content = file.load()
        kind = kind_of(file.content_type, content)
        answer = http.post_files(
            f"{endpoint('graph')}/{account.account}/media",
            {"messaging_product": "whatsapp", "type": file.content_type},
            {"file": (file.filename, file.content_type, content)}, headers=bearer(account),
        )  # fmt: skip
        media: dict[str, Any] = {"id": text(result(answer), "id")}
        if kind == "document":
            media["filename"] = file.filename
        return {"type": kind, kind: media}

    def locate(self, ref: Mapping[str, Any], account: Account, http: HttpClient) -> tuple[str, dict[str, str]]:
        media = str(ref.get("media_id", ""))
        if not media.isalnum():
            raise SendError("permanent", "the file has no id")
        found = result(http.get(f"{endpoint('graph')}/{media}", headers=bearer(account)))
        return text(found, "url", most=4000), bearer(account)

    def templates(self, account: Account, http: HttpClient) -> list[Template]:
        waba = str(account.settings.get("waba_id", ""))
        if not waba.isdecimal():
            raise SendError("permanent", str(_("The business account id is not set.")))
        found: list[Template] = []
        url = f"{endpoint('graph')}/{waba}/message_templates?limit=100"
        for _page in range(MOST_PAGES):
            body = result(http.get(url, headers=bearer(account)))
            found += [one for item in things(body, "data") if (one := read_template(item)) is not None]
            after = text(body, "paging", "cursors", "after", most=500)
            if not after or not text(body, "paging", "next", most=4000):
                break
            # Never the address the answer names: it would carry our token wherever it leads.
            url = f"{endpoint('graph')}/{waba}/message_templates?limit=100&after={quote(after)}"
        return found

    def connect(self, account: Account, http: HttpClient) -> str:
        waba = str(account.settings.get("waba_id", ""))
        return subscribe(f"{endpoint('graph')}/{waba}", (), account, http) if waba.isdecimal() else ""

    def check(self, account: Account, http: HttpClient) -> str:
        url = f"{endpoint('graph')}/{account.account}?fields=display_phone_number,verified_name"
        found = result(http.get(url, headers=bearer(account)))
        return f"{line(found, 'verified_name')} {line(found, 'display_phone_number')}".strip()


def kind_of(content_type: str, content: bytes) -> str:
    """As what a file goes."""
    kind = _KINDS.get(content_type.partition(";")[0].strip().lower(), "document")
    if content_type == "image/webp" and webp_size(content) == STICKER:
        kind = "sticker"
    return kind if len(content) <= _LIMITS.get(kind, len(content)) else "document"


def webp_size(content: bytes) -> tuple[int, int]:
    """Width and height of a WebP picture, as its head says; zeros where it says none."""
    head, chunk = content[:30], content[12:16]
    if len(head) < 30 or head[8:12] != b"WEBP":
        return 0, 0
    if chunk == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return 0, 0


def _template(given: Mapping[str, Any]) -> dict[str, Any]:
    """A template as the provider wants it named; its variables by place, or by name where it names them."""
    named = list(given.get("fields") or ())
    values = [
        {"type": "text", "text": value, **({"parameter_name": named[place]} if place < len(named) else {})}
        for place, value in enumerate(given.get("values", ()))
    ]
    found: dict[str, Any] = {
        "name": given["name"], "language": {"policy": "deterministic", "code": given["language"]},
    }  # fmt: skip
    return found | ({"components": [{"type": "body", "parameters": values}]} if values else {})


def _buttons(part: Part) -> dict[str, Any]:
    buttons = [{"type": "reply", "reply": {"id": choice, "title": choice}} for choice in part.choices]
    return {"type": "button", "body": {"text": part.text}, "action": {"buttons": buttons}}


def _list(part: Part) -> dict[str, Any]:
    # The word on the button that opens it must be said; a sign means the same in every language.
    rows = [{"id": choice, "title": choice} for choice in part.choices]
    return {"type": "list", "body": {"text": part.text}, "action": {"button": "☰", "sections": [{"rows": rows}]}}


def _recipient(part: Part) -> dict[str, str]:
    """A number where we have it, else the id that stands for the person."""
    if part.to.startswith("+"):
        return {"to": part.to[1:]}
    return {"recipient": part.to.removeprefix("whatsapp:")}
