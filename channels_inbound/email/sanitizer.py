"""Cleaning stored HTML again when the sanitizer that cleaned it is not today's."""

from __future__ import annotations

import zlib

from channels_inbound.email.elements import Attributes, change_elements, replaced, value_of
from channels_inbound.email.html_clean import SANITIZER_VERSION, clean_html


def sanitizer_number(version: str = SANITIZER_VERSION) -> int:
    """The version as the small number stored with a message; another number means another sanitizer."""
    return (zlib.crc32(version.encode()) & 0x7FFF) or 1


def clean_again(html: str) -> str:
    """HTML cleaned earlier, through today's sanitizer; what it set aside is put back first, so nothing is lost."""
    restored = change_elements(html, {"img"}, _as_it_came) if "<img" in html else html
    return clean_html(restored).html


def _as_it_came(image: Attributes) -> Attributes:
    own = value_of(image, "data-cid")
    if own is not None:
        return replaced(image, "data-cid", ("src", f"cid:{own}"))
    return replaced(image, "data-remote-src", ("src", value_of(image, "data-remote-src") or ""))
