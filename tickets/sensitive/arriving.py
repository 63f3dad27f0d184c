"""What a message holds of the kind as it arrives, before anything of it is written anywhere."""

from __future__ import annotations

from dataclasses import replace

from tickets.inbound import InboundAttachment, InboundMessage

from .filenames import hide_in_filename
from .finding import find
from .masking import FoundSecret, link_targets, masked, masked_html, moved, secrets_in, visible_text

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
    secrets += _only_in_html(message)
    files, in_names = _hide_in_names(message)
    called, in_sender = hide_text(message.sender.name)
    secrets = list(dict.fromkeys([*secrets, *in_names, *in_sender]))
    if not secrets:
        return message
    return replace(
        message, sender=replace(message.sender, name=called), subject=masked(message.subject, in_subject),
        text=masked(message.text, found), attachments=files, quoted=moved(message.quoted, found),
        html=masked_html(message.html, secrets), secrets=tuple(secrets[:MOST]), redacted=manner == "redact",
    )  # fmt: skip


def _only_in_html(message: InboundMessage) -> list[FoundSecret]:
    """What only a reader of the HTML sees, and what its links carry behind other words."""
    if not message.html:
        return []
    seen, targets = visible_text(message.html), link_targets(message.html)
    same = "".join(seen.split()) == "".join(message.text.split())
    return ([] if same else secrets_in(seen, find(seen))) + (secrets_in(targets, find(targets)) if targets else [])


def _hide_in_names(message: InboundMessage) -> tuple[tuple[InboundAttachment, ...], list[FoundSecret]]:
    files, secrets = [], []
    for file in message.attachments:
        name, found = hide_in_filename(file.filename)
        files.append(replace(file, filename=name) if found else file)
        secrets += found
    return tuple(files), secrets


def hide_text(text: str) -> tuple[str, list[FoundSecret]]:
    """The same for words alone."""
    found = find(text)
    return masked(text, found) if found else text, secrets_in(text, found)
