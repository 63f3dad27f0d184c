"""Sending to a person on Messenger or Instagram."""

from __future__ import annotations

import json
from typing import Any

from channels_inbound.hooks.provider import Account, OutFile, Part
from channels_inbound.meta.graph import bearer, result, sent_id
from people.http_client import HttpClient

_KINDS = (("image/", "image"), ("video/", "video"), ("audio/", "audio"))


def send_to_person(base: str, part: Part, account: Account, http: HttpClient, *, upload: bool) -> str:
    """One part. A file is uploaded first, so that it need not lie where everybody could fetch it."""
    person = part.to.rpartition(":")[2]
    message: dict[str, Any] = {"text": part.text}
    if part.file is not None:
        kept = _uploaded(base, part.file, account, http)
        message = {"attachment": {"type": kind_of(part.file.content_type), "payload": {"attachment_id": kept}}}
    if part.choices:
        message["quick_replies"] = [
            {"content_type": "text", "title": choice, "payload": choice} for choice in part.choices
        ]
    if upload:
        message["metadata"] = part.tag
    fields: dict[str, Any] = {"recipient": {"id": person}, "message": message, "messaging_type": "RESPONSE"}
    if part.late:
        fields |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return sent_id(result(http.post_json(f"{base}/{account.account}/messages", fields, headers=bearer(account))))


def kind_of(content_type: str) -> str:
    return next((kind for start, kind in _KINDS if content_type.startswith(start)), "file")


def _uploaded(base: str, file: OutFile, account: Account, http: HttpClient) -> str:
    about = {"attachment": {"type": kind_of(file.content_type), "payload": {"is_reusable": False}}}
    answer = http.post_files(
        f"{base}/{account.account}/message_attachments", {"message": json.dumps(about)},
        {"filedata": (file.filename, file.content_type, file.load())}, headers=bearer(account),
    )  # fmt: skip
    return str(result(answer).get("attachment_id", ""))
