"""What only the demo shop's pages say."""

from __future__ import annotations

import json

from django import template
from django.conf import settings

from people.models import Role

register = template.Library()


@register.simple_tag
def demo_login() -> list[dict[str, str]]:
    """Who may sign in to the demo shop. Never their passwords: this page is for strangers, those for who started it."""
    if settings.PRODUCTION:
        return []
    try:
        facts = json.loads((settings.DATA_DIR / "demo.json").read_text())
    except (OSError, ValueError):
        return []
    return [{"email": login["email"], "role": _role_name(login["role"])} for login in facts.get("logins", [])]


def _role_name(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role
