"""What a page offers depends on what its reader may."""

from __future__ import annotations

from django import template

from people.models import Agent
from people.permissions import Permission

register = template.Library()


@register.filter
def may(person: object, permission: str) -> bool:
    """Whether the reader may do this; a stranger may nothing."""
    return isinstance(person, Agent) and person.may(Permission(permission))
