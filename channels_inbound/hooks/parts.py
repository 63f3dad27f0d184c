"""In which pieces a reply leaves by a channel."""

from __future__ import annotations

from channels_inbound.hooks.split import split_text
from tickets.kinds import traits_of


def part_texts(text: str, kind: str) -> list[str]:
    """The texts of a reply, in order; its files come after them."""
    return split_text(text, traits_of(kind).max_text)
