"""The HTML of articles: what of it is kept, its headings, its words. Pure.

Narrower than what a mail may hold: headings below the page's own, paragraphs, lists, tables, quotes, code, links and
pictures that were uploaded here (`cid:` and their id, as in replies). No styles, no classes, no frames.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from uuid import UUID

import nh3

from people.written_html import (
    ACTIVE,
    ATTRIBUTES,
    LONGEST,
    flat,
    known_pictures,
    pictures_of,
    plain_attribute,
    replace_pictures,
)

from .addresses import slug_of

__all__ = [
    "LONGEST", "Heading", "clean_body", "headings_of", "pictures_of", "replace_pictures", "text_of", "with_anchors",
    "with_pictures",
]  # fmt: skip

_TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "i", "img", "li", "ol", "p", "pre", "s",
    "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
# A path of this site (to another article) or an address with a scheme that opens a page, a mail or a call.
_LINK = re.compile(r"(?:/(?![/\\])[^\s\\]*|#[\w-]+|https?://\S+|mailto:\S+|tel:[+\d][\d ().-]*)", re.IGNORECASE)
# What editors and files write for the same: a page has one h1, its title.
_LOWERED = re.compile(r"<(/?)(h1|h5|h6|div|del|strike|ins)(?=[\s/>])", re.IGNORECASE)
_INSTEAD = {"h1": "h2", "h5": "h4", "h6": "h4", "div": "p", "del": "s", "strike": "s", "ins": "u"}
_ANY_TAG = re.compile(r"<[^<>]*>")
_HEADING = re.compile(r"<(h[2-4])>(.*?)</\1>", re.DOTALL)
_BREAKS = re.compile(r"</?(?:p|h[2-4]|li|ul|ol|tr|table|blockquote|pre|hr|br)\b[^<>]*>")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of the table of contents: its `anchor` is the id of the heading in the page."""

    level: int
    text: str
    anchor: str


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value.strip() if _LINK.fullmatch(value.strip()) else None
    return plain_attribute(name, value)


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=ACTIVE,
    attributes=ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="pass_through",
    link_rel="noopener nofollow",
)


def clean_body(source: str) -> str:
    """The HTML without anything but text, its structure, links and uploaded pictures; storable and shown as it is."""
    source = flat(source.replace("\x00", "")[:LONGEST])
    source = _LOWERED.sub(lambda found: f"<{found[1]}{_INSTEAD[found[2].lower()]}", source)
    return known_pictures(_CLEANER.clean(source).strip())


def text_of(cleaned: str) -> str:
    """The words of a cleaned body, in one line."""
    return _SPACES.sub(" ", unescape(_ANY_TAG.sub("", _BREAKS.sub(" ", cleaned)))).strip()


def headings_of(cleaned: str) -> list[Heading]:
    """The headings of a cleaned body in order, each with an anchor of its own."""
    found: list[Heading] = []
    taken: set[str] = set()
    for tag, inner in _HEADING.findall(cleaned):
        text = text_of(inner)
        base = slug_of(text) or "part"
        anchor, number = base, 2
        while anchor in taken:
            anchor, number = f"{base}-{number}", number + 1
        taken.add(anchor)
        found.append(Heading(int(tag[1]), text, anchor))
    return found


def with_anchors(cleaned: str) -> str:
    """The same body with the ids that `headings_of` names."""
    headings = iter(headings_of(cleaned))
    return _HEADING.sub(lambda found: f'<{found[1]} id="{next(headings).anchor}">{found[2]}</{found[1]}>', cleaned)


def with_pictures(cleaned: str, address: Mapping[UUID, str]) -> str:
    """The body with these addresses for its pictures, loaded as they come into sight."""
    return replace_pictures(cleaned, dict(address)).replace("<img ", '<img loading="lazy" ')
