"""The files of a mail: their names, what wraps them, and what they say where the mail says nothing else."""

import mimetypes
import re
from dataclasses import replace

from channels_inbound.email.about_file import about_file
from channels_inbound.email.body import Body
from channels_inbound.email.calendar_text import calendar_name, calendar_text
from channels_inbound.email.charset import decode_text, storable
from channels_inbound.email.headers import decode_header
from channels_inbound.email.mime import MimeReader, Part, decode_body
from channels_inbound.email.parameters import read_parameters
from channels_inbound.email.parsed import Attachment
from channels_inbound.email.tnef import Tnef, TnefFile, read_tnef

_EXTENSIONS = {"message/rfc822": ".eml", "text/plain": ".txt", "text/calendar": ".ics", "image/jpeg": ".jpg"}
_EXTENSIONS |= {"message/delivery-status": ".txt", "text/rfc822-headers": ".txt", "application/ms-tnef": ".dat"}
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_ENCODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"uuencode", b"x-uue", b"uue")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_TNEF_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
# Parts that nobody names but that agents should recognise.
_KNOWN_NAMES = {
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "pgp-version.asc",
    "application/pgp-keys": "public-key.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "text/directory": "contact.vcf",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "message/delivery-status": "delivery-report.txt",
    "text/rfc822-headers": "headers.txt",
}


def complete_body(reader: MimeReader, body: Body) -> None:
    """Text for a mail without any: from its winmail.dat or its invitation."""
    if body.text.strip() or body.html.strip():
        return
    limits = reader.limits
    for part in body.files[: limits.attachments]:
        if part.media_type in _TNEF_TYPES:
            found = read_tnef(decode_body(reader.raw, part))
            if found:
                body.text, body.html = found.text[: limits.text_chars], found.html[: limits.html_chars]
        elif part.media_type == "text/calendar":
            data = decode_body(reader.raw, part)[: limits.text_chars]
            body.text = calendar_text(storable(decode_text(data, part.parameters.get("charset", ""))))
        if body.text or body.html:
            return


def read_attachments(reader: MimeReader, body: Body, keep_content: bool) -> list[Attachment]:
    """The files of a mail with names that can be shown and stored."""
    if len(body.files) > reader.limits.attachments:
        reader.reasons.add("attachments")
    found: list[Attachment] = []
    for number, part in enumerate(body.files[: reader.limits.attachments], 1):
        file = _read_attachment(reader, part, number, body.html)
        files = _unwrapped(file, body.html) or [file]
        found += files if keep_content else [replace(file, content=None) for file in files]
    if len(found) > reader.limits.attachments:
        reader.reasons.add("attachments")
    return found[: reader.limits.attachments]


def _unwrapped(file: Attachment, body_html: str) -> list[Attachment]:
    """The files in a winmail.dat, instead of it; none where it is another thing or holds none."""
    content = file.content or b""
    if file.content_type not in _TNEF_TYPES and file.filename.lower() != "winmail.dat":
        return []
    wrapped: Tnef | None = read_tnef(content)
    if wrapped is None:
        return []
    return [_inner_file(file, inner, number, body_html) for number, inner in enumerate(wrapped.files, 1)]


def _inner_file(outer: Attachment, inner: TnefFile, number: int, body_html: str) -> Attachment:
    start, end = inner.data
    name = safe_filename(inner.name) or f"attachment-{number}.bin"
    content_id = storable(inner.content_id).strip("<> ")[:500]
    referenced = bool(content_id) and "cid:" + content_id in body_html
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    content_type = inner.content_type if _MEDIA_TYPE.fullmatch(inner.content_type) else guessed
    content = (outer.content or b"")[start:end]
    about = about_file(content_type, name, content, {})
    return replace(
        outer, filename=name, content_type=content_type, size=end - start, content_id=content_id, inline=referenced,
        referenced=referenced, inner=inner.data, about=about, content=content,
    )  # fmt: skip


def _read_attachment(reader: MimeReader, part: Part, number: int, body_html: str) -> Attachment:
    disposition, parameters = read_parameters(part.first("content-disposition"))
    content_id = decode_header(part.first("content-id")).strip("<> ")[:500]
    referenced = bool(content_id) and "cid:" + content_id in body_html
    content = decode_body(reader.raw, part)
    name = parameters.get("filename") or part.parameters.get("name") or ""
    encoding = part.first("content-transfer-encoding").strip(b" \t\"';").lower()
    filename = safe_filename(name) or _made_up_name(reader, part, number)
    return Attachment(
        filename=filename,
        content_type=part.media_type[:120],
        size=len(content),
        content_id=content_id,
        inline=disposition == "inline" or referenced,
        referenced=referenced,
        start=part.start,
        end=part.end,
        encoding=next((known.decode() for known in _ENCODINGS if encoding.startswith(known)), ""),
        about=about_file(part.media_type, filename, content, part.parameters),
        content=content,
    )


def safe_filename(name: str) -> str:
    """The last path component without controls or direction marks, at most 255 bytes with its extension kept."""
    if "=?" in name:
        name = decode_header(name.encode("utf-8", "replace"))
    elif name.startswith(("utf-8''", "UTF-8''")):
        name = read_parameters(b"x; n*=" + name.encode())[1].get("n", name)
    name = _UNSAFE_NAME.sub("", storable(name)).replace("\\", "/").rpartition("/")[2].strip().strip('"').strip()
    if name in (".", ".."):
        return ""
    if len(name.encode()) <= 255:
        return name
    stem, dot, extension = name.rpartition(".")
    extension = extension if dot and len(extension) <= 20 else ""
    kept = (stem or name).encode()[: 254 - len(extension.encode())].decode("utf-8", "ignore")
    return f"{kept}.{extension}" if extension else kept


def _is_pgp(raw: bytes, part: Part) -> bool:
    return raw.find(b"-----BEGIN PGP MESSAGE-----", part.start, min(part.end, part.start + 200)) >= 0


def _made_up_name(reader: MimeReader, part: Part, number: int) -> str:
    kind = part.media_type
    if kind == "message/rfc822":
        found = re.search(
            rb"^Subject:[ \t]*([^\r\n]{1,200})", reader.raw[part.start : min(part.end, part.start + 8192)], re.I | re.M
        )
        subject = safe_filename(decode_header(found.group(1)).replace("/", " ")) if found else ""
        return f"{subject[:80] or f'message-{number}'}.eml"
    if kind == "text/calendar":
        return calendar_name(part.parameters.get("method", ""))
    if kind in _KNOWN_NAMES:
        return _KNOWN_NAMES[kind]
    if kind == "application/octet-stream" and _is_pgp(reader.raw, part):
        return "encrypted-message.asc"
    extension = _EXTENSIONS.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    return f"{'image' if kind.startswith('image/') else 'attachment'}-{number}{extension}"
