"""How a person is drawn: initials and a hue that stays theirs."""

from __future__ import annotations

import re
from functools import lru_cache

HUES = 12
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(4096)
def initials(name: str) -> str:
    """One or two letters: of the first and last word of a name, or of what stands before an address's @."""
    words = _WORD.findall(name.partition("@")[0]) or _WORD.findall(name)
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def hue(id: int | None) -> int:
    """A number 0-11 for the colour class; neighbours differ."""
    return ((id or 0) * 5 + 9) % HUES
