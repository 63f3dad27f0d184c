"""HTML that our own people's programs send with a reply: the formatting is kept, everything active is not. Pure."""

from __future__ import annotations

from html.parser import HTMLParser

import nh3

LONGEST = 400_000
_BLOCKS = {"blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
_INLINE = {"a", "b", "br", "code", "del", "em", "i", "ins", "s", "span", "strong", "sub", "sup", "u"}
_CELLS = {"tbody", "td", "th", "thead"}
_ACTIVE = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}
_CLEANER = nh3.Cleaner(
    tags=_BLOCKS | _INLINE | _CELLS,
    clean_content_tags=_ACTIVE,
    attributes={"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def clean_written_html(source: str) -> str:
    """The HTML without scripts, styles, images and links that are not plain addresses; storable."""
    return _CLEANER.clean(source.replace("\x00", "")).strip()


def text_of_html(source: str) -> str:
    """What the HTML says, as plain text with its paragraphs, list marks and link addresses."""
    reader = _TextReader()
    reader.feed(clean_written_html(source))
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip()


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS or tag == "br":
            self._break(2 if tag == "p" else 1)
        if tag == "li":
            self.parts.append("- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._break(2 if tag == "p" else 1)
        elif tag == "a" and self._links:
            href, start = self._links.pop()
            shown = "".join(self.parts[start:]).strip()
            if href and shown not in (href, href.removeprefix("mailto:").removeprefix("tel:")):
                self.parts.append(f" <{href}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(" ".join(data.split("\n")))

    def _break(self, count: int) -> None:
        self.parts.append("\n" * count)
