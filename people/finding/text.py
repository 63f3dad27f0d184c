"""From a message to its search document: normalised, cut into words, each with its place. Pure.

The result is the text form of a tsvector, made here and not by PostgreSQL's own dictionaries: they know no
Ukrainian, split order numbers and addresses in surprising places, and would ask which language a query is in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .language import guess_language
from .words import LATIN, LONGEST_WORD, document_lexemes

MAX_BYTES = 200_000
MAX_WORDS = 30_000
_MOST_PLACES = 255  # a tsvector keeps no more for one lexeme
_FIELD_GAP = 8  # so that no phrase runs from the subject into the text

# Before compatible forms are made plain, which would make "No" of the sign and a word of №48190.
_SIGNS = dict.fromkeys(map(ord, "’‘ʼ`´′ʹ＇‛"), "'") | {ord("№"): "#"}
_FOLDED = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ё": "е", "ς": "σ"}
    | dict.fromkeys(map(chr, (0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x0640)), "")
)
# What needs work, with the letter before it, which a mark may belong to. The rest of a text is left as it is.
_UNUSUAL = re.compile(r"[\x00-\x7fа-яєіїґ]?[^\x00-\x7fа-яєіїґ]+")
_LATIN_MARKS = re.compile(r"(?<=[a-zα-ω])[\u0300-\u036f]+")
# Stress marks of Cyrillic, points of Hebrew, vowel signs of Arabic; й and ї keep theirs and are composed again.
_OTHER_MARKS = re.compile(r"[\u0300\u0301\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]+")

_LETTER = r"[\w\u0900-\u0dff\u0e00-\u0eff\u0f71-\u0fbc\u1000-\u109f\u1780-\u17ff]"
CHUNK = re.compile(rf"{_LETTER}+(?:[-'./@:+&]+{_LETTER}+)*")
_PARTS = re.compile(rf"{_LETTER}+(?:'{_LETTER}+)*")
_ADDRESS = re.compile(r"([\w.+&'-]+)@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"\d(?:[ ().-]{0,2}\d){8,14}")
# Written without spaces: every character is a word, and a run of them is asked for as a phrase.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KEPT = 20_000
_LONGEST_KEPT = 80
_ELIDED = frozenset(("l", "d", "j", "c", "m", "n", "s", "t", "qu", "un", "dell", "all", "nell", "sull", "dall"))


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What the index keeps of one message; `vector` is the text form of a tsvector."""

    language: str
    vector: str


def normalise(text: str) -> str:
    """Lower case, one apostrophe, compatible forms made plain; no accents on Latin and Greek, no stress marks."""
    text = text.lower().replace("`", "'").replace("_", "-")
    return text if text.isascii() else _UNUSUAL.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    text = unicodedata.normalize("NFKD", match[0].translate(_SIGNS)).translate(_FOLDED)
    text = _OTHER_MARKS.sub("", _LATIN_MARKS.sub("", text))
    # Once more: a compatible form may have hidden a capital, an apostrophe or a joiner.
    return unicodedata.normalize("NFC", text).lower().translate(_SIGNS).replace("_", "-")


def search_document(
    subject: str, text: str, addresses: Iterable[str] = (), filenames: Iterable[str] = (), language: str = ""
) -> SearchDocument:
    """The search document of one message. `addresses` are names and addresses of sender and recipients, `language`
    what to assume where the text itself does not tell."""
    body = _capped(text)
    language = guess_language(body) or language[:2]
    latin = language if language in LATIN or language == "ru" else "en"
    places: dict[str, list[int]] = {}
    end = 0
    for field in (_capped(subject), _capped("\n".join(addresses)), _capped("\n".join(filenames)), body):
        if field:
            end = place_words(field, latin, places, end) + _FIELD_GAP
    return SearchDocument(language, write_vector(places))


@lru_cache(maxsize=4096)  # the newest tickets are among the candidates of every search
def short_vector(text: str, language: str = "") -> str:
    """The text form of a tsvector of a line by itself, as it would stand in a document of this language."""
    places: dict[str, list[int]] = {}
    place_words(normalise(text), language if language in LATIN or language == "ru" else "en", places, 0)
    return write_vector(places)


def write_vector(places: dict[str, list[int]]) -> str:
    """The text form of a tsvector with these lexemes at these places."""
    return " ".join([_entry(lexeme, at) for lexeme, at in places.items()])


def _entry(lexeme: str, at: list[int]) -> str:
    if len(at) == 1:
        return f"'{lexeme}':{at[0]}"
    return f"'{lexeme}':{','.join(map(str, at[:_MOST_PLACES]))}"


def _capped(text: str) -> str:
    """At most MAX_BYTES of normalised text, so that a vector stays far below PostgreSQL's 1 MB."""
    text = normalise(text[:MAX_BYTES])
    if len(text) * 4 > MAX_BYTES and len(encoded := text.encode()) > MAX_BYTES:
        return encoded[:MAX_BYTES].decode(errors="ignore")
    return text


def place_words(field: str, language: str, places: dict[str, list[int]], start: int) -> int:
    """Put every word of a normalised field at its place, counted from `start`; return the last place."""
    at = start + 1
    for run in field.split()[:MAX_WORDS]:
        width, lexemes = _kept(run, language) if len(run) < _LONGEST_KEPT else _laid_out(run, language)
        for offset, lexeme in lexemes:
            if lexeme in places:
                places[lexeme].append(at + offset)
            else:
                places[lexeme] = [at + offset]
        at += width
    for number in phones(field):
        places.setdefault(number, []).append(at)
    return at


def _laid_out(run: str, language: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """How many places a run without spaces takes, and its lexemes with their offset among them."""
    lexemes: list[tuple[int, str]] = []
    width = 0
    for chunk in CHUNK.findall(run):
        lexemes += [(width, lexeme) for lexeme in compounds(chunk)]
        for word in parts(chunk):
            if len(word) <= LONGEST_WORD:
                lexemes += [(width, lexeme) for lexeme in document_lexemes(word, language)]
            width += 1
    return width, tuple(lexemes)


_kept = lru_cache(_KEPT)(_laid_out)


def parts(chunk: str) -> Iterator[str]:
    """The words of a normalised chunk: split at joiners, elided articles apart, unspaced scripts by character."""
    for word in _PARTS.findall(chunk):
        if "'" in word:
            yield from _apart(word)
        elif word.isascii() or not _UNSPACED.search(word):
            yield word
        else:
            yield from _characters(word)


def _apart(word: str) -> Iterator[str]:
    """`anna's` is anna, `l'article` is l and article, `п'ять` and `o'brien` are one word."""
    head, _, tail = word.partition("'")
    if tail == "s":
        yield head
    elif head in _ELIDED and len(tail) > 1:
        yield head
        yield tail
    else:
        yield word


def _characters(word: str) -> Iterator[str]:
    plain = ""
    for character in word:
        if _UNSPACED.match(character):
            if plain:
                yield plain
                plain = ""
            yield character
        else:
            plain += character
    if plain:
        yield plain


def compounds(chunk: str) -> tuple[str, ...]:
    """The lexemes of a chunk as a whole: an address, its two halves, a code or a hyphened word written as one."""
    if address := _ADDRESS.fullmatch(chunk):
        local, domain = (half.replace("'", "") for half in address.groups())
        whole = (f"{local}@{domain}", f"{local}@", f"@{domain}")
        return tuple(lexeme for lexeme in whole if len(lexeme) <= LONGEST_WORD * 4)
    words = _PARTS.findall(chunk)
    joined = "".join(words)
    if 1 < len(words) <= 6 and len(joined) <= LONGEST_WORD and "'" not in joined:
        return (joined,)
    return ()


def phones(text: str) -> Iterator[str]:
    """What stands for each telephone-like number in the text: its last nine digits, however it was written."""
    for match in _PHONE.findall(text):
        yield "tel:" + re.sub(r"\D", "", match)[-9:]
