"""Why a ticket was found: a few words around the match, with the match marked. Pure."""

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


def snippet(text: str, query: Query, language: str = "") -> Pieces:
    """About 160 characters of `text` around the first match, cut at words, as (piece, is it a match) pairs."""
    text = text[:READ]
    first = next((match for match in _WORD.finditer(text) if _matches(match[0], query, language)), None)
    start = 0 if first is None or first.start() <= BEFORE else _word_start(text, first.start() - BEFORE)
    end = start + LENGTH
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + LENGTH // 2)
    shown = _SPACE.sub(" ", text[start:end]).strip()
    shown = ("…" if start else "") + shown + ("…" if end < len(text) else "")
    return mark(shown, query, language)


def mark(text: str, query: Query, language: str = "") -> Pieces:
    """The whole text as (piece, is it a match) pairs."""
    pieces: list[tuple[str, bool]] = []
    done = 0
    for match in _WORD.finditer(text):
        if _matches(match[0], query, language):
            if match.start() > done:
                pieces.append((text[done : match.start()], False))
            pieces.append((match[0], True))
            done = match.end()
    if done < len(text):
        pieces.append((text[done:], False))
    return tuple(pieces)


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at, at + BEFORE)
    return space + 1 if space >= 0 else at


def _matches(word: str, query: Query, language: str) -> bool:
    word = normalise(word)
    if not query.lexemes.isdisjoint(document_lexemes(word, language)):
        return True
    return bool(query.prefixes) and word.replace("'", "").startswith(query.prefixes)
