"""The port every channel sends through: one normalized reply, ready for its channel to put into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from .inbound import Address

# Why a reply waits that was not tried; with it goes `OutboundMessage.turn`.
AWAITS_TURN = "Much mail goes to this domain: it waits for its turn."


@dataclass(frozen=True, slots=True)
class OutboundAttachment:
    """A file of the message; one with a content id is a picture that stands in its HTML."""

    filename: str
    content_type: str
    sha256: str
    content_id: str = ""
    public_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class QuotedOriginal:
    """The message answered, to stand below the reply. `text` is without what it quoted itself; `html`, cleaned, is
    whole, and `folds` says that something in it is quoted."""

    author: str
    at: datetime
    text: str
    html: str = ""
    folds: bool = False


@dataclass(frozen=True, slots=True)
class ForwardedOriginal:
    """One message passed on whole: who wrote it, to whom and when, and what. `html` is cleaned."""

    author: Address
    to: tuple[Address, ...]
    at: datetime
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One attempt to send one reply. Addresses carry no brackets, ids no angle brackets.

    `reply_token` is 128 random bits bound to this message and its conversation: it stands in the Message-ID, in
    the reply address and in the body, and whoever shows it again has held our mail. `ticket_id` is the number people
    may quote. `automatic`: no person wrote it, so no machine must answer it. `send_to` are those of its
    recipients whom this attempt goes to; None means all of them. `thread_id` is the conversation as the provider
    counts it. `unsubscribe_url` stands in what nobody asked for, which goes to one address. `template` names what the
    provider approved before ({"name", "language", "values"}); `text` is then how it reads. `private_to` is the public
    comment that it answers in private, `choices` are ready answers to stand below it. `turn` is the moment it was
    made to wait for.
    """

    message_id: int
    attempt: int
    ticket_id: int
    channel_id: int
    channel_kind: str
    channel_name: str
    channel_address: str
    locale: str
    message_id_header: str
    reply_token: str
    reply_address: str
    subject: str
    text: str
    html: str
    signature: str
    agent_name: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    in_reply_to: str
    references: tuple[str, ...]
    attachments: tuple[OutboundAttachment, ...]
    quoted: QuotedOriginal | None
    forwarded: tuple[ForwardedOriginal, ...] = ()
    trace: str = ""
    automatic: bool = False
    thread_id: str = ""
    send_to: tuple[str, ...] | None = None
    unsubscribe_url: str = ""
    signature_html: str = ""
    template: dict[str, Any] | None = None
    private_to: str = ""
    choices: tuple[str, ...] = ()
    turn: datetime | None = None
