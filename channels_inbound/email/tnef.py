"""winmail.dat: the files, text and HTML that old Outlook wraps into one part (TNEF, MS-OXTNEF). One pass, offsets.

Whatever is broken ends the reading; what was found before it counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels_inbound.email.charset import decode_text, storable

SIGNATURE = 0x223E9F78
MAX_FILES = 100
_MAX_PROPERTIES = 2000
_ATTACH_START, _ATTACH_TITLE, _ATTACH_DATA, _ATTACH_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _CODEPAGE, _MESSAGE_PROPERTIES, _SUBJECT = 0x800C, 0x9007, 0x9003, 0x8004
_PR_BODY, _PR_HTML = 0x1000, 0x1013
_PR_DATA, _PR_NAME, _PR_LONG_NAME, _PR_TYPE, _PR_CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
# Of a message inside: subject, sender's name and addresses, recipients as shown, when it was sent.
_MESSAGE_TEXTS = {0x0037: "subject", 0x0C1A: "sender", 0x5D01: "sender_address", 0x0C1F: "sender_address", 0x0E04: "to"}
_PR_SENT_AT, _TIME = 0x0039, 0x40
# May hold the X.500 name of an Exchange mailbox instead of an address.
_PR_ADDRESS_ANY = 0x0C1F
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
# An embedded object begins with the id of its interface.
_OBJECT_HEAD = 16

Span = tuple[int, int]


@dataclass(slots=True)
class TnefFile:
    """One file: its names as found, and where its bytes lie in the part."""

    title: str = ""
    long_name: str = ""
    content_type: str = ""
    content_id: str = ""
    data: Span = (0, 0)

    @property
    def name(self) -> str:
        return self.long_name or self.title


@dataclass(slots=True)
class Tnef:
    """What a winmail.dat holds."""

    files: list[TnefFile]
    text: str = ""
    html: str = ""
    subject: str = ""
    sender: str = ""
    sender_address: str = ""
    to: str = ""
    sent_at: datetime | None = None


def is_tnef(data: bytes) -> bool:
    """Whether it begins as a winmail.dat does."""
    return len(data) >= 6 and struct.unpack_from("<I", data)[0] == SIGNATURE


def read_tnef(data: bytes) -> Tnef | None:
    """The contents of `data`, or None when it is no TNEF at all."""
    if not is_tnef(data):
        return None
    found = Tnef([])
    codepage = "cp1252"
    for name, start, end in _attributes(data):
        if name == _CODEPAGE and end - start >= 4:
            codepage = f"cp{struct.unpack_from('<I', data, start)[0]}"
        elif name == _ATTACH_START:
            if len(found.files) >= MAX_FILES:
                break
            found.files.append(TnefFile())
        elif name == _SUBJECT:
            found.subject = found.subject or _text(data[start:end], codepage)
        elif name == _BODY:
            found.text = found.text or _text(data[start:end], codepage)
        elif name == _MESSAGE_PROPERTIES:
            _read_message(data, start, end, codepage, found)
        elif found.files:
            _read_file(data, name, (start, end), codepage, found.files[-1])
    found.files = [file for file in found.files if file.data[1] > file.data[0] or file.name]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, int, int]]:
    position = 6
    while position + 9 <= len(data):
        name, _kind, length = struct.unpack_from("<HHI", data, position + 1)
        start, end = position + 9, position + 9 + length
        if end > len(data):
            # Cut off on the way: the rest is all there is of it.
            yield name, start, len(data)
            return
        yield name, start, end
        position = end + 2


def _read_message(data: bytes, start: int, end: int, codepage: str, found: Tnef) -> None:
    for name, kind, (first, last) in _properties(data, start, end):
        if name == _PR_BODY:
            found.text = _property_text(data[first:last], kind, codepage)
        elif name == _PR_HTML:
            found.html = _property_text(data[first:last], kind, codepage)
        elif name in _MESSAGE_TEXTS and kind & 0xFFF in (_STRING, _UNICODE):
            said = _property_text(data[first:last], kind, codepage).strip()
            if name != _PR_ADDRESS_ANY or "@" in said:
                setattr(found, _MESSAGE_TEXTS[name], getattr(found, _MESSAGE_TEXTS[name]) or said)
        elif name == _PR_SENT_AT and kind == _TIME and last - first == 8:
            found.sent_at = _file_time(struct.unpack_from("<Q", data, first)[0])


def _file_time(ticks: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def _read_file(data: bytes, name: int, span: Span, codepage: str, file: TnefFile) -> None:
    if name == _ATTACH_TITLE:
        file.title = _text(data[slice(*span)], codepage)
    elif name == _ATTACH_DATA:
        file.data = span
    elif name == _ATTACH_PROPERTIES:
        for prop, kind, (first, last) in _properties(data, *span):
            if prop == _PR_LONG_NAME:
                file.long_name = _property_text(data[first:last], kind, codepage)
            elif prop == _PR_NAME:
                file.title = file.title or _property_text(data[first:last], kind, codepage)
            elif prop == _PR_TYPE:
                file.content_type = _property_text(data[first:last], kind, codepage).lower()
            elif prop == _PR_CONTENT_ID:
                file.content_id = _property_text(data[first:last], kind, codepage)
            elif prop == _PR_DATA:
                first = min(first + (_OBJECT_HEAD if kind == _OBJECT else 0), last)
                # An embedded object may have a picture of itself as its data; the object is the bigger one.
                file.data = max(file.data, (first, last), key=lambda span: span[1] - span[0])


def _properties(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, Span]]:
    """(id, type, where its first value lies) of each MAPI property in data[start:end]."""
    if end - start < 4:
        return
    count = min(struct.unpack_from("<I", data, start)[0], _MAX_PROPERTIES)
    position = start + 4
    for _ in range(count):
        if position + 4 > end:
            return
        kind, name = struct.unpack_from("<HH", data, position)
        position = _after_name(data, position + 4, end) if name >= 0x8000 else position + 4
        values = 1
        if kind & 0x1000 or kind in (_STRING, _UNICODE, _OBJECT, _BINARY):
            if position + 4 > end:
                return
            values = struct.unpack_from("<I", data, position)[0]
            position += 4
        first: Span | None = None
        for _value in range(min(values, _MAX_PROPERTIES)):
            span = _value_span(data, position, end, kind & 0xFFF)
            if span is None:
                return
            first = first or span
            position = span[0] + (span[1] - span[0] + 3) // 4 * 4
        if values > _MAX_PROPERTIES:
            return
        if first:
            yield name, kind & 0xFFF, first


def _after_name(data: bytes, position: int, end: int) -> int:
    """Past the GUID and the number or name of a named property."""
    if position + 24 > end:
        return end
    kind, value = struct.unpack_from("<II", data, position + 16)
    return position + 24 + ((value + 3) // 4 * 4 if kind == 1 else 0)


def _value_span(data: bytes, position: int, end: int, kind: int) -> Span | None:
    size = _SIZES.get(kind)
    if size is None:
        if kind not in (_STRING, _UNICODE, _OBJECT, _BINARY) or position + 4 > end:
            return None
        size = struct.unpack_from("<I", data, position)[0]
        position += 4
    return (position, position + size) if position + size <= end else None


def _property_text(value: bytes, kind: int, codepage: str) -> str:
    if kind == _UNICODE:
        return storable(value.decode("utf-16-le", "replace")).rstrip("\0")
    return _text(value, codepage)


def _text(value: bytes, codepage: str) -> str:
    return storable(decode_text(value.rstrip(b"\0"), codepage))
