"""What a message holds of the kind as it arrives, before anything of it is written anywhere."""

from __future__ import annotations

from dataclasses import replace

from tickets.inbound import InboundMessage

from .finding import find
from .masking import FoundSecret, masked, masked_html, moved, secrets_in, visible_text

# What one message may keep to be shown again; of what is beyond, the words are gone.
MOST = 100


def hide_secrets(message: InboundMessage, manner: str) -> InboundMessage:
    """The message with masks where something of the kind stood, and what stood there in `secrets`. Most hold nothing,
    and come back as they are. `manner` is its channel's (`SecretManner`)."""
    if manner == "off":
        return message
    found = find(message.text)
    secrets = secrets_in(message.text, found) if found else []
    in_subject = find(message.subject)
    if in_subject:
        secrets += secrets_in(message.subject, in_subject)
    seen = visible_text(message.html) if message.html else ""
    if seen and "".join(seen.split()) != "".join(message.text.split()):
        secrets += secrets_in(seen, find(seen))
    secrets = list(dict.fromkeys(secrets))
    if not secrets:
        return message
    return replace(
        message, subject=masked(message.subject, in_subject), text=masked(message.text, found),
        quoted=moved(message.quoted, found), html=masked_html(message.html, secrets),
        secrets=tuple(secrets[:MOST]), redacted=manner == "redact",
    )  # fmt: skip


def hide_text(text: str) -> tuple[str, list[FoundSecret]]:
    """The same for words alone."""
    found = find(text)
    return masked(text, found) if found else text, secrets_in(text, found)
