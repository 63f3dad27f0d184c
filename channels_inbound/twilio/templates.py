"""Templates as Twilio's Content API lists them, with what WhatsApp said of each. Pure."""

from __future__ import annotations

from typing import Any

from channels_inbound.hooks.provider import Template
from channels_inbound.hooks.reading import ident, line, text
from channels_inbound.hooks.variables import numbered

MOST_PAGES = 10
# Kinds of content that are words alone; the others want a file, a place or a list of their own.
_WORDS = ("twilio/text", "twilio/quick-reply", "whatsapp/card")
_STATES = {"approved": "approved", "pending": "waiting", "received": "waiting", "unsubmitted": "waiting"}


def read_content(item: dict[str, Any]) -> Template | None:
    """One template, its variables numbered; None for one we cannot send."""
    sid, name, language = ident(item, "sid"), line(item, "friendly_name", most=512), line(item, "language", most=16)
    kinds = item.get("types")
    kinds = kinds if isinstance(kinds, dict) else {}
    content: dict[str, Any] = next((kinds[kind] for kind in _WORDS if isinstance(kinds.get(kind), dict)), {})
    words = text(content, "body", most=2000)
    odd = "{{" in str({name: value for name, value in content.items() if name != "body"})
    found = numbered(words)
    if not sid.startswith("HX") or len(sid) > 64 or not name or not language or not words or odd or found is None:
        return None
    asked = item.get("approval_requests")
    asked = asked if isinstance(asked, dict) else {}
    return Template(
        name, language, found.text, state=_STATES.get(text(asked, "status", most=30).lower(), "refused"),
        category=line(asked, "category", most=32).lower(), fields=found.fields, count=found.count, external_id=sid,
    )  # fmt: skip
