"""HTML as it leaves: every style on its element, so that Outlook's Word engine, Gmail and dark mode all show it well.

No style sheets (some programs drop them), no flex or grid, widths as attributes for Word, fonts every machine has,
and no colours for text or ground: whoever reads in the dark gets light words on dark without our help.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape, unescape

from channels_inbound.email.elements import Attributes, change_elements, replaced, value_of
from people.written_html import clean_written_html, pictures_of, replace_pictures

FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5"
SMALL = "font-family:Arial,Helvetica,sans-serif;font-size:11px"
_CODE = "font-family:Consolas,'Courier New',Courier,monospace;font-size:14px"
# Wide enough for a screenshot, narrow enough for a reading pane: Word knows no max-width.
WIDEST = 600
_STYLES = {
    "p": "margin:0 0 12px",
    "ul": "margin:0 0 12px;padding:0 0 0 26px",
    "ol": "margin:0 0 12px;padding:0 0 0 26px",
    "li": "margin:0 0 4px",
    "blockquote": "margin:0 0 12px;padding:0 0 0 12px;border-left:3px solid #b4b4b4",
    "pre": f"margin:0 0 12px;white-space:pre-wrap;{_CODE}",
    "code": _CODE,
    "table": f"border-collapse:collapse;width:100%;max-width:{WIDEST}px;margin:0 0 12px",
    "td": f"border:1px solid #b4b4b4;padding:5px 9px;text-align:left;vertical-align:top;{FONT}",
    "th": f"border:1px solid #b4b4b4;padding:5px 9px;text-align:left;vertical-align:top;{FONT};font-weight:bold",
    "hr": "border:0;border-top:1px solid #b4b4b4;margin:16px 0",
    "img": "max-width:100%;height:auto;border:0",
}
_MORE = {"table": f' width="{WIDEST}" cellpadding="0" cellspacing="0" border="0"', "td": ' valign="top"'}
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_WIDTH = re.compile(r' width="([0-9]{1,4})"')
_CONTENT_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,200}")
_TIGHT = {"li", "td", "th"}


def written_for_mail(html: str, pictures: Collection[str], domain: str) -> str:
    """An agent's HTML with its styles on it; pictures that are not among the parts are left out."""
    cleaned = clean_written_html(html)
    known = {id: f"cid:{content_id(str(id), domain)}" for id in pictures_of(cleaned) if str(id) in pictures}
    return _styled(replace_pictures(cleaned, known))


def _styled(cleaned: str) -> str:
    before = before_tag = ""

    def style(found: re.Match[str]) -> str:
        nonlocal before, before_tag
        tag, rest = found.group(1), found.group(2)
        if tag == "img" and (width := _WIDTH.search(rest)):
            rest = rest.replace(width.group(), f' width="{min(int(width.group(1)), WIDEST)}"')
        # The first paragraph of an item or a cell keeps no distance.
        tight = tag == "p" and before in _TIGHT and cleaned.endswith(before_tag, 0, found.start())
        wanted = "margin:0" if tight else _STYLES.get(tag, "")
        before, before_tag = tag, found.group()
        return f"<{tag}{rest}{_MORE.get(tag, '')}" + (f' style="{wanted}">' if wanted else ">")

    return _TAG.sub(style, cleaned)


def original_for_mail(cleaned: str, pictures: Collection[str], domain: str) -> str:
    """Cleaned HTML of a mail that is forwarded: its own pictures stay, those of other servers are left out, since
    loading them would tell their sender who reads it now."""

    def put(image: Attributes) -> Attributes | None:
        own = value_of(image, "data-cid")
        if own is None:
            return None if value_of(image, "data-remote-src") is not None else image
        id = unescape(own).strip("<>")
        if id not in pictures:
            return None
        return replaced(image, "data-cid", ("src", f"cid:{escape(content_id(id, domain))}"))

    return change_elements(cleaned, {"img"}, put) if "<img" in cleaned else cleaned


def content_id(id: str, domain: str) -> str:
    """A stored content id as it stands in the mail: of the shape of a Message-ID (RFC 2392)."""
    return id if "@" in id else f"{id}@{domain}"


def is_content_id(id: str) -> bool:
    """Whether it can stand in a header: those of forwarded mails come from strangers."""
    return _CONTENT_ID.fullmatch(id) is not None


def document(parts: list[str], language: str) -> str:
    """The parts as a whole mail that says it is at home in light and dark."""
    head = (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        "</head>"
    )
    return f"{head}<body>{''.join(parts)}</body></html>\n"
