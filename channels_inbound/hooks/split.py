"""Cutting a long reply into what a provider takes: at paragraphs, else at sentence ends, else at spaces. Pure."""

from __future__ import annotations

import re

_ENDS = (re.compile(r"\n{2,}"), re.compile(r"\n"), re.compile(r"(?<=[.!?…。！？])[\"')»”]*\s+"), re.compile(r"\s+"))
# A part shorter than this share of the limit is not worth a nicer end.
_LEAST = 0.3


def split_text(text: str, limit: int) -> list[str]:
    """The text in parts of at most `limit` UTF-16 units, in order; nothing but white space between parts is lost."""
    rest, parts = text.strip(), []
    while rest:
        if not limit or units(rest) <= limit:
            parts.append(rest)
            break
        place = _end(rest, limit)
        parts.append(rest[:place].rstrip())
        rest = rest[place:].lstrip()
    return [part for part in parts if part]


def units(text: str) -> int:
    """The length as most providers count it: a sign outside the basic plane is two."""
    return len(text) + sum(1 for sign in text if ord(sign) > 0xFFFF)


def _end(text: str, limit: int) -> int:
    most = _fitting(text, limit)
    window = text[: most + 1]
    for pattern in _ENDS:
        found = [match for match in pattern.finditer(window) if match.start() <= most]
        if found and found[-1].start() >= most * _LEAST:
            return max(1, min(found[-1].end(), most))
    return _whole_sign(text, most)


def _fitting(text: str, limit: int) -> int:
    """How many code points of the text are at most `limit` units."""
    if text.isascii():
        return limit
    used = 0
    for place, sign in enumerate(text):
        used += 2 if ord(sign) > 0xFFFF else 1
        if used > limit:
            return max(1, place)
    return len(text)


def _whole_sign(text: str, place: int) -> int:
    """Not between a letter and its accent, nor inside a joined emoji."""
    back = place
    while back > 1 and place - back < 16 and _joins(text, back):
        back -= 1
    return back if not _joins(text, back) else place


def _joins(text: str, place: int) -> bool:
    if place >= len(text):
        return False
    after, before = text[place], text[place - 1]
    return (
        after in "\u200d\ufe0f\u20e3"
        or before == "\u200d"
        or "\u0300" <= after <= "\u036f"
        or (0x1F3FB <= ord(after) <= 0x1F3FF)
    )
