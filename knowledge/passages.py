"""The passage of an article that answers a question: a paragraph, an entry of a list, a row of a table. Pure.

Words of the question weigh by how few passages hold them, those of the title half, those of the heading above a little
more than nothing. An entry answers alone only what itself it names; a question about the whole list gets the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from math import log

from people.finding.text import normalise
from people.finding.words import document_lexemes

LONGEST_PASSAGE = 600  # characters that are shown
LONGEST_LEAD = 200
MOST_READ = 200_000  # characters of a body
_WORD = re.compile(r"[^\W_]+(?:['’‘ʼ`][^\W_]+)*")
_SPACES = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_HEADINGS = {"h2", "h3", "h4"}
_OF_TITLE, _OF_HEADING = 0.5, 0.4
_NOTHING = 1e-9  # what sums of the same weights may differ by


@dataclass(frozen=True, slots=True)
class Block:
    """What stands together under a heading: the one paragraph, or the entries of a list or table with the line that
    leads to them. `steps`: its entries are numbered and belong together."""

    heading: str
    entries: tuple[str, ...]
    lead: str = ""
    steps: bool = False


class _Reader(HTMLParser):
    """Collects the blocks of a cleaned body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._heading = ""
        self._said: list[str] = []
        self._entries: list[str] = []
        self._lists: list[str] = []
        self._columns: list[str] = []
        self._cells: list[str] | None = None
        self._is_head = False

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("ul", "ol"):
            self._finish_item()
            self._lists.append(tag)
        elif tag == "tr":
            self._cells, self._is_head = [], True
        elif tag == "table":
            self._columns = []
        elif tag in ("td", "th"):
            self._said = []
            self._is_head = self._is_head and tag == "th"
        elif tag == "br":
            self._said.append(" ")
        elif tag in _HEADINGS:
            self._said = []
        elif tag == "li":
            self._finish_item()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = self._taken()
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append(self._taken())
        elif tag == "tr":
            self._finish_row()
        elif tag == "table":
            self._finish_entries(steps=False)
        elif tag == "li":
            self._finish_item()
        elif tag in ("ul", "ol") and self._lists:
            self._finish_item()
            self._lists.pop()
            if not self._lists:
                self._finish_entries(steps=tag == "ol")
        elif tag in ("p", "pre", "blockquote"):
            self._finish_paragraph()

    def _taken(self) -> str:
        said, self._said = _SPACES.sub(" ", "".join(self._said)).strip(), []
        return said

    def _finish_paragraph(self) -> None:
        """Outside of lists and tables, whose entries hold paragraphs of their own."""
        if self._lists or self._cells is not None:
            self._said.append(" ")
        elif said := self._taken():
            self.blocks.append(Block(self._heading, (said,)))

    def _finish_item(self) -> None:
        if said := self._taken():
            if self._lists:
                self._entries.append(said)
            else:
                self.blocks.append(Block(self._heading, (said,)))

    def _finish_row(self) -> None:
        cells, self._cells = self._cells or [], None
        if self._is_head and cells and not self._columns:
            self._columns = cells
        elif any(cells):
            names = [f"{name}: " if name else "" for name in self._columns]
            names += [""] * (len(cells) - len(names))
            said = [f"{name}{cell}" for name, cell in zip(names, cells, strict=False) if cell]
            self._entries.append("; ".join(said))

    def _finish_entries(self, *, steps: bool) -> None:
        entries, self._entries = tuple(self._entries), []
        if not entries:
            return
        self.blocks.append(Block(self._heading, entries, self._lead(), steps))

    def _lead(self) -> str:
        """The paragraph that leads to what follows: it ends in a colon."""
        before = self.blocks[-1] if self.blocks else None
        leads = before is not None and before.heading == self._heading and before.entries[-1].endswith(":")
        return before.entries[-1] if before is not None and leads and len(before.entries) == 1 else ""


def blocks_of(cleaned: str) -> list[Block]:
    """What a cleaned body is made of, in order."""
    reader = _Reader()
    reader.feed(cleaned[:MOST_READ])
    reader.close()
    return reader.blocks


@dataclass(frozen=True, slots=True)
class _Held:
    """Which of the question's words an entry and the heading above it hold, by their place in the question."""

    block: Block
    number: int
    own: frozenset[int]
    above: frozenset[int]

    def worth(self, weights: Sequence[float]) -> float:
        own = sum(weights[place] for place in sorted(self.own))
        return own + _OF_HEADING * sum(weights[place] for place in sorted(self.above - self.own))


def passage_for(
    words: Sequence[str], cleaned: str, *, title: str, summary: str, language: str, spoken: Iterable[str] = ()
) -> str:
    """The passage of a cleaned body that holds most of what the normalised `words` ask, its heading a line above. ""
    where no passage holds any, and where the summary holds more. `language` is that of the text, `spoken` those the
    words may be in."""
    asked = [_lexemes(word, {language, *spoken}) for word in words]
    of_title = _held(asked, title, language)
    entries = [
        _Held(block, number, _held(asked, entry, language), _held(asked, block.heading, language))
        for block in blocks_of(cleaned)
        for number, entry in enumerate(block.entries)
    ]
    weights = _weights(entries, len(asked), of_title)
    best = max(entries, key=lambda one: one.worth(weights), default=None)
    least = sum(weights[place] for place in sorted(_held(asked, summary, language)))
    if best is None or best.worth(weights) <= 0 or best.worth(weights) < least - _NOTHING:
        return ""
    return _shown(best, asked, language, alone=bool(best.own - of_title - best.above))


def _lexemes(word: str, languages: Iterable[str]) -> frozenset[str]:
    pieces = _WORD.findall(normalise(word))
    return frozenset(lexeme for piece in pieces for each in languages for lexeme in document_lexemes(piece, each))


def _held(asked: Sequence[frozenset[str]], text: str, language: str) -> frozenset[int]:
    """The places of the asked words that a text holds in any of their forms."""
    there = _lexemes(text, (language,))
    return frozenset(place for place, word in enumerate(asked) if not word.isdisjoint(there))


def _weights(entries: Sequence[_Held], words: int, of_title: frozenset[int]) -> list[float]:
    weights = []
    for place in range(words):
        holding = sum(place in one.own or place in one.above for one in entries)
        weight = log(1 + len(entries) / holding) if holding else 0.0
        weights.append(weight * _OF_TITLE if place in of_title else weight)
    return weights


def _shown(best: _Held, asked: Sequence[frozenset[str]], language: str, *, alone: bool) -> str:
    block = best.block
    if len(block.entries) == 1 or (alone and not block.steps):
        said = _around(block.entries[best.number], asked, language)
    else:
        marks = [f"{number}. " if block.steps else "• " for number in range(1, len(block.entries) + 1)]
        said = _cut("\n".join(f"{mark}{entry}" for mark, entry in zip(marks, block.entries, strict=True)))
    above = block.lead if block.lead and len(block.lead) <= LONGEST_LEAD else ""
    return "\n".join(filter(None, (block.heading, above, said)))


def _around(text: str, asked: Sequence[frozenset[str]], language: str) -> str:
    """A long paragraph from the sentence on that holds most of what was asked."""
    if len(text) <= LONGEST_PASSAGE:
        return text
    sentences = _SENTENCE.split(text)
    first = max(range(len(sentences)), key=lambda number: (len(_held(asked, sentences[number], language)), -number))
    return _cut(("… " if first else "") + " ".join(sentences[first:]))


def _cut(text: str) -> str:
    if len(text) <= LONGEST_PASSAGE:
        return text
    return text[: LONGEST_PASSAGE - 1].rsplit(maxsplit=1)[0] + " …"
