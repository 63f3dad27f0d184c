"""A mail out of the fields a provider parsed it into, where it does not hand over the mail itself. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP, SMTP
from typing import Any

from channels_inbound.hooks.reading import line, parse_form, storable, text, things

# A provider's fields are no headers yet: what would end a header line is taken out.
_KEPT = frozenset({
    "message-id", "in-reply-to", "references", "date", "return-path", "auto-submitted", "precedence", "list-id",
    "x-auto-response-suppress", "received-spf", "authentication-results", "reply-to", "delivered-to", "sender",
})  # fmt: skip
POLICY = SMTP.clone(utf8=True, refold_source="none")


def mail_of(
    headers: Iterable[tuple[str, str]], *, sender: str, to: str, cc: str, subject: str, plain: str, html: str,
    files: Iterable[tuple[str, str, bytes, str]],
) -> bytes:  # fmt: skip
    """The bytes of a mail that says the same. `files` are (name, type, content, content id)."""
    mail = EmailMessage(policy=POLICY)
    for name, value in (("From", sender), ("To", to), ("Cc", cc), ("Subject", subject)):
        _add(mail, name, value)
    for name, value in headers:
        if name.lower() in _KEPT and name.lower() not in {key.lower() for key in mail}:
            _add(mail, name, value)
    mail.set_content(plain or " ", cte="base64")
    if html:
        mail.add_alternative(html, subtype="html", cte="base64")
    for filename, kind, content, content_id in files:
        main, _, sub = (kind.partition(";")[0].strip().lower() or "application/octet-stream").partition("/")
        if main in ("message", "multipart") or not sub:
            main, sub = "application", "octet-stream"
        # Never left out because of an id nothing refers to: every file is an attachment.
        mail.add_attachment(content, maintype=main, subtype=sub, filename=filename or "file")
        if content_id and f"cid:{content_id}" in html:
            part = list(mail.iter_attachments())[-1]
            _add(part, "Content-ID", f"<{content_id}>")
    return mail.as_bytes()


def _add(mail: Any, name: str, value: str) -> None:
    clean = " ".join(storable(value).split())[:2000]
    if clean and name.lower() not in {key.lower() for key in mail}:
        try:
            mail[name] = clean
        except (ValueError, IndexError, AttributeError):  # the header parser's own weak spots
            return


def header_pairs(value: object) -> list[tuple[str, str]]:
    """Headers as providers list them: [[name, value]], [{Name, Value}] or that as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    found = [(line(one, "Name"), text(one, "Value", most=2000)) for one in things(value)]
    if isinstance(value, list):
        for pair in value[:500]:
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
                found.append((pair[0][:100], pair[1][:2000]))
    return [(name, content) for name, content in found if name]


def decoded(content: Mapping[str, Any], name: str) -> bytes:
    """A base64 field; empty when it is none."""
    try:
        return base64.b64decode(text(content, name, most=100_000_000), validate=False)
    except ValueError:
        return b""


def form_of(body: bytes, kind: str) -> tuple[dict[str, str], list[tuple[str, str, bytes, str]]]:
    """The fields and files of a form, whichever of the two encodings it came in."""
    if "multipart/" not in kind:
        return dict(parse_form(body)), []
    whole = message_from_bytes(b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body, policy=HTTP)
    fields: dict[str, str] = {}
    files: list[tuple[str, str, bytes, str]] = []
    for part in whole.iter_parts() if whole.is_multipart() else ():
        name, filename = str(part.get_param("name", header="content-disposition") or ""), part.get_filename()
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        if filename:
            files.append((filename[:200], part.get_content_type(), data, ""))
        elif name:
            fields[name[:100]] = data.decode("utf-8", "surrogateescape")
        if len(files) >= 100:
            break
    return fields, files
