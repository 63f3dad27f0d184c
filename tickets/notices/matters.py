"""What agents are told of that is neither a ticket's nor a channel's: higher parts teach the words, the way there, and
whose business it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from events.models import Event
from people.models import Agent
from people.permissions import Permission


@dataclass(frozen=True, slots=True)
class Matter:
    """What an event says in the active language, where it leads, and the permission without which nobody hears."""

    text: Callable[[Event], str]
    way: Callable[[Event], str]
    permission: Permission


_MATTERS: dict[str, Matter] = {}


def teach_matter(kind: str, matter: Matter) -> None:
    """Learn to tell of events of this kind; once, when the app is ready."""
    _MATTERS[kind] = matter


def matter_of(event: Event) -> Matter:
    return _MATTERS[event.kind]


def matters_for(agent: Agent) -> list[str]:
    """The kinds of events the agent hears of."""
    return sorted(kind for kind, matter in _MATTERS.items() if agent.may(matter.permission))
