"""What a file of a mail is to the person who reads it: a mail, an invitation, a signature, something encrypted.

Small facts only, found while the mail is read in its limited child, so that no page ever has to open the file.
"""

from __future__ import annotations

import re
from typing import Any

from channels_inbound.email.calendar_text import read_invitation
from channels_inbound.email.charset import decode_text, storable
from channels_inbound.email.headers import decode_header, read_addresses, read_date
from channels_inbound.email.limits import DEFAULT_LIMITS
from channels_inbound.email.mime import MimeReader
from channels_inbound.email.tnef import is_tnef, read_tnef

# Headers of a mail stand at its top; nobody's are longer.
_HEAD = 64 << 10
_CALENDAR_BYTES = 256 << 10
_SIGNED_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_SMIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
# 1.2.840.113549.1.7.N as DER writes it: 2 is signed data, 3 enveloped, 6 encrypted, and 1.9.16.1.23 authenticated.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_HIDDEN_DATA = (
    bytes.fromhex("06092a864886f70d010703"),
    bytes.fromhex("06092a864886f70d010706"),
    bytes.fromhex("060b2a864886f70d0109100117"),
)
_PGP = re.compile(rb"-----BEGIN PGP (MESSAGE|SIGNATURE)-----")
_MAIL_HEAD = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:>?From [^\r\n]*\r?\n)?(?:(?:received|from|to|subject|date|message-id|return-path|"
    rb"mime-version|delivered-to|x-[a-z-]+)[ \t]*:)",
    re.IGNORECASE,
)

About = dict[str, Any]


def about_file(media_type: str, filename: str, content: bytes, parameters: dict[str, str]) -> About | None:
    """{"kind": "mail" | "invite" | "signed" | "encrypted", ...}, or None for an ordinary file."""
    name = filename.lower()
    if media_type in ("message/rfc822", "message/global") or (name.endswith(".eml") and _MAIL_HEAD.match(content)):
        return _about_mail(content)
    if is_tnef(content):
        return _about_wrapped(content)
    if media_type == "text/calendar" or (name.endswith(".ics") and b"BEGIN:VCALENDAR" in content[:400]):
        source = storable(decode_text(content[:_CALENDAR_BYTES], parameters.get("charset", "")))
        return read_invitation(source, parameters.get("method", ""))
    return _about_secret(media_type, name, content, parameters)


def _about_mail(content: bytes) -> About:
    root = MimeReader(content[:_HEAD], DEFAULT_LIMITS, set()).read()
    senders = read_addresses(root.all("from")[:1], root.parameters.get("charset", ""), 1)[0]
    date = read_date(root.first("date"))
    return {
        "kind": "mail",
        "subject": decode_header(root.first("subject"))[:300],
        "from": (senders[0].name or senders[0].address)[:200] if senders else "",
        "date": date.isoformat() if date else "",
    }


def _about_wrapped(content: bytes) -> About | None:
    """An Outlook item inside a winmail.dat is a winmail.dat of its own."""
    found = read_tnef(content)
    if found is None:
        return None
    date = found.sent_at.isoformat() if found.sent_at else ""
    return {"kind": "mail", "subject": found.subject[:300], "from": found.sender[:200], "date": date}


def _about_secret(media_type: str, name: str, content: bytes, parameters: dict[str, str]) -> About | None:
    """Signatures are not checked and nothing is decrypted: the keys are not ours. It is said what they are."""
    if media_type in _SIGNED_TYPES or name in ("smime.p7s", "signature.asc"):
        return {"kind": "signed", "how": "pgp" if "pgp" in media_type or name.endswith(".asc") else "smime"}
    if media_type in _SMIME_TYPES or name.endswith(".p7m"):
        head = content[:200]
        declared = parameters.get("smime-type", "").lower()
        if _SIGNED_DATA in head or (declared == "signed-data" and not any(mark in head for mark in _HIDDEN_DATA)):
            return {"kind": "signed", "how": "smime"}
        return {"kind": "encrypted", "how": "smime"}
    if media_type == "application/pgp-encrypted" or name.endswith((".pgp", ".gpg")):
        return {"kind": "encrypted", "how": "pgp"}
    if armour := _PGP.search(content[:400]):
        return {"kind": "encrypted" if armour.group(1) == b"MESSAGE" else "signed", "how": "pgp"}
    return None
