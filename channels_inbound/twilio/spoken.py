"""What a caller hears, in the channel's language. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext_noop

from channels_inbound.hooks.words import worded

LEAVE = gettext_noop(
    "Please leave a message after the tone. It will be recorded, so that we can listen to it and call you back."
)
NOBODY = gettext_noop(
    "Nobody can take your call at the moment. Please leave a message after the tone. It will be recorded, so that we"
    " can listen to it and call you back."
)
# A voice needs the country too.
_VOICES = {"en": "en-US", "uk": "uk-UA", "de": "de-DE", "es": "es-ES", "fr": "fr-FR", "pl": "pl-PL"}


def say(text: str, locale: str) -> str:
    """The verb that says it; without a language it would be read as English."""
    voice = _VOICES.get(locale.lower().replace("_", "-").partition("-")[0])
    return f"<Say{f' language={quoteattr(voice)}' if voice else ''}>{escape(text)}</Say>"


def say_ours(message: str, locale: str) -> str:
    """One of the sentences above."""
    return say(worded(locale, message), locale)
