"""The tree of parts of a raw mail, in time linear in its size.

Only offsets are kept: a part's bytes are sliced and decoded when somebody needs them. Everything that is not
MIME by the book (missing boundary, missing blank line, CR line ends, similar boundaries) still gives a tree.
"""

import binascii
import re
from collections.abc import Iterator

from channels_inbound.email.limits import Limits
from channels_inbound.email.parameters import read_parameters

Fields = list[tuple[str, bytes]]

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_NOT_EVEN_NEARLY = re.compile(rb"[^A-Za-z0-9+/=\s_-]|(?<=[a-z])[ ](?=[A-Za-z])")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+*'-]{1,80}/[a-z0-9!#$&^_.+*'-]{1,100}")
_BOUNDARY_LINE = re.compile(rb"(?:\A|\n)--([^\s][^\r\n]{0,100}?)[ \t]*\r?\n(?=[Cc]ontent-)")
_KNOWN_FIELDS = frozenset(
    b"from to cc bcc subject date message-id in-reply-to references reply-to sender return-path received mime-version "
    b"content-type content-transfer-encoding content-disposition content-id content-language content-description "
    b"delivered-to list-id list-unsubscribe precedence auto-submitted user-agent dkim-signature importance".split()
)


class Part:
    """One node: headers by lower-case name, where its body lies in the raw mail, and its children."""

    __slots__ = ("by_name", "children", "depth", "end", "fields", "media_type", "parameters", "start")

    def __init__(self, fields: Fields, start: int, end: int, default_type: str, depth: int) -> None:
        self.fields = fields
        self.start = start
        self.end = end
        self.depth = depth
        self.children: list[Part] = []
        self.by_name: dict[str, list[bytes]] = {}
        for name, value in fields:
            self.by_name.setdefault(name, []).append(value)
        self.media_type, self.parameters = read_parameters(self.first("content-type"))
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            self.media_type = "text/plain" if self.media_type.startswith("text") else default_type

    def first(self, name: str) -> bytes:
        """The first value of a header that is not empty, else b""."""
        return next(filter(None, self.by_name.get(name, ())), b"")

    def all(self, name: str) -> list[bytes]:
        return self.by_name.get(name, [])

    def leaves(self) -> Iterator["Part"]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


class MimeReader:
    """Reads one raw mail into parts, noting in `reasons` which limits cut it."""

    def __init__(self, raw: bytes, limits: Limits, reasons: set[str]) -> None:
        self.raw = raw
        self.limits = limits
        self.reasons = reasons
        self.parts_left = limits.parts
        self.lookalikes_left = limits.boundary_lookalikes

    def read(self) -> Part:
        start, end = 0, len(self.raw)
        while start < end and self.raw[start] in b"\r\n \t\x00":
            start += 1
        return self._read_part(start, end, "text/plain", 0, self.limits.header_bytes)

    def read_embedded(self, part: Part) -> Part:
        """The tree of a message inside this one (bounces carry what was bounced), under the same limits."""
        return self._read_part(part.start, part.end, "text/plain", part.depth + 1, self.limits.part_header_bytes)

    def _read_part(self, start: int, end: int, default_type: str, depth: int, header_bytes: int) -> Part:
        self.parts_left -= 1
        fields, body = self._read_fields(start, end, header_bytes)
        part = Part(fields, body, end, default_type, depth)
        if part.media_type.startswith("multipart/"):
            self._read_children(part)
        return part

    def _read_children(self, part: Part) -> None:
        if part.depth >= self.limits.depth:
            self.reasons.add("depth")
            return
        boundary = part.parameters.get("boundary", "").encode("latin-1", "replace").rstrip()
        spans = self._split(part.start, part.end, boundary) if boundary else []
        if not spans:
            sniffed = _BOUNDARY_LINE.search(self.raw, part.start, min(part.end, part.start + 4096))
            spans = self._split(part.start, part.end, sniffed.group(1)) if sniffed else []
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for start, end in spans:
            if self.parts_left <= 0:
                self.reasons.add("parts")
                return
            part.children.append(self._read_part(start, end, default, part.depth + 1, self.limits.part_header_bytes))

    def _split(self, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
        """Where the sections between boundary lines lie. A line that only begins like the boundary is content."""
        raw, spans, section = self.raw, [], -1
        needle = b"\n--" + boundary
        at = start - 1 if raw.startswith(needle[1:], start) else raw.find(needle, start, end)
        while 0 <= at + 1 < end:
            after = at + len(needle)
            line_end = raw.find(b"\n", after, end)
            rest = raw[after : min(end if line_end < 0 else line_end, after + 200)].strip()
            if not rest or rest == b"--" or rest.startswith(b"-- "):
                if section >= 0:
                    spans.append((section, at - 1 if raw[at - 1 : at] == b"\r" and at > section else max(at, section)))
                section = end if line_end < 0 else line_end + 1
                if rest or len(spans) > self.limits.parts:
                    return spans
                at = section - 1 if section > 0 else at + 1
            else:
                self.lookalikes_left -= 1
                if self.lookalikes_left <= 0:
                    self.reasons.add("boundary_lookalikes")
                    break
                at = after
            at = raw.find(needle, at, end)
            if at < 0:
                break
        if 0 <= section < end:
            spans.append((section, end))
        return spans

    def _read_fields(self, start: int, end: int, header_bytes: int) -> tuple[Fields, int]:
        raw = self.raw
        if raw.startswith((b"\n", b"\r\n"), start):
            return [], start + (1 if raw[start] == 10 else 2)
        found = _HEADER_END.search(raw, start, end)
        stop, body = (found.start(), found.end()) if found else (end, end)
        if stop - start > header_bytes:
            self.reasons.add("header_bytes")
            stop = (
                raw.rfind(b"\n", start, start + header_bytes)
                if b"\n" in raw[start : start + header_bytes]
                else start + header_bytes
            )
        lines = raw[start:stop].split(b"\n")
        fields, used = self._collect_fields(lines)
        if used < len(lines):
            body = start + sum(len(line) + 1 for line in lines[:used])
        return fields, min(body, end)

    def _collect_fields(self, lines: list[bytes]) -> tuple[Fields, int]:
        """Unfolded (name, value) pairs and how many lines they took: fewer than given where the body begins
        without the blank line that should precede it."""
        names: list[str] = []
        values: list[bytes] = []
        cap = self.limits.header_value_bytes
        for index, line in enumerate(lines):
            if line[:1] in (b" ", b"\t") and names:
                if len(values[-1]) < cap:
                    values[-1] += b" " + line.strip()
                else:
                    self.reasons.add("header_value_bytes")
                continue
            name, colon, value = line.partition(b":")
            if colon and _FIELD_NAME.match(line):
                names.append(name.rstrip().lower().decode("ascii", "replace"))
                values.append(value.strip())
            elif line.startswith((b"From ", b">From ")) or not line.strip():
                continue
            elif names and _is_field(lines, index + 1):
                values[-1] += b" " + line.strip()
            else:
                return self._capped(names, values), index
        return self._capped(names, values), len(lines)

    def _capped(self, names: list[str], values: list[bytes]) -> Fields:
        cap = self.limits.header_value_bytes
        for index, value in enumerate(values):
            if len(value) > cap:
                self.reasons.add("header_value_bytes")
                values[index] = value[:cap]
        return list(zip(names, values, strict=True))


def _is_field(lines: list[bytes], index: int) -> bool:
    """Whether a known header follows: then the odd line before it was a badly folded header, not the body."""
    if index >= len(lines) or not _FIELD_NAME.match(lines[index]):
        return False
    name = lines[index].partition(b":")[0].rstrip().lower()
    return name in _KNOWN_FIELDS or name.startswith(b"x-")


def decode_body(raw: bytes, part: Part) -> bytes:
    """The bytes of a part with its transfer encoding undone, as far as they can be."""
    encoding = part.first("content-transfer-encoding").strip(b" \t\"';").lower()
    return decode_transfer(raw, part.start, part.end, encoding)


def decode_transfer(raw: bytes, start: int, end: int, encoding: bytes) -> bytes:
    if encoding.startswith(b"base64"):
        return _decode_base64(memoryview(raw)[start:end])
    if encoding.startswith(b"quoted"):
        return binascii.a2b_qp(memoryview(raw)[start:end])
    if encoding in (b"x-uuencode", b"uuencode", b"x-uue", b"uue"):
        return _decode_uu(raw[start:end])
    return raw[start:end]


def _decode_base64(data: memoryview) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    clean = _NOT_BASE64.sub(b"", data)
    if len(_NOT_EVEN_NEARLY.findall(data, 0, 4000)) * 12 > len(data[:4000]):
        # Labelled, but never encoded: blanks between words, full stops.
        return bytes(data)
    return binascii.a2b_base64(clean[: len(clean) // 4 * 4 + (0 if len(clean) % 4 == 1 else len(clean) % 4)] + b"==")


def _decode_uu(data: bytes) -> bytes:
    out, inside = [], False
    for line in data.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        elif line.strip():
            try:
                out.append(binascii.a2b_uu(line))
            except binascii.Error:
                # Encoders that pad wrongly: the length byte says how much of the line counts.
                wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
                try:
                    out.append(binascii.a2b_uu(line[:wanted]))
                except binascii.Error:
                    continue
    return b"".join(out) if inside else data
