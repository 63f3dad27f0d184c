"""A parsed mail as JSON and back, for the pipe from the pool's children: data only, so that a child taken over by
a hostile mail can hand back wrong words but never code."""

import json
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any

from channels_inbound.email.headers import Address
from channels_inbound.email.parsed import Attachment, AuthVerdicts, Bounce, ParsedEmail
from channels_inbound.email.word_lists import words

_PLAIN = words(
    "message_id in_reply_to subject text html clean_html sanitizer_version reply_text kind auto_submitted "
    "suppress_auto_reply "
    "list_mail is_bounce return_path loop_header fingerprint truncated"
)
_TUPLES = ("references", "bounced_message_ids", "delivered_to", "truncated_by")
_SPANS = ("quoted", "signature")
_ADDRESSES = ("reply_to", "to", "cc")


def to_wire(parsed: ParsedEmail) -> bytes:
    """Everything but the attachments' bytes."""
    data: dict[str, Any] = {name: getattr(parsed, name) for name in _PLAIN}
    data |= {name: getattr(parsed, name) for name in _TUPLES + _SPANS}
    data |= {name: [(address.name, address.address) for address in getattr(parsed, name)] for name in _ADDRESSES}
    data["sender"] = (parsed.sender.name, parsed.sender.address)
    data["date"] = parsed.date.isoformat() if parsed.date else None
    data["bounces"] = [(bounce.recipient, bounce.status, bounce.action) for bounce in parsed.bounces]
    data["auth"] = astuple(parsed.auth)
    data["attachments"] = [
        (f.filename, f.content_type, f.size, f.content_id, f.inline, f.referenced, f.start, f.end, f.encoding, f.about,
         f.inner)
        for f in parsed.attachments
    ]  # fmt: skip
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def from_wire(data: bytes) -> ParsedEmail:
    """The mail that `to_wire` wrote."""
    found = json.loads(data)
    values: dict[str, Any] = {name: found[name] for name in _PLAIN}
    values |= {name: tuple(found[name]) for name in _TUPLES}
    values |= {name: tuple((start, end) for start, end in found[name]) for name in _SPANS}
    values |= {name: tuple(Address(*pair) for pair in found[name]) for name in _ADDRESSES}
    return ParsedEmail(
        sender=Address(*found["sender"]),
        date=datetime.fromisoformat(found["date"]) if found["date"] else None,
        bounces=tuple(Bounce(*bounce) for bounce in found["bounces"]),
        auth=AuthVerdicts(*found["auth"]),
        attachments=tuple(_attachment(*file) for file in found["attachments"]),
        **values,
    )


def _attachment(*values: Any) -> Attachment:
    *known, inner = values
    file = Attachment(*known)
    return replace(file, inner=(inner[0], inner[1])) if inner else file
