"""Taking what was found out of words: texts, cleaned HTML, the spans that point into a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import unescape

from .finding import Found, Kind, find

DOTS = "••••"
# A shorter value, three digits of a card say, must not go out of longer words and addresses.
_WHOLE_BELOW = 8
Spans = tuple[tuple[int, int], ...]
# Signs that a mail program or a printer puts between the characters of a number, and a quote before each line.
# Possessive: what stands between is taken whole and never divided again, or a text of nothing else would be divided in
# ever more ways.
_SEPARATORS = r"\s\u00a0\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u2010-\u2015\u2212>._/+-"
_BETWEEN = rf"(?:&nbsp;|&#160;|&shy;|&#173;|<[^<>]{{0,300}}>|[{_SEPARATORS}]){{0,12}}+"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]")
# Signs of HTML times signs of what is looked for in it: what a page of nothing but beginnings costs a second or two.
_MOST_WORK = 20_000_000
# Fewer characters than this beside separators are looked for as they stand.
_FEWEST = 4
_STYLE = re.compile(r"<style\b[^<>]{0,500}>[^<]{0,200000}</style>", re.IGNORECASE)
_INLINE_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|font|code|tt|a)(?:\s[^<>]{0,2000})?>", re.IGNORECASE)
_TARGET = re.compile(r"""\s(?:href|title|alt)=(?:"([^"<>]{0,4000})"|'([^'<>]{0,4000})')""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,4000}>")


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """One thing that was found: its words, and what may still be seen of it."""

    kind: Kind | str
    value: str
    ends: str = ""

    @property
    def mask(self) -> str:
        return mask_of(self.ends)


def mask_of(ends: str) -> str:
    """What stands in its place: of a card or an account the last four characters stay."""
    return f"{DOTS} {ends}" if ends else DOTS


def masked(text: str, found: Sequence[Found]) -> str:
    """The text with a mask in each place; `found` is in order and does not overlap."""
    parts, position = [], 0
    for one in found:
        parts += [text[position : one.start], mask_of(one.ends)]
        position = one.end
    return "".join([*parts, text[position:]])


def moved(spans: Iterable[Sequence[int]], found: Sequence[Found]) -> Spans:
    """Spans [start, end) of the text as they lie in the masked one. What ends within a mask takes it whole."""
    return tuple((_place(start, found, before=True), _place(end, found, before=False)) for start, end in spans)


def _place(index: int, found: Sequence[Found], *, before: bool) -> int:
    shift = 0
    for one in found:
        if index <= one.start:
            break
        length = len(mask_of(one.ends))
        if index < one.end:
            return one.start + shift + (0 if before else length)
        shift += length - (one.end - one.start)
    return index + shift


def secrets_in(text: str, found: Iterable[Found]) -> list[FoundSecret]:
    """What was found, each once."""
    return list(dict.fromkeys(FoundSecret(one.kind, text[one.start : one.end], one.ends) for one in found))


def visible_text(html: str) -> str:
    """What a reader of cleaned HTML sees, roughly: enough to find in it what a tag or an entity cuts in two."""
    plain = _TAG.sub("\n", _INLINE_TAG.sub("", _STYLE.sub("", html)))
    return unescape(plain) if "&" in plain else plain


def secrets_in_html(html: str) -> list[FoundSecret]:
    """What a reader of the HTML would see of the kind."""
    seen = visible_text(html)
    return secrets_in(seen, find(seen))


def without(text: str, secrets: Collection[FoundSecret], *, whole: bool = False) -> str:
    """The text, or HTML, with each of these taken out, however it is cut by tags, entities, spaces or quote marks.

    With `whole` only what stands by itself: a short word that an agent chose must not go out of longer ones.
    """
    for secret in sorted(secrets, key=lambda one: -len(one.value)):
        text = pattern_of(secret.value, whole=whole).sub(secret.mask, text)
    return text


def pattern_of(value: str, *, whole: bool = False) -> re.Pattern[str]:
    """The value wherever it stands: between two of its characters there may be what mail programs put there, in its
    characters the entities of HTML."""
    characters = [one for one in value if not _SEPARATOR.match(one)]
    apart = _FEWEST <= len(characters) <= 400
    joined = _BETWEEN.join(map(_character, characters)) if apart else "".join(map(_character, value))
    return re.compile(rf"(?<!\w){joined}(?!\w)" if whole else joined)


_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;|&#34;", "'": "&#39;|&#x27;"}


def _character(one: str) -> str:
    entity = _ENTITIES.get(one)
    return f"(?:{re.escape(one)}|{entity})" if entity else re.escape(one)


def link_targets(html: str) -> str:
    """Where the links of cleaned HTML lead, and what is told of links and pictures, a line each."""
    return "\n".join(unescape(one.group(1) or one.group(2) or "") for one in _TARGET.finditer(html))


def masked_html(html: str, secrets: Collection[FoundSecret], *, kinds: Collection[str] | None = None) -> str:
    """The HTML without these; "" where that cannot be shown to have worked, and the text is read instead. `kinds` are
    those that must not be left in it, all where none are said. A link that lost part of its address leads nowhere."""
    if not html or not secrets:
        return html
    if len(html) * sum(len(one.value) for one in secrets) > _MOST_WORK:
        return ""
    long, short = (
        [one for one in secrets if (len(one.value) < _WHOLE_BELOW) == is_short] for is_short in (False, True)
    )
    clean = without(without(html, long), short, whole=True)
    clean = _TARGET.sub(lambda link: "" if DOTS in link.group() else link.group(), clean)
    seen = f"{visible_text(clean)}\n{link_targets(clean)}"
    left = any(kinds is None or one.kind in kinds for one in find(seen))
    patterns = (pattern_of(one.value, whole=len(one.value) < _WHOLE_BELOW) for one in secrets)
    return "" if left or any(pattern.search(seen) for pattern in patterns) else clean
