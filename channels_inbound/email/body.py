"""Which parts of a mail are its text, its HTML and its files."""

import html
import mimetypes
import re
from dataclasses import dataclass, field

from channels_inbound.email.charset import decode_text, storable
from channels_inbound.email.headers import decode_header
from channels_inbound.email.limits import Limits
from channels_inbound.email.mime import MimeReader, Part, decode_body
from channels_inbound.email.parameters import read_parameters
from channels_inbound.email.parsed import Attachment

_EXTENSIONS = {"message/rfc822": ".eml", "text/plain": ".txt", "text/calendar": ".ics", "image/jpeg": ".jpg"}
_EXTENSIONS |= {"message/delivery-status": ".txt", "text/rfc822-headers": ".txt", "application/ms-tnef": ".dat"}
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_ENCODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"uuencode", b"x-uue", b"uue")


@dataclass(slots=True)
class Piece:
    """Text and HTML of one branch; either may be empty."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Body:
    text: str
    html: str
    files: list[Part] = field(default_factory=list)


class BodyReader:
    """Walks the tree once, keeping text within the limits and files as parts."""

    def __init__(self, raw: bytes, limits: Limits, reasons: set[str]) -> None:
        self.raw = raw
        self.limits = limits
        self.reasons = reasons
        self.files: list[Part] = []
        self.seen_text = False

    def read(self, root: Part) -> Body:
        piece = self._read(root, False)
        text = self._cap(piece.text, self.limits.text_chars, "text_chars")
        return Body(text, self._cap(piece.html, self.limits.html_chars, "html_chars"), self.files)

    def _read(self, part: Part, alternative: bool) -> Piece:
        if part.children:
            pieces = [self._read(child, part.media_type == "multipart/alternative") for child in part.children]
            return _choose(pieces) if part.media_type == "multipart/alternative" else _join(pieces)
        if part.media_type.startswith("multipart/"):
            # Declared but without a single boundary: what is there is text if it reads as such.
            return Piece(text=self._decode(part, self.limits.text_chars, "text_chars"))
        if part.media_type in ("text/x-amp-html", "text/watch-html") and alternative:
            return Piece()
        if part.media_type in ("text/plain", "text/html") and not self._is_file(part):
            self.seen_text = True
            if part.media_type == "text/html":
                return Piece(html=self._decode(part, self.limits.html_chars, "html_chars"))
            return Piece(text=self._read_plain(part))
        self.files.append(part)
        return Piece()

    def _is_file(self, part: Part) -> bool:
        disposition, parameters = read_parameters(part.first("content-disposition"))
        if disposition == "attachment":
            return True
        named = "filename" in parameters or "name" in part.parameters
        # Some mailers name the body itself; a name on a later part is a file to look at.
        return named and (self.seen_text or bool(self.files) or disposition == "inline")

    def _read_plain(self, part: Part) -> str:
        text = self._decode(part, self.limits.text_chars, "text_chars")
        if part.parameters.get("format", "").lower() == "flowed":
            return unflow(text, part.parameters.get("delsp", "").lower() == "yes")
        return text

    def _decode(self, part: Part, cap: int, reason: str) -> str:
        data = decode_body(self.raw, part)
        if len(data) > cap * 4:
            data = data[: cap * 4]
            self.reasons.add(reason)
        return storable(self._cap(decode_text(data, part.parameters.get("charset", "")), cap, reason))

    def _cap(self, text: str, cap: int, reason: str) -> str:
        if len(text) > cap:
            self.reasons.add(reason)
            return text[:cap]
        return text


def _choose(pieces: list[Piece]) -> Piece:
    """Of alternatives the first plain and the last HTML: senders order them from plainest to richest."""
    text = next((piece.text for piece in pieces if piece.text.strip()), "")
    return Piece(text, next((piece.html for piece in reversed(pieces) if piece.html.strip()), ""))


def _join(pieces: list[Piece]) -> Piece:
    filled = [piece for piece in pieces if piece.text.strip() or piece.html.strip()]
    if len(filled) <= 1:
        return filled[0] if filled else Piece()
    if not any(piece.html for piece in filled):
        return Piece("\n".join(piece.text.rstrip("\n") + "\n" for piece in filled))
    joined = "<br>\n".join(
        piece.html or "<div>" + html.escape(piece.text).replace("\n", "<br>\n") + "</div>" for piece in filled
    )
    # A plain version is whole only when every branch has one; otherwise the text is derived from the HTML.
    whole = all(piece.text.strip() for piece in filled)
    return Piece("\n".join(piece.text for piece in filled) if whole else "", joined)


def unflow(text: str, delete_space: bool) -> str:
    """format=flowed (RFC 3676): soft line breaks undone within one quote depth, space-stuffing removed."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flowed = content.endswith(" ") and content != "-- "
        if open_depth == depth and content != "-- ":
            out[-1] += content
        else:
            out.append(">" * depth + (" " if depth and content else "") + content)
        open_depth = depth if flowed else -1
        if flowed and delete_space:
            out[-1] = out[-1][:-1]
    return "\n".join(out)


def read_attachments(reader: MimeReader, body: Body, keep_content: bool) -> list[Attachment]:
    """The files of a mail with names that can be shown and stored."""
    if len(body.files) > reader.limits.attachments:
        reader.reasons.add("attachments")
    return [
        _read_attachment(reader, part, number, body.html, keep_content)
        for number, part in enumerate(body.files[: reader.limits.attachments], 1)
    ]


def _read_attachment(reader: MimeReader, part: Part, number: int, body_html: str, keep_content: bool) -> Attachment:
    disposition, parameters = read_parameters(part.first("content-disposition"))
    content_id = decode_header(part.first("content-id")).strip("<> ")[:500]
    referenced = bool(content_id) and "cid:" + content_id in body_html
    content = decode_body(reader.raw, part)
    name = parameters.get("filename") or part.parameters.get("name") or ""
    encoding = part.first("content-transfer-encoding").strip(b" \t\"';").lower()
    return Attachment(
        filename=safe_filename(name) or _made_up_name(reader, part, number),
        content_type=part.media_type[:120],
        size=len(content),
        content_id=content_id,
        inline=disposition == "inline" or referenced,
        referenced=referenced,
        start=part.start,
        end=part.end,
        encoding=next((known.decode() for known in _ENCODINGS if encoding.startswith(known)), ""),
        content=content if keep_content else None,
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


def _made_up_name(reader: MimeReader, part: Part, number: int) -> str:
    kind = part.media_type
    if kind == "message/rfc822":
        found = re.search(
            rb"^Subject:[ \t]*([^\r\n]{1,200})", reader.raw[part.start : min(part.end, part.start + 8192)], re.I | re.M
        )
        subject = safe_filename(decode_header(found.group(1)).replace("/", " ")) if found else ""
        return f"{subject[:80] or f'message-{number}'}.eml"
    extension = _EXTENSIONS.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    return f"{'image' if kind.startswith('image/') else 'attachment'}-{number}{extension}"
