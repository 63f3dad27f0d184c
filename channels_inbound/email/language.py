"""Which language somebody writes, by letters and small words: a guess, for search, sorting and our own few words."""

from __future__ import annotations

import re

from people.finding.language import guess_language as by_small_words
from people.finding.text import normalise

SAMPLE = 2000
ENOUGH_LETTERS = 20
_CYRILLIC = re.compile("[\u0400-\u0481\u048a-\u052f]")
# Letters that one of our languages has and its neighbours have not.
_MARKS = (("uk", "іїєґ"), ("ru", "ыэъё"), ("de", "äöüß"), ("pl", "ąęłżźćńś"))
_CYRILLIC_LOCALES = ("uk", "ru")


def guess_language(text: str, *, default: str) -> str:
    """A two-letter code; `default` where the letters do not say."""
    sample = text[:SAMPLE].lower()
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return default
    cyrillic = len(_CYRILLIC.findall(sample))
    counts = {language: sum(map(sample.count, marks)) for language, marks in _MARKS}
    if cyrillic * 2 > letters:
        if counts["uk"] or counts["ru"]:
            return "uk" if counts["uk"] >= counts["ru"] else "ru"
        return default if default in _CYRILLIC_LOCALES else "uk"
    likely = max(("de", "pl"), key=lambda language: counts[language])
    if counts[likely] >= 2:
        return likely
    if told := by_small_words(normalise(sample)):
        return told
    if default in _CYRILLIC_LOCALES:
        return "en" if letters >= ENOUGH_LETTERS else default
    return default
