"""What stands for things that have no words: a place, a contact, a kind of message we cannot show."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop, override

from channels_inbound.email.language import guess_language

FORWARDED = gettext_noop("Passed on from somebody else")


def worded(locale: str, message: str, **values: object) -> str:
    """A sentence of ours in the channel's language. `message` is marked by gettext_noop where it is written."""
    with override(locale):
        return gettext(message) % values if values else gettext(message)


def language_of(text: str, locale: str) -> str:
    """What language somebody writes; the channel's when too little is said."""
    return guess_language(text, default=locale)


def subject_of(text: str, otherwise: str) -> str:
    """What to call a ticket that came without a subject: its first line."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return (first if len(first) <= 80 else f"{first[:79].rstrip()}…") or otherwise


def spot_of(latitude: object, longitude: object) -> str:
    """A place on the map; empty when no two numbers say where."""
    known = all(isinstance(value, int | float) and abs(value) <= 360 for value in (latitude, longitude))
    return f"{latitude}, {longitude}" if known else ""
