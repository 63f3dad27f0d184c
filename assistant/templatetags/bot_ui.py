"""What the bot's summary needs to be drawn in the reader's language."""

from __future__ import annotations

from django import template

from assistant.models import Reason

register = template.Library()


@register.filter
def bot_reason(key: str) -> str:
    """Why the bot let go, in words; what is no reason stays as it is."""
    return str(Reason(key).label) if key in Reason.values else str(key)
