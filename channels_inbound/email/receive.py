"""A parsed mail as the spine takes it. Pure: what the mail says, what the transport said, and nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from channels_inbound.email.addresses import normal, split_plus, token_of
from channels_inbound.email.forwarding import BODY_TOKEN
from channels_inbound.email.headers import Address as MailAddress
from channels_inbound.email.language import guess_language
from channels_inbound.email.loop import is_own_mark
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.sanitizer import sanitizer_number
from tickets.inbound import Address, BouncedRecipient, BounceReport, InboundAttachment, InboundMessage, Verdict

MAX_ID = 255
MAX_ADDRESS = 320
MAX_NAME = 200
MAX_SUBJECT = 500
MAX_TOKENS = 10
MAX_BOUNCED = 50
# Longer than any mail server keeps trying: an older date is a broken clock.
OLDEST = timedelta(days=30)
_SUBJECT_NUMBER = re.compile(r"\[#(\d{1,18})\]")
_AUTO_KINDS = {"human": "", "auto_reply": "auto_reply", "report": "auto_reply", "list": "list", "bounce": "bounce"}


@dataclass(frozen=True, slots=True)
class ReceivedEnvelope:
    """What the sending server said outside the mail. `mail_from` is None where no server said anything (a file)."""

    mail_from: str | None = None
    rcpt_tos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivingChannel:
    """The mailbox a mail came to, and all mailboxes of ours."""

    id: int
    locale: str
    own_addresses: frozenset[str] = field(default_factory=frozenset)


def to_inbound(
    parsed: ParsedEmail,
    *,
    channel: ReceivingChannel,
    received_at: datetime,
    envelope: ReceivedEnvelope,
    attachments: Sequence[InboundAttachment] = (),
    historic: bool = False,
) -> InboundMessage:
    """The message of one mail. Headers of our own making count only where they prove themselves."""
    tokens = _tokens(parsed, envelope, channel.own_addresses)
    return InboundMessage(
        channel_id=channel.id,
        dedupe_key=dedupe_key(parsed.message_id, parsed.fingerprint),
        external_id=fit_id(parsed.message_id),
        at=_written_at(parsed.date, received_at, historic=historic),
        received_at=received_at,
        sender=_sender(parsed, envelope),
        subject=parsed.subject[:MAX_SUBJECT],
        text=parsed.text,
        verdict=_verdict(parsed, envelope),
        html=parsed.clean_html,
        html_version=sanitizer_number(parsed.sanitizer_version) if parsed.clean_html else 0,
        quoted=parsed.quoted,
        language=guess_language(f"{parsed.subject}\n{parsed.reply_text}", default=channel.locale),
        to=_addresses(parsed.to),
        cc=_addresses(parsed.cc),
        reply_to=_addresses(parsed.reply_to),
        in_reply_to=fit_id(parsed.in_reply_to or ""),
        references=tuple(fit_id(item) for item in parsed.references),
        tokens=tokens,
        body_tokens=_body_tokens(parsed),
        subject_numbers=_subject_numbers(parsed.subject),
        auto_kind=_auto_kind(parsed, envelope),
        bounce=_bounce(parsed, tokens),
        attachments=tuple(attachments),
        truncated=parsed.truncated,
        historic=historic,
    )


def was_sent_by_us(parsed: ParsedEmail, channel: ReceivingChannel) -> bool:
    """Whether an old mail is one of ours to somebody else, as they lie in Sent folders: it is no question of a
    customer. What a web form of the shop sent to the shop itself is one, although it names us as sender."""
    if own_address(parsed.sender.address) not in channel.own_addresses:
        return False
    recipients = [own_address(entry.address) for entry in (*parsed.to, *parsed.cc)]
    return any("@" in address and address not in channel.own_addresses for address in recipients)


def own_address(address: str) -> str:
    """The address without a +token, as our channels have it."""
    return split_plus(address)[0]


def dedupe_key(message_id: str, fingerprint: str) -> UUID:
    """The identity of a mail over all mailboxes: its Message-ID and its content (decision 8)."""
    return UUID(bytes=hashlib.sha256(f"mail\0{message_id}\0{fingerprint}".encode()).digest()[:16])


def fit_id(message_id: str) -> str:
    """A Message-ID as it is stored and looked up; one too long keeps its start and the hash of the whole."""
    if len(message_id) <= MAX_ID:
        return message_id
    return f"{message_id[: MAX_ID - 65]}~{hashlib.sha256(message_id.encode()).hexdigest()}"


def _written_at(date: datetime | None, received_at: datetime, *, historic: bool) -> datetime:
    if date is None or date > received_at or (not historic and date < received_at - OLDEST):
        return received_at
    return date


def _sender(parsed: ParsedEmail, envelope: ReceivedEnvelope) -> Address:
    """Who wrote: From, else what the transport said. Senders nobody named are never taken for one person."""
    for address in (parsed.sender.address, envelope.mail_from or ""):
        candidate = normal(address)
        if _names_somebody(candidate):
            return Address(parsed.sender.name[:MAX_NAME], candidate)
    return Address(parsed.sender.name[:MAX_NAME], f"unknown-{parsed.fingerprint[:16]}@sender.invalid")


def _addresses(found: Iterable[MailAddress]) -> tuple[Address, ...]:
    cleaned = (Address(item.name[:MAX_NAME], normal(item.address)) for item in found)
    return tuple(item for item in cleaned if _names_somebody(item.address))


def _names_somebody(address: str) -> bool:
    """Whether it can be one person's: `@shop.example` would be everybody's whose program writes no more."""
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and not any(map(str.isspace, address)) and len(address) <= MAX_ADDRESS


def _tokens(parsed: ParsedEmail, envelope: ReceivedEnvelope, own: frozenset[str]) -> tuple[str, ...]:
    """Reply tokens from every place a reply address of ours may stand, the envelope first: nobody rewrote that."""
    headers = (item.address for item in (*parsed.to, *parsed.cc))
    places = (*envelope.rcpt_tos, *parsed.delivered_to, *headers)
    found = dict.fromkeys(token for address in places if (token := token_of(address, own)))
    return tuple(found)[:MAX_TOKENS]


def _body_tokens(parsed: ParsedEmail) -> tuple[str, ...]:
    found = BODY_TOKEN.findall(parsed.text) or BODY_TOKEN.findall(parsed.clean_html)
    return tuple(dict.fromkeys(found))[:MAX_TOKENS]


def _subject_numbers(subject: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(number) for number in _SUBJECT_NUMBER.findall(subject)))[:5]


def _verdict(parsed: ParsedEmail, envelope: ReceivedEnvelope) -> Verdict:
    """DMARC decides; without it SPF counts for the domain it was checked for, if that is the sender's own."""
    if parsed.auth.dmarc == "pass":
        return "pass"
    if parsed.auth.dmarc == "fail":
        return "fail"
    if parsed.auth.spf == "pass" and _aligned(parsed.sender.address, envelope.mail_from or parsed.return_path or ""):
        return "pass"
    return "none"


def _aligned(address: str, checked: str) -> bool:
    """Same domain, or one a subdomain of the other (relaxed alignment without a list of public suffixes)."""
    left, right = (normal(item).rpartition("@")[2] for item in (address, checked))
    if not left or not right or "." not in left or "." not in right:
        return False
    return left == right or left.endswith(f".{right}") or right.endswith(f".{left}")


def _auto_kind(parsed: ParsedEmail, envelope: ReceivedEnvelope) -> str:
    if is_own_mark(parsed.loop_header):
        return "own"
    kind = _AUTO_KINDS[parsed.kind]
    # A null sender says that nobody wants an answer (RFC 5321 4.5.5), whatever the headers say.
    return "auto_reply" if not kind and envelope.mail_from == "" else kind


def _bounce(parsed: ParsedEmail, tokens: tuple[str, ...]) -> BounceReport | None:
    if not parsed.is_bounce:
        return None
    found = {normal(bounce.recipient): bounce for bounce in reversed(parsed.bounces) if bounce.recipient}
    named = [
        BouncedRecipient(who, bounce.status[:20], bounce.action == "failed" and not bounce.status.startswith("4"))
        for who, bounce in list(reversed(found.items()))[:MAX_BOUNCED]
    ]
    if not named:
        return None
    first = named[0]
    return BounceReport(
        recipient=first.recipient,
        status=first.status,
        permanent=first.permanent,
        original_ids=tuple(fit_id(item) for item in parsed.bounced_message_ids),
        tokens=tokens,
        others=tuple(named[1:]),
    )
