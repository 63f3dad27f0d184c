"""What agents write themselves: notes keep nothing of the kind in clear, and replies no card and no document.

The shop's own account, a first password or a link to a reset are written to customers on purpose and leave as they
are; nobody has a reason to write a customer's whole card to them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args

from .finding import Found, Kind, find
from .masking import FoundSecret, link_targets, masked, masked_html, secrets_in, visible_text

ALL_KINDS: frozenset[str] = frozenset(get_args(Kind))
NOT_TO_LEAVE: frozenset[str] = frozenset({"card", "document"})


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text and its HTML with masks, and what stood there, each once."""

    text: str
    html: str
    secrets: tuple[FoundSecret, ...]

    @property
    def masks(self) -> list[str]:
        """As they stand in the text, each once."""
        return list(dict.fromkeys(secret.mask for secret in self.secrets))


def hide_in_note(text: str, html: str) -> Hidden:
    return _hidden(text, html, ALL_KINDS)


def hide_in_reply(text: str, html: str) -> Hidden:
    return _hidden(text, html, NOT_TO_LEAVE)


def _hidden(text: str, html: str, kinds: Collection[str]) -> Hidden:
    found = _of(kinds, text)
    secrets = secrets_in(text, found)
    if html:
        seen = f"{visible_text(html)}\n{link_targets(html)}"
        secrets = list(dict.fromkeys([*secrets, *secrets_in(seen, _of(kinds, seen))]))
    if not secrets:
        return Hidden(text, html, ())
    return Hidden(masked(text, found), masked_html(html, secrets, kinds=kinds), tuple(secrets))


def _of(kinds: Collection[str], text: str) -> list[Found]:
    return [one for one in find(text) if one.kind in kinds]
