"""Telephone numbers in one form. Pure."""

from __future__ import annotations

import phonenumbers


def e164(typed: str, *, region: str = "UA") -> str:
    """The number as +380671110022, or empty when it is none: hidden callers, extensions, nonsense."""
    typed = typed.strip()[:40]
    try:
        found = phonenumbers.parse(typed, None if typed.startswith("+") else region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found) or len(str(found.national_number)) < 6:
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def readable(number: str) -> str:
    """A number as people write it, in the international form."""
    try:
        found = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
