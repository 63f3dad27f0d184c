"""A few words around a match, with what was asked for marked. Pure."""

from __future__ import annotations

import re

from .query import Query
from .text import normalise
from .words import document_lexemes

READ = 20_000  # characters of a text that are looked through
LENGTH = 160
BEFORE = 50
Pieces = tuple[tuple[str, bool], ...]

_WORD = re.compile(r"[^\W_]+(?:['’‘ʼ`][^\W_]+)*")
_SPACE = re.compile(r"\s+")


class Marker:
    """Marks what a query asked for; one for a whole page, since it remembers the words it has judged."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self._judged: dict[tuple[str, str], bool] = {}

    def first(self, text: str, language: str = "") -> int | None:
        """Where the first match begins, None without one."""
        return next((word.start() for word in _WORD.finditer(text) if self._matches(word[0], language)), None)

    def around(self, text: str, first: int, language: str = "") -> Pieces:
        """About 160 characters around a place, cut at words, as (piece, is it a match) pairs."""
        start = _word_start(text, first - BEFORE) if first > BEFORE else 0
        end = start + LENGTH
        if end < len(text):
            end = max(text.rfind(" ", start, end), start + LENGTH // 2)
        shown = _SPACE.sub(" ", text[start:end]).strip()
        return self.mark(("…" if start else "") + shown + ("…" if end < len(text) else ""), language)

    def mark(self, text: str, language: str = "") -> Pieces:
        """The whole text as (piece, is it a match) pairs."""
        pieces: list[tuple[str, bool]] = []
        done = 0
        for word in _WORD.finditer(text):
            if self._matches(word[0], language):
                if word.start() > done:
                    pieces.append((text[done : word.start()], False))
                pieces.append((word[0], True))
                done = word.end()
        if done < len(text):
            pieces.append((text[done:], False))
        return tuple(pieces)

    def _matches(self, word: str, language: str) -> bool:
        known = self._judged.get((word, language))
        if known is None:
            known = self._judged[word, language] = self._judge(normalise(word), language)
        return known

    def _judge(self, word: str, language: str) -> bool:
        if not self.query.lexemes.isdisjoint(document_lexemes(word, language)):
            return True
        return bool(self.query.prefixes) and word.replace("'", "").startswith(self.query.prefixes)


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at, at + BEFORE)
    return space + 1 if space >= 0 else at
