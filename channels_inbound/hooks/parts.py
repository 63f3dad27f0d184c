"""In which pieces a reply leaves by a channel."""

from __future__ import annotations

from channels_inbound.hooks.split import split_text
from tickets.kinds import traits_in, traits_of


def part_texts(text: str, kind: str, thread: str) -> list[str]:
    """The texts of a reply, in order; its files come after them. `thread` is the conversation's name there."""
    return split_text(text, traits_in(traits_of(kind), thread).max_text)
