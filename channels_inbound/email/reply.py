"""Which lines of a mail are the answer and which are quote or signature. Marks, never deletes.

The rules, in short: an attribution, header block or "original message" line under an answer begins the quote; on top
of the mail it hides only itself. A quote that the writer answers below or between stays readable. A forwarded mail
stays whole. When all of a mail would be hidden, nothing is.
"""

import re
from dataclasses import dataclass

from channels_inbound.email import reply_lines as kind_of
from channels_inbound.email.html_text import HtmlText
from channels_inbound.email.reply_lines import classify_lines, part_shared_lines
from channels_inbound.email.reply_words import CLOSINGS, FORWARD_SUBJECT

Span = tuple[int, int]

_SHOWN, _QUOTED, _SIGNED = 0, 1, 2
_CONTEXT_LINES = 8
_LONE_CONTEXT_LINES = 15
_SIGNATURE_LINES = 30
_WRAP_COLUMN = 60
_MAX_ATTRIBUTION = 400
_RULED_SIGNATURE_LINES = 8
_CONTACT = re.compile(r"\+?\d[\d ()/.-]{6,}\d|@|www\.|https?://")
_LINK_MARKS = frozenset("=&%_?#")
_QUOTE_STARTS = (kind_of.ATTRIBUTION, kind_of.HEADERS, kind_of.ORIGINAL_MARK, kind_of.FORWARD_MARK)


@dataclass(frozen=True, slots=True)
class ReplyMarks:
    """The answer, and where in the text its quotes and signatures lie: ordered, not overlapping."""

    reply_text: str
    quoted: tuple[Span, ...]
    signature: tuple[Span, ...]


def mark_reply(text: str, subject: str, is_reply: bool, derived: HtmlText | None = None) -> ReplyMarks:
    """Marks for `text`; `derived` is the HTML's structure when the text was made from it."""
    lines = part_shared_lines(text).split("\n")
    kinds = classify_lines(lines)
    marker = _Marker(lines, kinds, is_reply, FORWARD_SUBJECT.match(subject) is not None)
    if derived is not None:
        marker.use_structure(derived)
    marker.run()
    if not any(mark == _SHOWN and kind != kind_of.BLANK for mark, kind in zip(marker.marks, kinds, strict=True)):
        return ReplyMarks(text.strip(), (), ())
    quoted, signature = _spans(lines, marker.marks)
    return ReplyMarks(_shown_text(lines, marker.marks), quoted, signature)


class _Marker:
    def __init__(self, lines: list[str], kinds: list[str], is_reply: bool, forwards: bool) -> None:
        self.lines = lines
        self.kinds = kinds
        self.is_reply = is_reply
        self.forwards = forwards
        self.marks = [_SHOWN] * len(lines)
        self.rest_from: int | None = None
        self.signed_html: set[int] = set()

    def use_structure(self, derived: HtmlText) -> None:
        """Lines that the sender's program marked as quoted in the HTML."""
        starts, position = [], 0
        for line in self.lines:
            starts.append(position)
            position += len(line) + 1
        certain = (kind_of.TEXT, kind_of.RULE, kind_of.SIGNATURE, kind_of.DEVICE, kind_of.FOOTER)
        for index in _lines_inside(starts, self.lines, derived.attributions):
            if self.kinds[index] == kind_of.TEXT:
                self.kinds[index] = kind_of.ATTRIBUTION
        quotes = derived.quotes + self._attributed(starts, derived.indents)
        for index in _lines_inside(starts, self.lines, quotes):
            if self.kinds[index] in certain:
                self.kinds[index] = kind_of.QUOTE
        self.signed_html = set(_lines_inside(starts, self.lines, derived.signatures))
        if derived.rest_quoted_from is not None:
            self.rest_from = next((i for i, start in enumerate(starts) if start >= derived.rest_quoted_from), None)

    def _attributed(self, starts: list[int], indents: list[Span]) -> list[Span]:
        """Plain blockquotes that follow an attribution: without one they are how somebody indents."""
        found = []
        for start, end in indents:
            index = next((i for i in range(len(starts) - 1, -1, -1) if starts[i] < start), -1)
            while index >= 0 and self.kinds[index] == kind_of.BLANK:
                index -= 1
            if index >= 0 and self.kinds[index] in (kind_of.ATTRIBUTION, kind_of.HEADERS):
                found.append((start, end))
        return found

    def run(self) -> None:
        self.answer_after = self._answers_after()
        index, seen_text = 0, False
        while index < len(self.kinds):
            kind = self.kinds[index]
            if self.rest_from is not None and index >= self.rest_from and kind != kind_of.BLANK:
                if seen_text and not self.forwards:
                    self._hide_rest(index)
                    break
                self.rest_from = None
            if kind in _QUOTE_STARTS:
                following = self._open_quote(index, seen_text)
            elif kind == kind_of.QUOTE:
                following = self._bare_quote(index, seen_text)
            elif kind == kind_of.SIGNATURE and seen_text:
                following = self._sign(index)
            elif kind == kind_of.RULE and seen_text and (end := self._ruled_signature(index)) > index:
                self._hide(index, end, _SIGNED)
                following = end
            elif kind == kind_of.DEVICE and (seen_text or self._is_last(index)):
                following = self._device(index)
            elif kind == kind_of.FOOTER or index in self.signed_html:
                self.marks[index] = _SIGNED
                following = index + 1
            else:
                seen_text = seen_text or kind == kind_of.TEXT
                following = index + 1
            index = following
        self._fold_closing()
        self._hide_orphan_rules()

    def _answers_after(self) -> list[bool]:
        """For each line whether text of the writer's own comes later, before the mail turns into a quote for good."""
        found, answers = False, [False] * (len(self.kinds) + 1)
        for index in range(len(self.kinds) - 1, -1, -1):
            kind = self.kinds[index]
            if kind in (kind_of.SIGNATURE, kind_of.FOOTER, kind_of.ORIGINAL_MARK, kind_of.HEADERS, kind_of.DEVICE):
                found = False
            elif kind == kind_of.ATTRIBUTION:
                found = found and self._next_filled(index + 1) in (kind_of.QUOTE, kind_of.ATTRIBUTION)
            elif kind == kind_of.TEXT and index not in self.signed_html:
                found = True
            answers[index] = found
        return answers

    def _next_filled(self, index: int) -> str:
        while index < len(self.kinds) and self.kinds[index] in (kind_of.BLANK, kind_of.RULE):
            index += 1
        return self.kinds[index] if index < len(self.kinds) else ""

    def _is_last(self, index: int) -> bool:
        return self._next_filled(index + 1) == ""

    def _open_quote(self, index: int, seen_text: bool) -> int:
        kind = self.kinds[index]
        end = index
        while end < len(self.kinds) and self.kinds[end] in (kind, kind_of.BLANK):
            end += 1
        if self._is_forward(kind):
            return len(self.kinds)
        if (
            kind in (kind_of.ORIGINAL_MARK, kind_of.FORWARD_MARK)
            and end < len(self.kinds)
            and self.kinds[end] == kind_of.HEADERS
            and not seen_text
        ):
            self._hide(index, end)
            return self._open_quote(end, seen_text)
        if end < len(self.kinds) and self.kinds[end] == kind_of.QUOTE:
            return self._attributed_quote(index, end, seen_text)
        if seen_text:
            self._hide_rest(index)
            return len(self.kinds)
        self._hide(index, end)
        return end

    def _is_forward(self, kind: str) -> bool:
        """A mail passed on for us to read: its own mark in a mail that answers nothing, or any block under "Fwd:"."""
        if kind == kind_of.ATTRIBUTION:
            return False
        return self.forwards or (kind == kind_of.FORWARD_MARK and not self.is_reply)

    def _attributed_quote(self, index: int, quote: int, seen_text: bool) -> int:
        end, filled = self._quote_end(quote)
        if not self.answer_after[end]:
            self._hide(index, end)
        elif not seen_text:
            if self._is_interleaved(end):
                return end
            self._hide(index, end)
        elif filled <= _CONTEXT_LINES and not self._only_signs_off(end):
            self._hide(index, quote)
        else:
            self._hide(index, end)
        return end

    def _bare_quote(self, index: int, seen_text: bool) -> int:
        end, filled = self._quote_end(index)
        named = not seen_text and self._begins_with_attribution(index) and not self._is_interleaved(end)
        if (
            named
            or not self.answer_after[end]
            or (not seen_text and filled > _LONE_CONTEXT_LINES and not self._is_interleaved(end))
        ):
            self._hide(index, end)
        return end

    def _begins_with_attribution(self, index: int) -> bool:
        """Whether the quoted text itself says first who wrote it (Apple's programs quote that line too)."""
        joined = ""
        for line in self.lines[index : index + 3]:
            joined = f"{joined} {line.strip().lstrip('>').strip()}".strip()[:_MAX_ATTRIBUTION]
            if joined.endswith(":"):
                return kind_of.reads_as_attribution(joined, True, True)
        return False

    def _quote_end(self, index: int) -> tuple[int, int]:
        """One past the quoted run, and its filled lines. A single unmarked line between two quoted ones was wrapped."""
        end = last = index
        filled = 0
        while end < len(self.kinds):
            kind = self.kinds[end]
            if kind == kind_of.QUOTE:
                filled += 1
                last = end
            elif kind == kind_of.TEXT:
                if not self._is_wrapped(end):
                    break
            elif kind != kind_of.BLANK and not (
                kind == kind_of.RULE and self.kinds[end + 1 : end + 2] == [kind_of.QUOTE]
            ):
                break
            end += 1
        return last + 1, filled

    def _is_wrapped(self, index: int) -> bool:
        """Only a long line wraps, and a link; a short one before it was answered."""
        if self.kinds[index - 1] != kind_of.QUOTE or self.kinds[index + 1 : index + 2] != [kind_of.QUOTE]:
            return False
        before = self.lines[index - 1]
        if not before.lstrip().startswith(">"):
            return False
        return len(before) >= _WRAP_COLUMN or _is_link_piece(self.lines[index].strip())

    def _only_signs_off(self, index: int) -> bool:
        """Whether what follows is a greeting and a name: that answers no quote."""
        rest: list[str] = []
        while index < len(self.lines) and len(rest) <= 4:
            if self.kinds[index] != kind_of.BLANK:
                rest.append(self.lines[index].strip())
            index += 1
        short = 0 < len(rest) <= 4 and sum(map(len, rest)) <= 120
        return short and _is_closing(rest[0].split(",")[0])

    def _is_interleaved(self, index: int) -> bool:
        """Whether another quote follows after the text that begins here."""
        seen = False
        for kind in self.kinds[index:]:
            if kind in (kind_of.SIGNATURE, kind_of.ORIGINAL_MARK, kind_of.HEADERS):
                return False
            if kind == kind_of.QUOTE and seen:
                return True
            seen = seen or kind == kind_of.TEXT
        return False

    def _sign(self, index: int) -> int:
        end = index + 1
        while end < len(self.kinds) and self.kinds[end] not in (*_QUOTE_STARTS, kind_of.QUOTE):
            end += 1
        filled = sum(1 for kind in self.kinds[index:end] if kind != kind_of.BLANK)
        # "-- " is the signature mark; bare dashes are one only above something as short as a signature.
        if self.lines[index].startswith("-- ") or filled <= _SIGNATURE_LINES:
            self._hide(index, end, _SIGNED)
        return end

    def _ruled_signature(self, index: int) -> int:
        """One past a signature under a drawn line: a few short lines up to the quote or the end, no sentence."""
        if self._line_before(index).endswith((":", ",")):
            return index
        end, block = index + 1, []
        while end < len(self.kinds) and self.kinds[end] not in (*_QUOTE_STARTS, kind_of.QUOTE):
            kind = self.kinds[end]
            if kind == kind_of.TEXT:
                block.append(self.lines[end].strip())
            if kind == kind_of.RULE or len(block) > _RULED_SIGNATURE_LINES:
                return index
            end += 1
        drawn = len(self.lines[index].strip()) > 3
        return end if block and _looks_signed(block, needs_contact=drawn) else index

    def _line_before(self, index: int) -> str:
        index -= 1
        while index >= 0 and self.kinds[index] == kind_of.BLANK:
            index -= 1
        return self.lines[index].rstrip() if index >= 0 else ""

    def _device(self, index: int) -> int:
        self.marks[index] = _SIGNED
        if self._next_filled(index + 1) == kind_of.TEXT:
            # Nobody writes on below it: programs that put no mark before the quote put it here.
            self._hide_rest(index + 1)
            return len(self.kinds)
        return index + 1

    def _hide(self, start: int, end: int, mark: int = _QUOTED) -> None:
        for index in range(start, end):
            if self.marks[index] == _SHOWN:
                self.marks[index] = mark

    def _hide_rest(self, start: int) -> None:
        self._hide(start, len(self.marks))

    def _hide_orphan_rules(self) -> None:
        """A line drawn above a quote belongs to it."""
        hidden_below = True
        for index in range(len(self.kinds) - 1, -1, -1):
            if self.marks[index] != _SHOWN:
                hidden_below = self.marks[index] == _QUOTED
            elif self.kinds[index] == kind_of.RULE and hidden_below and any(self.marks[index:]):
                self.marks[index] = _QUOTED
            elif self.kinds[index] != kind_of.BLANK:
                hidden_below = False

    def _fold_closing(self) -> None:
        """A closing with a name and more (title, phone, company) is a signature; with a name alone it stays."""
        below: list[int] = []
        for index in range(len(self.kinds) - 1, -1, -1):
            if self.marks[index] != _SHOWN or self.kinds[index] == kind_of.BLANK:
                continue
            line = self.lines[index].strip()
            if len(line) < 50 and _is_closing(line):
                if len(below) >= 2:
                    self._hide(index, below[0] + 1, _SIGNED)
                return
            if (
                len(below) >= 10
                or len(line) > 90
                or len(line.split()) > 9
                or line.endswith("?")
                or line[:3].upper().startswith(("PS:", "P.S", "З.І", "P.P"))
            ):
                return
            below.append(index)


def _looks_signed(block: list[str], needs_contact: bool) -> bool:
    if any(len(line) > 80 or line[-1] in "?!:," or len(line.split()) > 8 for line in block):
        return False
    contact = any(_CONTACT.search(line) for line in block)
    return contact or (not needs_contact and all(len(line) <= 40 and line[-1] != "." for line in block))


def _is_link_piece(line: str) -> bool:
    """A link on a line of its own, or the end of one that was torn: nobody answers with that."""
    words = line.strip("<>()[] ").split()
    return len(words) == 1 and ("://" in words[0] or (len(words[0]) > 6 and not _LINK_MARKS.isdisjoint(words[0])))


def _is_closing(line: str) -> bool:
    return line.strip("*_.,!;: \t").lower() in CLOSINGS


def _lines_inside(starts: list[int], lines: list[str], spans: list[Span]) -> list[int]:
    """Numbers of the filled lines that lie in one of the spans."""
    found = []
    spans = sorted(spans)
    current, reach = 0, -1
    for index, start in enumerate(starts):
        while current < len(spans) and spans[current][0] <= start:
            reach = max(reach, spans[current][1])
            current += 1
        if lines[index].strip() and start < reach:
            found.append(index)
    return found


def _spans(lines: list[str], marks: list[int]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    spans: dict[int, list[Span]] = {_QUOTED: [], _SIGNED: []}
    position = 0
    total = sum(len(line) + 1 for line in lines) - 1
    for line, mark in zip(lines, marks, strict=True):
        end = min(position + len(line) + 1, total)
        if mark != _SHOWN and end > position:
            runs = spans[mark]
            if runs and runs[-1][1] == position:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((position, end))
        position += len(line) + 1
    return tuple(spans[_QUOTED]), tuple(spans[_SIGNED])


def _shown_text(lines: list[str], marks: list[int]) -> str:
    shown: list[str] = []
    for line, mark in zip(lines, marks, strict=True):
        if mark == _SHOWN and (line.strip() or (shown and any(before.strip() for before in shown[-2:]))):
            shown.append(line)
    return "\n".join(shown).strip()
