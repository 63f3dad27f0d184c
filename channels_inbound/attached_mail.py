"""Mails inside mails, opened as mails: attached, forwarded as attachment, or wrapped in a winmail.dat.

A place inside is written as the numbers of the attachments on the way to it. Each step is read in the limited child
that reads all mail, so that a mail hidden in a mail costs no more than one that came by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.utils.safestring import SafeString

from channels_inbound.email.headers_out import one_line, safe_filename, usable
from channels_inbound.email.parsed import Attachment, ParsedEmail
from channels_inbound.email.pool import ParseFailure, parse_many
from channels_inbound.email.tnef import Tnef, is_tnef, read_tnef
from channels_inbound.mail_html import framed_html
from people.storage import open_blob

MAX_DEPTH = 5
MAX_BYTES = 64 << 20
_PLACE = re.compile(r"top((?:-\d{1,3})*)")


class NoMail(Exception):
    """There is no mail at that place, or it cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail within a file, and the way to it: the subjects of the mails around it."""

    parsed: ParsedEmail
    place: tuple[int, ...]
    around: tuple[str, ...]

    def address_of(self, number: int) -> str:
        """How the place of an attachment of this mail is written."""
        return place_name((*self.place, number))


def read_place(name: str) -> tuple[int, ...]:
    """The numbers in "top-0-2"; NoMail for anything else or deeper than `MAX_DEPTH`."""
    found = _PLACE.fullmatch(name)
    numbers = tuple(int(part) for part in found.group(1).split("-")[1:]) if found else None
    if numbers is None or len(numbers) > MAX_DEPTH:
        raise NoMail("no such place")
    return numbers


def place_name(place: Sequence[int]) -> str:
    return "-".join(["top", *map(str, place)])


def open_attached_mail(sha256: str, place: Sequence[int]) -> OpenedMail:
    """The mail at a place within a stored file. Raises NoMail, and FileNotFoundError when the file is gone."""
    parsed = _parse(_stored(sha256))
    around: list[str] = []
    for number in place:
        around.append(parsed.subject)
        parsed = _parse(_attachment(parsed, number).content or b"")
    return OpenedMail(parsed, tuple(place), tuple(around))


def open_attached_file(sha256: str, place: Sequence[int]) -> Attachment:
    """A file of a mail within a stored file: the last number says which."""
    if not place:
        raise NoMail("no such file")
    return _attachment(open_attached_mail(sha256, place[:-1]).parsed, place[-1])


def _stored(sha256: str) -> bytes:
    with open_blob(sha256) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise NoMail("larger than a mail may be")
    return bytes(content)


def _attachment(parsed: ParsedEmail, number: int) -> Attachment:
    if number >= len(parsed.attachments):
        raise NoMail("no such file")
    return parsed.attachments[number]


def _parse(content: bytes) -> ParsedEmail:
    if is_tnef(content) and (wrapped := read_tnef(content)):
        content = unwrapped_mail(wrapped, content)
    parsed = parse_many([content])[0]
    if isinstance(parsed, ParseFailure):
        raise NoMail(f"{parsed.reason}: {parsed.detail}")
    return parsed


def unwrapped_mail(wrapped: Tnef, content: bytes) -> bytes:
    """An Outlook item as the mail it was, so that there is one reader for both."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = one_line(wrapped.subject, 500)
    if sender := one_line(wrapped.sender, 200).replace('"', "'"):
        address = wrapped.sender_address if usable(wrapped.sender_address) else "unknown@sender.invalid"
        mail["From"] = f'"{sender}" <{address}>'
    if wrapped.to:
        mail["X-Shown-To"] = one_line(wrapped.to, 500)
    if wrapped.sent_at:
        mail["Date"] = format_datetime(wrapped.sent_at)
    mail.set_content(wrapped.text or "")
    if wrapped.html:
        mail.add_alternative(wrapped.html, subtype="html")
    for file in wrapped.files:
        content_id = f"<{file.content_id}>" if _is_id(file.content_id) else None
        mail.add_attachment(
            content[slice(*file.data)], maintype="application", subtype="octet-stream",
            filename=safe_filename(file.name or "file"), cid=content_id,
        )  # fmt: skip
    return mail.as_bytes()


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(r"[\w.@$!-]{1,200}", text))


def shown_attached_html(opened: OpenedMail, picture_url: str) -> SafeString:
    """The frame's body: cleaned in the child, own pictures by our address, pictures of other servers held back.

    `picture_url` holds PLACE where the place of a picture goes.
    """
    pictures = {
        file.content_id: picture_url.replace("PLACE", opened.address_of(number))
        for number, file in enumerate(opened.parsed.attachments)
        if file.content_id
    }
    return framed_html(opened.parsed.clean_html, pictures)
