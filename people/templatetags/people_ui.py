"""What the frame of every page shows of whoever is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from people.models import Agent, Availability, Presence
from people.permissions import Permission

register = template.Library()


@dataclass(frozen=True, slots=True)
class OwnPresence:
    """What the agent says of themselves; as the menu shows it."""

    said: str
    label: str
    choices: list[tuple[str, str]]


@register.simple_tag(takes_context=True)
def own_presence(context: template.Context, said: str = "") -> OwnPresence | None:
    """`said` where it was read already. None for strangers, and for who answers nobody."""
    agent = getattr(context.get("request"), "user", None)
    if not isinstance(agent, Agent) or not agent.may(Permission.REPLY):
        return None
    known = Availability.objects.filter(pk=agent.pk).values_list("said", flat=True)
    said = said or known.first() or Presence.ONLINE
    return OwnPresence(said, str(Presence(said).label), [(value, str(label)) for value, label in Presence.choices])
