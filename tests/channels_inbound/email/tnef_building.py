"""winmail.dat parts made by hand, field by field."""

from __future__ import annotations

import struct


def attribute(name: int, data: bytes, level: int = 2, kind: int = 6) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*items: tuple[int, int, bytes]) -> bytes:
    """(id, type, value) each; strings and binaries get their count, length and padding."""
    out = struct.pack("<I", len(items))
    for name, kind, value in items:
        out += struct.pack("<HH", kind, name)
        if name >= 0x8000:
            out += bytes(16) + struct.pack("<II", 0, 7)
        if kind in (0x1E, 0x1F, 0x0D, 0x102):
            out += struct.pack("<II", 1, len(value))
        out += value + bytes(-len(value) % 4)
    return out


def tnef(*attributes: bytes, codepage: int = 1251) -> bytes:
    head = struct.pack("<IH", 0x223E9F78, 1)
    return head + attribute(0x9007, struct.pack("<II", codepage, 0), level=1) + b"".join(attributes)


def tnef_file(title: bytes, data: bytes, *extra: tuple[int, int, bytes]) -> bytes:
    made = attribute(0x9002, bytes(14)) + attribute(0x8010, title + b"\0") + attribute(0x800F, data)
    return made + (attribute(0x9005, properties(*extra)) if extra else b"")


def unicode_text(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"
