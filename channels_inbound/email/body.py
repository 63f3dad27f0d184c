"""Which parts of a mail are its text, its HTML and its files."""

import html
from dataclasses import dataclass, field

from channels_inbound.email.charset import decode_text, storable
from channels_inbound.email.limits import Limits
from channels_inbound.email.mime import Part, decode_body
from channels_inbound.email.parameters import read_parameters


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
