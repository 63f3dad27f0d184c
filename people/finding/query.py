"""What a person typed, understood: words, "phrases", -without, word*, a ticket number, an address. Pure.

Nothing typed is an error: what has no meaning is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .text import CHUNK, compounds, normalise, parts, phones
from .words import LONGEST_WORD, query_lexemes

LONGEST_QUERY = 400
MOST_TERMS = 12
MOST_IN_PHRASE = 40
SHORTEST_PART = 3
SHORTEST_PREFIX = 2

_QUOTES = dict.fromkeys(map(ord, "“”„‟«»″"), '"')
_ITEM = re.compile(r'(?<!\S)(-?)"([^"]*)(?:"|$)|(\S+)')
_NUMBER = re.compile(r"[\[(]?#? ?(\d{1,18})[\])]?")
_PHONE_ONLY = re.compile(r"[+\d][\d ().-]+")

# Said in nearly every mail; beside a telling word they tell nothing. A phrase keeps them.
_SMALL = """
a an the and or of to in on at by for from with is are was be it i my me we us you your this that
і й та в у на з до за що як це не я ми ви
"""
_SMALL_WORDS = frozenset(_SMALL.split())


@dataclass(frozen=True, slots=True)
class Query:
    """What a ticket must hold to be found.

    `wanted` and `unwanted` are tsqueries: each wanted one must match some message of the ticket, no unwanted one
    any. `number` is the ticket asked for by number. `part` may also be part of the customer's name or address.
    `phrase` is a tsquery of all that is wanted, one word after the other as it was typed ("" for a single word).
    `lexemes` and `prefixes` are what to mark in a text that was found.
    """

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    number: int | None = None
    part: str = ""
    phrase: str = ""
    lexemes: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted or self.number is not None)


@dataclass(slots=True)
class _Marks:
    lexemes: set[str] = field(default_factory=set)
    prefixes: list[str] = field(default_factory=list)


def is_small(word: str) -> bool:
    """Whether a normalised word tells nothing beside a telling one."""
    return word in _SMALL_WORDS


def parse_query(typed: str, *, open_end: bool = False) -> Query:
    """Understand what was typed; with `open_end` the last word may go on (`refu` finds refund)."""
    text = normalise(typed[:LONGEST_QUERY].translate(_QUOTES)).strip().replace("\0", " ")
    marks = _Marks()
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, quoted, run in _items(text, open_end=open_end):
        if minus:
            unwanted.append(_phrase(_words(quoted), _Marks()) if quoted else _all_of(run, _Marks()))
        else:
            wanted.append(_phrase(_words(quoted), marks) if quoted else _all_of(run, marks))
    wanted = [term for term in dict.fromkeys(wanted) if term][:MOST_TERMS]
    unwanted = [term for term in dict.fromkeys(unwanted) if term][:MOST_TERMS]
    number = _NUMBER.fullmatch(text)
    return Query(
        wanted=_or_phone(text, wanted, marks),
        unwanted=tuple(unwanted),
        number=int(number[1]) if number else None,
        part="" if unwanted or '"' in text or "*" in text else _part(text),
        phrase=_in_order(text, open_end=open_end),
        lexemes=frozenset(marks.lexemes),
        prefixes=tuple(marks.prefixes),
    )


def _items(text: str, *, open_end: bool) -> list[tuple[bool, str, str]]:
    """(minus?, phrase, run) of everything typed; small words fall away beside others."""
    items: list[tuple[bool, str, str]] = []
    for minus, quoted, run in _ITEM.findall(text):
        if run:
            items.append((run.startswith("-") and len(run) > 1, "", run.lstrip("-")))
        elif quoted.strip():
            items.append((bool(minus), quoted, ""))
    telling = [item for item in items if item[0] or item[2] not in _SMALL_WORDS]
    items = telling if any(not minus for minus, _, _ in telling) else items
    if open_end and items and not items[-1][0] and items[-1][2]:
        items[-1] = (False, "", items[-1][2].rstrip("*") + "*")
    return items


def _in_order(text: str, *, open_end: bool) -> str:
    """All words that are wanted, small ones too, one after the other; the last one open as it is among the terms."""
    said = [quoted or run for minus, quoted, run in _ITEM.findall(text) if not minus and not run.startswith("-")]
    words = [word for part in said for word in _words(part)][:MOST_IN_PHRASE]
    if len(words) < 2:
        return ""
    if not (open_end or text.endswith("*")) or len(words[-1]) < SHORTEST_PREFIX:
        return _phrase(words, _Marks())
    *before, last = words
    return _joined([_either(query_lexemes(word), _Marks()) for word in before], f"'{last.replace(chr(39), '')}':*")


def _words(text: str) -> list[str]:
    words = (word for chunk in CHUNK.findall(text) for word in parts(chunk))
    return [word for word in words if len(word) <= LONGEST_WORD]


def _all_of(run: str, marks: _Marks) -> str:
    """The tsquery of a run without spaces: all of its chunks, the last one open when it ends in a star."""
    chunks = CHUNK.findall(run)
    terms = [_chunk(chunk, marks) for chunk in chunks]
    if run.endswith("*") and chunks:
        terms[-1] = _open(chunks[-1], marks)
    return " & ".join(f"({term})" for term in terms if term)


def _chunk(chunk: str, marks: _Marks) -> str:
    """A word in any of its forms; a code or an address also as it is written elsewhere."""
    whole = compounds(chunk)
    if whole and "@" in whole[0]:
        marks.lexemes.update(lexeme for word in _words(chunk) for lexeme in query_lexemes(word))
        return _either(whole[:1], marks)
    phrase = _phrase(_words(chunk), marks)
    return " | ".join(term for term in (_either(whole, marks), f"({phrase})" if phrase else "") if term)


def _open(chunk: str, marks: _Marks) -> str:
    """Words that begin so, written apart or as one, beside the other forms of the word itself."""
    words = _words(chunk)
    if not words or len("".join(words)) < SHORTEST_PREFIX:
        return _chunk(chunk, marks)
    *before, last = words
    beginning = last.replace("'", "")
    marks.prefixes.append(beginning)
    ways = [_chunk(chunk, marks), _joined([_either(query_lexemes(word), marks) for word in before], f"'{beginning}':*")]
    if "@" in chunk:
        ways.append(f"'{chunk.replace(chr(39), '')}':*")
    elif before:
        ways.append(f"'{''.join(words).replace(chr(39), '')}':*")
    return " | ".join(f"({way})" for way in ways if way)


def _joined(before: list[str], last: str) -> str:
    return " <-> ".join([*(f"({term})" for term in before), last])


def _phrase(words: list[str], marks: _Marks) -> str:
    """One word after the other, each in any of its forms."""
    return " <-> ".join(f"({_either(query_lexemes(word), marks)})" for word in words[:MOST_IN_PHRASE])


def _either(lexemes: Iterable[str], marks: _Marks) -> str:
    lexemes = list(lexemes)
    marks.lexemes.update(lexemes)
    return " | ".join(f"'{lexeme}'" for lexeme in lexemes)


def _or_phone(text: str, wanted: list[str], marks: _Marks) -> tuple[str, ...]:
    """A telephone number is found however it is grouped, with or without its country."""
    if wanted and _PHONE_ONLY.fullmatch(text) and (numbers := tuple(phones(text))):
        together = " & ".join(f"({term})" for term in wanted)
        return (f"{_either(numbers, marks)} | ({together})",)
    return tuple(wanted)


def _part(text: str) -> str:
    part = text.removeprefix("#").strip("<>()[],;:")
    return part if len(part) >= SHORTEST_PART and CHUNK.search(part) else ""
