"""Which language a mail is written in, by its letters: a guess for search and sorting, nothing that matters."""

from __future__ import annotations

SAMPLE = 2000
ENOUGH_LETTERS = 20
_CYRILLIC = range(0x0400, 0x0530)
# Letters that one of our languages has and its neighbours have not.
_MARKS = (("uk", "іїєґ"), ("ru", "ыэъё"), ("de", "äöüß"), ("pl", "ąęłżźćńś"))
_CYRILLIC_LOCALES = ("uk", "ru")


def guess_language(text: str, *, default: str) -> str:
    """A two-letter code; `default` where the letters do not say."""
    letters = [letter for letter in text[:SAMPLE].lower() if letter.isalpha()]
    if not letters:
        return default
    cyrillic = sum(1 for letter in letters if ord(letter) in _CYRILLIC)
    counts = {language: sum(letters.count(mark) for mark in marks) for language, marks in _MARKS}
    if cyrillic * 2 > len(letters):
        if counts["uk"] or counts["ru"]:
            return "uk" if counts["uk"] >= counts["ru"] else "ru"
        return default if default in _CYRILLIC_LOCALES else "uk"
    likely = max(("de", "pl"), key=lambda language: counts[language])
    if counts[likely] >= 2:
        return likely
    if default in _CYRILLIC_LOCALES:
        return "en" if len(letters) >= ENOUGH_LETTERS else default
    return default
