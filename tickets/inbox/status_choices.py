"""The statuses that menus and forms offer: by category, each with the shop's own words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tickets.models import SETTABLE

from .directory import StatusEntry


@dataclass(frozen=True, slots=True)
class StatusChoice:
    """`value` is what is set, `team` whose tickets alone may have it."""

    value: str
    category: str
    label: str
    tone: str = ""
    team: int | None = None


def status_choices(own: Sequence[StatusEntry]) -> list[StatusChoice]:
    """A default of all teams stands for its category, which is then not offered beside it."""
    found: list[StatusChoice] = []
    for category in SETTABLE:
        words = [one for one in own if one.category == category]
        if not any(one.is_default and one.team_id is None for one in words):
            found.append(StatusChoice(str(category.value), str(category.value), str(category.label)))
        found += [StatusChoice(one.key, one.category, one.label, one.tone, one.team_id) for one in words]
    return found
