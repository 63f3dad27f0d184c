"""A raw mail as values: the one entry to the mail reader. Pure: no database, no network, no clock, no settings."""

import dataclasses
import re
from collections.abc import Collection
from typing import Any

from channels_inbound.email.attachments import complete_body, read_attachments
from channels_inbound.email.auth_results import read_auth
from channels_inbound.email.autoreply import Automation, read_automation
from channels_inbound.email.body import Body, BodyReader
from channels_inbound.email.bounce import BounceReading, read_bounce
from channels_inbound.email.charset import storable
from channels_inbound.email.fingerprint import fingerprint
from channels_inbound.email.headers import Address, decode_header, read_addresses, read_date, read_ids
from channels_inbound.email.html_clean import SANITIZER_VERSION, clean_html
from channels_inbound.email.html_text import HtmlText, html_to_text
from channels_inbound.email.limits import DEFAULT_LIMITS, Limits, Unparseable
from channels_inbound.email.mime import MimeReader, Part, decode_transfer
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.email.reply import ReplyMarks, mark_reply
from channels_inbound.email.reply_from_html import mark_by_html

_FILLED = re.compile(rb"[^\r\n\t \x00]")

__all__ = ["ParsedEmail", "Unparseable", "as_dict", "parse_email", "with_contents"]


def parse_email(
    raw: bytes,
    *,
    trusted_authserv_ids: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    keep_content: bool = True,
) -> ParsedEmail:
    """Everything the product needs of one mail, within `limits`. Raises only Unparseable: there is no mail at all."""
    if not isinstance(raw, bytes | bytearray | memoryview):
        raise Unparseable("a mail is bytes")
    reasons: set[str] = set()
    raw = _gate(bytes(raw), limits, reasons)
    reader = MimeReader(raw, limits, reasons)
    root = reader.read()
    body = BodyReader(raw, limits, reasons).read(root)
    complete_body(reader, body)
    cleaned = clean_html(body.html, limits, reasons).html if body.html.strip() else ""
    text, from_html = _choose_text(body, cleaned)
    attachments = tuple(read_attachments(reader, body, keep_content))
    return _assemble(reader, root, body, cleaned, text, from_html, attachments, trusted_authserv_ids)


def _gate(raw: bytes, limits: Limits, reasons: set[str]) -> bytes:
    if not _FILLED.search(raw):
        raise Unparseable("the mail is empty")
    if len(raw) > limits.message_bytes:
        reasons.add("message_bytes")
        raw = raw[: limits.message_bytes]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return raw


def _choose_text(body: Body, cleaned: str) -> tuple[str, HtmlText | None]:
    """The plain part unless it says nothing; the derived text also where only the HTML can show what is quoted."""
    if body.text.strip() or not cleaned:
        return body.text.strip("\n"), None
    derived = html_to_text(cleaned)
    return storable(derived.text), derived


def _assemble(
    reader: MimeReader,
    root: Part,
    body: Body,
    cleaned: str,
    text: str,
    derived: HtmlText | None,
    attachments: tuple[Any, ...],
    trusted: Collection[str],
) -> ParsedEmail:
    charset = root.parameters.get("charset", "")
    people = _read_people(reader, root, charset)
    references = read_ids(root.all("references") + root.all("in-reply-to"), reader.limits.references)
    return_path, subject = _read_return_path(root), decode_header(root.first("subject"), charset)[:2000]
    sender = people["from"][0] if people["from"] else Address("", "")
    automation = read_automation(root, subject, return_path, sender.address)
    bounce = read_bounce(reader, root, sender, subject, text, return_path)
    marks = _mark(text, cleaned, subject, bool(references), derived, bounce.is_bounce)
    return ParsedEmail(
        **_identity(reader, root),
        **_about_machines(bounce, automation),
        references=tuple(references),
        sender=sender,
        reply_to=tuple(people["reply-to"]),
        to=tuple(people["to"]),
        cc=tuple(people["cc"]),
        delivered_to=tuple(address.address for address in people["delivered-to"] if address.address),
        subject=subject,
        text=text,
        html=body.html,
        clean_html=cleaned,
        sanitizer_version=SANITIZER_VERSION,
        reply_text=marks.reply_text,
        quoted=marks.quoted,
        signature=marks.signature,
        attachments=attachments,
        auth=read_auth(root.fields, trusted, [one.address for one in people["from"]]),
        return_path=return_path,
        **_completeness(reader),
    )


def _completeness(reader: MimeReader) -> dict[str, Any]:
    """Asked last: reading anything may come upon a limit."""
    return {"truncated": bool(reader.reasons), "truncated_by": tuple(sorted(reader.reasons))}


def _identity(reader: MimeReader, root: Part) -> dict[str, Any]:
    """What tells this mail from others, and which one it answers."""
    in_reply_to = read_ids(root.all("in-reply-to"), reader.limits.references)
    return {
        "message_id": next(iter(read_ids(root.all("message-id"), 5)), ""),
        "in_reply_to": in_reply_to[0] if in_reply_to else None,
        "date": read_date(root.first("date")),
        "loop_header": decode_header(root.first("x-helpdesk-loop"))[:500],
        "fingerprint": fingerprint(reader.raw, root),
    }


def _about_machines(bounce: BounceReading, automation: Automation) -> dict[str, Any]:
    """Whether a person wrote it, and what came back."""
    report = bounce.is_bounce or bounce.is_report
    return {
        "kind": _kind_of(bounce, automation),
        "auto_submitted": automation.auto_submitted or report,
        "suppress_auto_reply": automation.suppress_auto_reply or report,
        "list_mail": automation.list_mail,
        "is_bounce": bounce.is_bounce,
        "bounces": bounce.bounces,
        "bounced_message_ids": bounce.message_ids,
    }


def _mark(
    text: str, cleaned: str, subject: str, is_reply: bool, derived: HtmlText | None, is_bounce: bool
) -> ReplyMarks:
    if is_bounce:
        return ReplyMarks(text, (), ())
    marks = mark_reply(text, subject, is_reply, derived)
    if marks.quoted or derived is not None or not is_reply or not cleaned:
        return marks
    return mark_by_html(text, cleaned, subject) or marks


def _read_people(reader: MimeReader, root: Part, charset: str) -> dict[str, list[Address]]:
    people: dict[str, list[Address]] = {}
    for name in ("from", "reply-to", "to", "cc", "delivered-to"):
        values = root.all(name)
        people[name], cut = read_addresses(values, charset, reader.limits.addresses) if values else ([], False)
        if cut:
            reader.reasons.add("addresses")
    if not people["from"] and root.first("sender"):
        people["from"] = read_addresses([root.first("sender")], charset, 1)[0]
    return people


def _read_return_path(root: Part) -> str | None:
    """The envelope sender a server noted: "" is the null sender, None that nobody noted one."""
    for name, value in root.fields:
        if name == "return-path":
            return decode_header(value).strip("<> ")[:998]
    return None


def _kind_of(bounce: BounceReading, automation: Automation) -> str:
    if bounce.is_bounce:
        return "bounce"
    if bounce.is_report:
        return "report"
    if automation.list_mail:
        return "list"
    return "auto_reply" if automation.auto_submitted else "human"


def with_contents(parsed: ParsedEmail, raw: bytes) -> ParsedEmail:
    """The same mail with each attachment's bytes decoded from the raw mail it was read from."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    decoded: dict[tuple[int, int], bytes] = {}
    filled = []
    for file in parsed.attachments:
        place = (file.start, file.end)
        if place not in decoded:
            decoded = {place: decode_transfer(raw, *place, file.encoding.encode())}
        content = decoded[place]
        filled.append(dataclasses.replace(file, content=content[slice(*file.inner)] if file.inner else content))
    return dataclasses.replace(parsed, attachments=tuple(filled))


def as_dict(parsed: ParsedEmail) -> dict[str, Any]:
    """The documented JSON form (see docs of `manage.py parse_email`). Ids carry no angle brackets."""
    first = parsed.bounces[0] if parsed.bounces else None
    return {
        "message_id": parsed.message_id,
        "in_reply_to": parsed.in_reply_to or "",
        "references": list(parsed.references),
        "from": _address_dict(parsed.sender),
        "reply_to": [_address_dict(address) for address in parsed.reply_to],
        "to": [_address_dict(address) for address in parsed.to],
        "cc": [_address_dict(address) for address in parsed.cc],
        "subject": parsed.subject,
        "date": parsed.date.isoformat() if parsed.date else None,
        "text": parsed.text,
        "html": parsed.html,
        "reply_text": parsed.reply_text,
        "quoted": [list(span) for span in parsed.quoted],
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size": file.size,
                "content_id": file.content_id,
                "inline": file.inline,
            }
            for file in parsed.attachments
        ],
        "auto_submitted": parsed.auto_submitted,
        "is_bounce": parsed.is_bounce,
        "bounced_recipients": [bounce.recipient for bounce in parsed.bounces if bounce.recipient],
        "bounce": {"recipient": first.recipient, "status": first.status} if first else None,
        "list_mail": parsed.list_mail,
        "auth": dataclasses.asdict(parsed.auth),
        "truncated": parsed.truncated,
        "truncated_by": list(parsed.truncated_by),
    }


def _address_dict(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}
