"""HTML that our own people write: the formatting is kept, everything active or loaded from elsewhere is not. Pure.

A picture stands in it as `cid:` and the id of the upload, so that stored HTML, draft and mail name it alike.
"""

from __future__ import annotations

import re
from html import escape
from uuid import UUID

import nh3

from .written_text import render_text

LONGEST = 400_000
_BLOCKS = {"blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
_INLINE = {"a", "b", "br", "code", "del", "em", "i", "img", "ins", "s", "span", "strong", "sub", "sup", "u"}
_CELLS = {"tbody", "td", "th", "thead"}
ACTIVE = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_PICTURE = re.compile(r'<img (?:[^<>"]|"[^"]*")*?src="cid:([0-9a-f-]{36})"(?:[^<>"]|"[^"]*")*>')
_ANY_IMAGE = re.compile(r'<img(?:[^<>"]|"[^"]*")*>')
_CID = re.compile(r"cid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
# Parsers take quadratic time on what nests without end, and nobody writes it.
_DEEPEST = 120
_NESTING = re.compile(r"<(/?)(?!(?:br|col|hr|img|input|li|link|meta|p|tbody|td|tfoot|th|thead|tr|wbr)\b)[a-z]", re.I)
_ANY_TAG = re.compile(r"<[^<>]*>")


def plain_attribute(name: str, value: str) -> str | None:
    """Pictures are uploads named by their id; sizes are plain numbers."""
    if name == "src":
        return value.lower() if _CID.fullmatch(value.lower()) else None
    if name in ("width", "colspan", "rowspan", "start"):
        return value if _NUMBER.fullmatch(value) else None
    return value


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Links lead anywhere but to a picture of the message itself."""
    if name == "href":
        return None if value.strip().lower().startswith("cid:") else value
    return plain_attribute(name, value)


_CLEANER = nh3.Cleaner(
    tags=_BLOCKS | _INLINE | _CELLS,
    clean_content_tags=ACTIVE,
    attributes=ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def clean_written_html(source: str) -> str:
    """The HTML without scripts, styles, pictures from elsewhere and links that are not plain addresses; storable."""
    return known_pictures(_CLEANER.clean(flat(source.replace("\x00", ""))).strip())


def flat(source: str) -> str:
    """The source as it is, or its words alone where it nests deeper than anybody writes."""
    return _ANY_TAG.sub(" ", source) if _nests_too_deep(source) else source


def known_pictures(cleaned: str) -> str:
    """Without pictures that are no uploads, which the cleaner left without an address."""
    return _ANY_IMAGE.sub(_without_unknown, cleaned) if "<img" in cleaned else cleaned


def _nests_too_deep(source: str) -> bool:
    depth = 0
    for closing in _NESTING.findall(source):
        depth = max(depth - 1, 0) if closing else depth + 1
        if depth > _DEEPEST:
            return True
    return False


def _without_unknown(found: re.Match[str]) -> str:
    return found.group() if _PICTURE.fullmatch(found.group()) else ""


def pictures_of(cleaned: str) -> list[UUID]:
    """The uploads that stand in cleaned HTML as pictures, each once."""
    return list(dict.fromkeys(UUID(found) for found in _PICTURE.findall(cleaned)))


def replace_pictures(cleaned: str, address: dict[UUID, str]) -> str:
    """Cleaned HTML with other addresses for its pictures; a picture without one is left out."""

    def put(found: re.Match[str]) -> str:
        new = address.get(UUID(found.group(1)))
        return found.group().replace(f'src="cid:{found.group(1)}"', f'src="{new}"', 1) if new else ""

    return _PICTURE.sub(put, cleaned) if "<img" in cleaned else cleaned


def html_of_text(text: str) -> str:
    """Plain text as paragraphs and line breaks, for an editor to go on with."""
    paragraphs = [part for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in paragraphs)


def text_of_html(source: str) -> str:
    """What the HTML says, as plain text that reads well: lists, quotes, tables, code and link addresses."""
    return render_text(clean_written_html(source))
