"""Addresses people say are theirs: evidence for an agent who decides whether two customers are one. Pure."""

from __future__ import annotations

import re

_MAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![\w@-])"
)
_LOOKED_AT = 2000
_MOST = 3


def claims_of(email: str, phone: str) -> tuple[tuple[str, str], ...]:
    """What a form or another system says: an address, and a number in its one form (both may be empty)."""
    found = [("email", email.strip().lower())] if _MAIL.fullmatch(email.strip()) and len(email) <= 254 else []
    return tuple(found + ([("phone", phone)] if phone else []))


def claims_in(text: str) -> tuple[tuple[str, str], ...]:
    """The addresses somebody writes in a message."""
    found = dict.fromkeys(match[0].lower() for match in _MAIL.finditer(text[:_LOOKED_AT]))
    return tuple(("email", value) for value in list(found)[:_MOST])
