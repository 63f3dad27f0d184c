"""What one word becomes in the index, so that its other forms are found too. Pure.

Words of a document become the stems of its language; a query asks for the stems of every language at once, so
nobody has to say which language they search in. A word that is not stemmed (numbers, codes) stands for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import Stemmer
from simplemma import Lemmatizer
from simplemma.strategies import DictionaryLookupStrategy
from simplemma.strategies.dictionaries.stream_dictionary_factory import StreamDictionaryFactory

LATIN = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "sv": "swedish",
}
LONGEST_WORD = 64
_SHORTEST_STEM = 3
_MARK = "'"
# The stems kept are those of one busy day; at about 250 bytes each the two caches stay under 10 MB.
_KEPT = 20_000

_stemmers: dict[str, Callable[[str], str]] = {
    code: Stemmer.Stemmer(name, 0).stemWord for code, name in (LATIN | {"ru": "russian"}).items()
}


@lru_cache(_KEPT)
def document_lexemes(word: str, language: str) -> tuple[str, ...]:
    """The lexemes under which a normalised `word` of a document in `language` is kept (at least one)."""
    if word.isascii():
        if len(word) < 3 or not word.isalpha():
            return (word.replace(_MARK, ""),)
        stem = _stemmers[language if language in LATIN else "en"](word)
        # What is left of a word must still tell something: Swedish would make "or" of "order".
        return (stem if len(stem) >= _SHORTEST_STEM else word,)
    if _is_cyrillic(word):
        return (_stemmers["ru"](word.replace(_MARK, "")),) if language == "ru" else _ukrainian(word)
    return (word.replace(_MARK, ""),)


@lru_cache(_KEPT)
def query_lexemes(word: str) -> tuple[str, ...]:
    """Every lexeme under which some document may keep `word` or another form of it."""
    languages = ("uk", "ru") if _is_cyrillic(word) else tuple(LATIN)
    return tuple(dict.fromkeys(lexeme for code in languages for lexeme in document_lexemes(word, code)))


def _is_cyrillic(word: str) -> bool:
    return "\u0400" <= word[0] <= "\u052f"


def _ukrainian(word: str) -> tuple[str, ...]:
    """The stem of the word and that of its dictionary form.

    The dictionary knows irregular forms (people, days); it lacks many and now and then gives a verb for a noun,
    so two forms of one word meet by either.
    """
    stem = ukrainian_stem(word)
    lemma = _lemma(word)
    if lemma == word:
        return (stem,)
    other = ukrainian_stem(lemma)
    return (stem,) if other == stem else (stem, other)


def _lemma(word: str) -> str:
    """The dictionary form of a Ukrainian word, or the word itself."""
    return _lemmatizer().lemmatize(word, "uk").lower()


@lru_cache(1)
def _lemmatizer() -> Lemmatizer:
    # Read on first need and kept compressed in memory: 10 MB a process instead of 65, for 30 us more a new word.
    lookup = DictionaryLookupStrategy(StreamDictionaryFactory())
    return Lemmatizer(cache_max_size=1, lemmatization_strategy=lookup)


# Endings of nouns, adjectives and verbs, longest first. Short stems keep theirs: "ключ" is not "кл".
_ENDINGS_BY_LENGTH = """
увати енням анням еннями анням аннями інням
увала увало ували уєте уємо ення енню ання анню іння інню
ами ями ові еві єві ими іми ого ому вши емо ємо имо їмо ете єте ите їте уть ють ать ять ить їть ував ують уєш
ам ям ах ях ів їв ей ом ем єм ої ою ею єю ій ий им ім їм их іх їх ть ти ла ло ли еш єш иш їш ую ує
а я е є у ю и і ї о й ь в
"""
_ENDINGS = tuple(sorted(_ENDINGS_BY_LENGTH.split(), key=len, reverse=True))


@lru_cache(_KEPT)
def ukrainian_stem(word: str) -> str:
    """A light stem: the reflexive ending, one ending, and the vowels that come and go before the last consonant."""
    stem = word.replace(_MARK, "").replace("ґ", "г")
    if len(stem) > 5 and stem.endswith(("ся", "сь")):
        stem = stem[:-2]
    for ending in _ENDINGS:
        if len(stem) - len(ending) >= _SHORTEST_STEM and stem.endswith(ending):
            stem = stem[: -len(ending)]
            break
    return _steady(stem)


def _steady(stem: str) -> str:
    """`посилок` and `посилц-` as `посилк-`, `покупець` as `покупц-`: one stem for the forms of one noun."""
    if len(stem) > 4 and stem.endswith(("ок", "ек", "ен", "он", "ец")):
        stem = stem[:-2] + stem[-1]
    if stem.endswith("ц"):
        stem = stem[:-1] + "к"
    return stem
