"""A text as a number in it is meant: other writings of dashes and digits made plain, what nobody sees left out. Pure.

Telephones and word processors make a longer dash of "-", keyboards of other scripts write other digits, and mail
programs put marks between letters that have no width. Whoever reads sees the number; so must whoever looks for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_UNSEEN = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
_DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_SPACES = "\u2000-\u200a\u202f\u205f\u3000"
_ODD = re.compile(rf"[{_UNSEEN}{_DASHES}{_SPACES}]|(?![0-9])\d")
_IS_UNSEEN = re.compile(f"[{_UNSEEN}]")
_IS_DASH = re.compile(f"[{_DASHES}]")


@dataclass(frozen=True, slots=True)
class Evened:
    """The plain text, and where each of its characters stands in the text itself (None: at the same place)."""

    text: str
    places: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the plain text lies in the text itself."""
        if self.places is None or start >= end:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def even(text: str) -> Evened:
    """Nothing is done to the usual text, in which none of it stands."""
    if text.isascii() or not _ODD.search(text):
        return Evened(text)
    kept = [(place, _plain(one)) for place, one in enumerate(text) if not is_unseen(one)]
    return Evened("".join([one for _place, one in kept]), [place for place, _one in kept])


def is_unseen(one: str) -> bool:
    """Whether a character has no width."""
    return _IS_UNSEEN.match(one) is not None


def _plain(one: str) -> str:
    if one.isascii():
        return one
    if _IS_DASH.match(one):
        return "-"
    digit = unicodedata.digit(one, None)
    return str(digit) if one.isdecimal() and digit is not None else " " if one.isspace() else one
