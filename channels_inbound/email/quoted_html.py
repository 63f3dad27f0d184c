"""The mail that is answered as it looked, below our answer: its own words only, not what it quoted itself."""

from __future__ import annotations

import re
from html import unescape

from channels_inbound.email.forwarding import without_marks
from channels_inbound.email.html_out import original_for_mail
from channels_inbound.email.html_text import HtmlText, html_to_text
from channels_inbound.email.reply import mark_reply
from channels_inbound.email.sanitizer import clean_again
from tickets.outbound import QuotedOriginal

# What is longer is quoted as text, which is cut where nobody reads on.
LONGEST = 100_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>")
_STOP = re.compile(r"((?:</(?:a|b|em|font|i|span|strong|u)>)+)[.,;:!?…)»”\"']+")
_VOID = frozenset({"br", "hr", "img", "wbr", "col"})
_HIDDEN = re.compile(r"display:\s*none|mso-hide|visibility:\s*hidden|font-size:\s*0")


def quoted_html(original: QuotedOriginal, domain: str) -> str:
    """The HTML to quote; "" where its text is to be quoted instead: it has none, it is long, or its answer and what
    it quotes lie mixed. Its pictures stay behind: our answer does not carry them."""
    if not original.html or len(original.html) > LONGEST:
        return ""
    cleaned = clean_again(original.html)
    if original.folds:
        cleaned = _own_words(cleaned)
    return original_for_mail(without_marks(cleaned), (), domain)


def _own_words(cleaned: str) -> str:
    """Up to where the quote begins, as the reply reader sees it; "" where that is no clear place."""
    if _HIDDEN.search(cleaned):
        return ""
    derived = html_to_text(cleaned)
    wanted = _letters(derived.text[: _quoted_from(derived)])
    return _up_to(cleaned, wanted) if wanted else ""


def _quoted_from(derived: HtmlText) -> int:
    """Where all that follows is quoted; 0 where nothing is, or where words stand between."""
    spans = mark_reply(derived.text, "", True, derived).quoted
    position = first = spans[0][0] if spans else 0
    for begin, end in spans:
        if _letters(derived.text[position:begin]):
            return 0
        position = end
    return first if not _letters(derived.text[position:]) else 0


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _up_to(cleaned: str, wanted: int) -> str:
    """The beginning that holds so many letters and digits, with every open element closed."""
    out: list[str] = []
    opened: list[str] = []
    position = 0
    for tag in [*_TAG.finditer(cleaned), None]:
        piece = cleaned[position : tag.start() if tag else len(cleaned)]
        here = _letters(unescape(piece))
        if here >= wanted:
            out.append(_beginning(piece, wanted))
            out.append(_punctuation(cleaned[tag.start() :], opened) if tag else "")
            break
        wanted -= here
        out.append(piece)
        if tag is None:
            break
        position = tag.end()
        out.append(tag.group())
        if tag.group(1):
            while opened and opened.pop() != tag.group(2):
                pass
        elif tag.group(2) not in _VOID:
            opened.append(tag.group(2))
    return "".join(out) + "".join(f"</{name}>" for name in reversed(opened))


def _punctuation(rest: str, opened: list[str]) -> str:
    """The full stop after a last word in italics."""
    found = _STOP.match(rest)
    for name in _TAG.findall(found.group(1)) if found else ():
        while opened and opened.pop() != name[1]:
            pass
    return found.group() if found else ""


def _beginning(piece: str, wanted: int) -> str:
    """So many letters of a text between tags, with the punctuation that follows them."""
    found = 0
    for token in re.finditer(r"&[#\w]+;|.", piece, re.DOTALL):
        if found >= wanted and (token.group().isspace() or _letters(unescape(token.group()))):
            return piece[: token.start()]
        found += _letters(unescape(token.group()))
    return piece
