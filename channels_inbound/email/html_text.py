"""Plain text of cleaned HTML, with the places where mail programs marked a quote. One pass over the tags.

Works only on the output of `html_clean.clean_html`: there every tag is closed and every attribute quoted.
"""

import re
from dataclasses import dataclass, field
from html import unescape

from channels_inbound.email.word_lists import words

_TAG = re.compile(r"<([^<>]*)>")
_BLOCKS = frozenset(
    words(
        "address article aside blockquote center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
        "header hr li "
        "main nav ol pre section summary table tbody tfoot thead tr ul caption"
    )
)
_SPACED = frozenset(words("p h1 h2 h3 h4 h5 h6"))
_VOID = frozenset(words("br hr img wbr col"))
_HIDDEN = re.compile(r"display:\s*none|mso-hide:\s*all|visibility:\s*hidden|font-size:\s*0(?:px)?[;\"]")
# Outlook draws a line over the header block of the mail it quotes; the colours are its own.
_OUTLOOK_LINE = re.compile(
    r"border-top:\s*solid\s*#(?:e1e1e1|b5c4df)|border-top-color:\s*rgb\(229,\s*229,\s*229\)", re.IGNORECASE
)


@dataclass(slots=True)
class HtmlText:
    """Text and, as offsets into it: quoted ranges, forwarded or attributed ranges, and where a reply's quote begins."""

    text: str = ""
    quotes: list[tuple[int, int]] = field(default_factory=list)
    indents: list[tuple[int, int]] = field(default_factory=list)
    attributions: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, int]] = field(default_factory=list)
    rest_quoted_from: int | None = None


class _Writer:
    """Collects text, collapsing white space as a browser would."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.length = 0
        self.newlines = 0
        self.space = False

    def text(self, piece: str) -> None:
        words = piece.split()
        if not words:
            self.space = self.space or bool(piece)
            return
        lead = "\n" * self.newlines if self.length else ""
        if not lead and self.length and (self.space or piece[0].isspace()) and not self.newlines:
            lead = " "
        joined = lead + " ".join(words)
        self.out.append(joined)
        self.length += len(joined)
        self.newlines, self.space = 0, piece[-1].isspace()

    def preformatted(self, piece: str) -> None:
        if piece.strip("\n"):
            joined = ("\n" * self.newlines if self.length else "") + piece
            self.out.append(joined)
            self.length += len(joined)
            self.newlines, self.space = 0, False
        else:
            self.newlines = min(self.newlines + piece.count("\n"), 3)

    def newline(self, wanted: int) -> None:
        self.newlines = max(self.newlines, wanted)
        self.space = False

    def line_break(self) -> None:
        self.newlines = min(self.newlines + 1, 3)
        self.space = False


def html_to_text(cleaned: str) -> HtmlText:
    """The text a person reads in `cleaned`, hidden elements left out."""
    result, writer = HtmlText(), _Writer()
    stack: list[tuple[str, str, int]] = []
    hidden = pre = 0
    pieces = _TAG.split(cleaned)
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            if piece and not hidden:
                decoded = unescape(piece) if "&" in piece else piece
                (writer.preformatted if pre else writer.text)(decoded)
            continue
        name = piece.split(" ", 1)[0]
        if name[:1] == "/":
            name = name[1:]
            kind = _close(stack, name, writer, result)
            hidden -= kind == "hidden"
            pre -= name == "pre"
            if name in _BLOCKS:
                writer.newline(2 if name in _SPACED else 1)
            elif name == "p":
                writer.newline(2)
            elif name in ("td", "th"):
                writer.space = True
            continue
        kind = _open(piece, name, stack, writer, result)
        hidden += kind == "hidden"
        pre += name == "pre"
    result.text = "".join(writer.out)
    return result


def _open(tag: str, name: str, stack: list[tuple[str, str, int]], writer: _Writer, result: HtmlText) -> str:
    if name == "br":
        writer.line_break()
    elif name in _BLOCKS:
        writer.newline(2 if name in _SPACED else 1)
        if name == "li":
            writer.text("-")
            writer.space = True
    elif name == "p":
        writer.newline(2)
    if name in _VOID:
        return ""
    kind = _kind_of(tag, name) if len(tag) > len(name) or name == "blockquote" else ""
    if kind == "rest" and result.rest_quoted_from is None:
        result.rest_quoted_from = writer.length
    stack.append((name, kind, writer.length))
    return kind


def _close(stack: list[tuple[str, str, int]], name: str, writer: _Writer, result: HtmlText) -> str:
    if not stack or stack[-1][0] != name:
        return ""
    _name, kind, start = stack.pop()
    if kind and writer.length > start:
        if kind == "quote":
            result.quotes.append((start, writer.length))
        elif kind == "indent":
            result.indents.append((start, writer.length))
        elif kind == "attribution":
            result.attributions.append((start, writer.length))
        elif kind == "signature":
            result.signatures.append((start, writer.length))
        elif kind == "container" and not any(begin >= start for begin, _end in result.quotes):
            # Gmail wraps quote and answers between in one container; without a blockquote in it all of it is quoted.
            result.quotes.append((start, writer.length))
    return kind


def _kind_of(tag: str, name: str) -> str:
    if 'style="' in tag:
        if _HIDDEN.search(tag):
            return "hidden"
        if name == "div" and _OUTLOOK_LINE.search(tag):
            return "rest"
    if name == "blockquote":
        return "quote" if "cite" in tag.lower() or 'class="' in tag else "indent"
    if 'id="' in tag:
        if 'ignature"' in tag:
            return "signature"
        if "reply-intro" in tag:
            return "attribution"
        return "rest" if "RplyFwdMsg" in tag or "appendonsend" in tag else "quote"
    if 'class="' in tag:
        return _kind_of_class(tag)
    return ""


def _kind_of_class(tag: str) -> str:
    if "gmail_attr" in tag or "moz-cite-prefix" in tag or "airmail_on" in tag:
        return "attribution"
    if "gmail_quote" in tag or "moz-forward-container" in tag:
        return "container"
    if "_signature" in tag or "-signature" in tag:
        return "signature"
    if any(
        word in tag
        for word in ("yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote", "mailcat_quote", "mail_quote")
    ):
        return "quote"
    return "rest" if "OutlookMessageHeader" in tag or "mobile-reference-message" in tag else ""
