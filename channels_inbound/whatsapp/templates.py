"""Templates as the Cloud API lists them. Pure."""

from __future__ import annotations

from typing import Any

from channels_inbound.hooks.provider import Template
from channels_inbound.hooks.reading import line, text, things
from channels_inbound.hooks.variables import has_variables, numbered

MOST_PAGES = 10
_STATES = {"APPROVED": "approved", "PENDING": "waiting", "IN_APPEAL": "waiting"}


def read_template(item: dict[str, Any]) -> Template | None:
    """One template, its variables numbered; None for one we cannot send: without words, or with a header, a button or
    a file that wants something of its own."""
    name, language = line(item, "name", most=512), line(item, "language", most=16)
    parts = {text(part, "type", most=20).upper(): part for part in things(item, "components")}
    words = text(parts.get("BODY", {}), "text", most=2000)
    header, buttons = parts.get("HEADER", {}), str(parts.get("BUTTONS", ""))
    top = line(header, "text", most=200)
    odd = header and (text(header, "format", most=20).upper() != "TEXT" or has_variables(top))
    if not name or not language or not words or odd or "{{" in buttons:
        return None
    found = numbered(words)
    if found is None:
        return None
    return Template(
        name, language, found.text, state=_STATES.get(text(item, "status", most=30).upper(), "refused"),
        category=line(item, "category", most=32).lower(), header=top, fields=found.fields,
        count=found.count,
    )  # fmt: skip
