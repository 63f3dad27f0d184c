"""What one mail says, as values. Made by `parse.parse_email`; nothing here reads bytes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels_inbound.email.headers import Address

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a mail. `inline` is what the sender asked for or the HTML uses; `referenced` only the latter.

    `content` is None when the mail was read by the pool's child; `with_contents` fills it from the raw mail.
    """

    filename: str
    content_type: str
    size: int
    content_id: str
    inline: bool
    referenced: bool
    start: int
    end: int
    encoding: str
    # What `about_file` says of it: a mail, an invitation, a signature, something encrypted; None for other files.
    about: dict[str, Any] | None = None
    # Where the file lies in the decoded part, for files that winmail.dat wraps; None: the part is the file.
    inner: Span | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Bounce:
    """One failed recipient of a delivery report. `action` is failed or delayed."""

    recipient: str
    status: str
    action: str = "failed"


@dataclass(frozen=True, slots=True)
class AuthVerdicts:
    """What our own receiving server found: pass, fail or none each."""

    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """A mail as the product uses it. Ids carry no angle brackets; spans are code points of `text`.

    `text` is the plain part, or derived from the HTML where there is none; `reply_text` is `text` without the
    `quoted` and `signature` spans. `html` is what came, `clean_html` what may be shown. `kind` is one of
    "human", "auto_reply", "list", "bounce", "report".
    """

    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None
    text: str
    html: str
    clean_html: str
    sanitizer_version: str
    reply_text: str
    quoted: tuple[Span, ...]
    signature: tuple[Span, ...]
    attachments: tuple[Attachment, ...]
    kind: str
    auto_submitted: bool
    suppress_auto_reply: bool
    list_mail: bool
    is_bounce: bool
    bounces: tuple[Bounce, ...]
    bounced_message_ids: tuple[str, ...]
    auth: AuthVerdicts
    return_path: str | None
    delivered_to: tuple[str, ...]
    loop_header: str
    fingerprint: str
    truncated: bool
    truncated_by: tuple[str, ...]
