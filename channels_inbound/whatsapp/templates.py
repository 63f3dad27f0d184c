"""Templates as the Cloud API lists them. Pure."""

from __future__ import annotations

import re
from typing import Any

from channels_inbound.hooks.provider import Template
from channels_inbound.hooks.reading import line, text, things

MOST_PAGES = 10
_FIELD = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
_STATES = {"APPROVED": "approved", "PENDING": "waiting", "IN_APPEAL": "waiting"}


def read_template(item: dict[str, Any]) -> Template | None:
    """One template, its variables numbered; None for one we cannot send: without words, or with a header, a button or
    a file that wants something of its own."""
    name, language = line(item, "name", most=512), line(item, "language", most=16)
    parts = {text(part, "type", most=20).upper(): part for part in things(item, "components")}
    words = text(parts.get("BODY", {}), "text", most=2000)
    header, buttons = parts.get("HEADER", {}), str(parts.get("BUTTONS", ""))
    top = line(header, "text", most=200)
    odd = header and (text(header, "format", most=20).upper() != "TEXT" or _FIELD.search(top))
    if not name or not language or not words or odd or "{{" in buttons:
        return None
    named = list(dict.fromkeys(_FIELD.findall(words)))
    numbered = _FIELD.sub(lambda found: f"{{{{{named.index(found[1]) + 1}}}}}", words)
    by_place = all(name_.isdecimal() for name_ in named)
    if by_place and sorted(map(int, named)) != list(range(1, len(named) + 1)):
        return None
    if by_place:
        numbered = _FIELD.sub(lambda found: f"{{{{{found[1]}}}}}", words)
    return Template(
        name, language, numbered, state=_STATES.get(text(item, "status", most=30).upper(), "refused"),
        category=line(item, "category", most=32).lower(), header=top, fields=() if by_place else tuple(named),
        count=len(named),
    )  # fmt: skip
