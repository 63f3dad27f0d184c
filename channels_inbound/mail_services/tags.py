"""Our own name for a mail of ours, which its service hands back with whatever it tells of that mail.

Services give a mail an id of their own, and some put it where ours stood: only what they are told to carry comes back
for certain.
"""

from __future__ import annotations

import hashlib
import re

# Twenty characters are the most that any of them takes.
NAME = "helpdesk_message_id"
_TAG = re.compile(r"(\d{1,18})-([0-9a-f]{16})")


def mail_tag(message_id: int, external_id: str) -> str:
    """Of the message, and of this house: a number alone might be another helpdesk's on the same account."""
    return f"{message_id}-{hashlib.sha256(external_id.encode()).hexdigest()[:16]}"


def tagged_message(named: str) -> int | None:
    """The number in what may be a tag; whether it is that message's own is for `mail_tag` to say."""
    found = _TAG.fullmatch(named)
    return int(found[1]) if found else None
