"""WhatsApp by the Cloud API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.endpoints import endpoint
from channels_inbound.hooks.facts import Fact
from channels_inbound.hooks.http import HttpClient
from channels_inbound.hooks.provider import Account, Field, OutFile, Part, Reading, SendError
from channels_inbound.hooks.reading import line, text, things
from channels_inbound.meta.door import APP_SECRET, TOKEN, MetaProvider
from channels_inbound.meta.graph import bearer, result, sent_id
from channels_inbound.whatsapp.parse import parse_change
from tickets.kinds import Traits

MEGABYTE = 1024 * 1024
_LIMITS = {"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "document": 100 * MEGABYTE}


class WhatsApp(MetaProvider):
    traits = Traits(
        "whatsapp", "WhatsApp", icon="message-circle-more", window=timedelta(hours=24), max_text=4096,
        max_reply=20_000, max_file=100 * MEGABYTE, receipts=True, edits=True,
    )  # fmt: skip
    objects = ("whatsapp_business_account",)
    account_field = "phone_number_id"
    fields = (
        Field("phone_number_id", _("Phone number id"), help=_("Not the number itself: Meta's id of it.")),
        TOKEN, APP_SECRET,
    )  # fmt: skip

    def parse_entry(self, entry: dict[str, object], reading: Reading) -> list[Fact]:
        return [fact for change in things(entry, "changes") for fact in parse_change(change, reading)]

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        fields: dict[str, Any] = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": part.tag,
            **_recipient(part),
        }  # fmt: skip
        if part.reply_to.startswith("wamid."):
            fields["context"] = {"message_id": part.reply_to}
        if part.file is None:
            fields |= {"type": "text", "text": {"body": part.text, "preview_url": False}}
        else:
            fields |= self._file(part.file, account, http)
        url = f"{endpoint('graph')}/{account.account}/messages"
        return sent_id(result(http.post_json(url, fields, headers=bearer(account))))

    def _file(self, file: OutFile, account: Account, http: HttpClient) -> dict[str, Any]:
        kind = next((k for k in ("image", "video", "audio") if file.content_type.startswith(f"{k}/")), "document")
        content = file.load()
        if len(content) > _LIMITS[kind]:
            kind = "document"
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

    def check(self, account: Account, http: HttpClient) -> str:
        url = f"{endpoint('graph')}/{account.account}?fields=display_phone_number,verified_name"
        found = result(http.get(url, headers=bearer(account)))
        return f"{line(found, 'verified_name')} {line(found, 'display_phone_number')}".strip()


def _recipient(part: Part) -> dict[str, str]:
    """A number where we have it, else the id that stands for the person."""
    if part.to.startswith("+"):
        return {"to": part.to[1:]}
    return {"recipient": part.to.removeprefix("whatsapp:")}
