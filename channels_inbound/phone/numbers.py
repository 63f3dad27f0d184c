"""Telephone numbers in one form."""

from __future__ import annotations

import phonenumbers
from django.conf import settings


def e164(typed: str, *, region: str = "") -> str:
    """The number as +380671110022, or empty when it is none: hidden callers, extensions, nonsense. `region` is the
    country of one without a country code; the house's where nobody says another."""
    typed = typed.strip()[:40]
    try:
        found = phonenumbers.parse(typed, None if typed.startswith("+") else region or settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found) or len(str(found.national_number)) < 6:
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def region_of(line: str) -> str:
    """The country of one of our own numbers, since whoever calls it is mostly there too. Empty when it is none."""
    try:
        found = phonenumbers.parse(line, None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(found) or ""


def readable(number: str) -> str:
    """A number as people write it, in the international form."""
    try:
        found = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
