"""The sidebar: the agent's views with what waits in each."""

from __future__ import annotations

from dataclasses import dataclass

from people.models import Agent
from tickets.counts import view_counts

from .catalogue import SAVED, View, views_for
from .directory import Directory, read_directory


@dataclass(frozen=True, slots=True)
class Entry:
    view: View
    count: int | None

    @property
    def label(self) -> str:
        return count_label(self.count)


@dataclass(frozen=True, slots=True)
class Sidebar:
    standing: list[Entry]
    saved: list[Entry]
    teams: list[Entry]
    channels: list[Entry]
    directory: Directory

    def entry(self, key: str) -> Entry | None:
        return next((e for e in (*self.standing, *self.saved, *self.teams, *self.channels) if e.view.key == key), None)


def sidebar_for(agent: Agent) -> Sidebar:
    """Two queries: the directory, the counts."""
    directory = read_directory([agent])
    views = views_for(agent, directory)
    counts = view_counts(agent, {view.key: view.where for view in views if view.counted})
    entries = [Entry(view, counts.get(view.key)) for view in views]
    groups: dict[str, list[Entry]] = {"": [], SAVED: [], "team": [], "channel": []}
    for entry in entries:
        groups[entry.view.group].append(entry)
    return Sidebar(groups[""], groups[SAVED], groups["team"], groups["channel"], directory)


def count_label(count: int | None) -> str:
    """Nothing for none: a quiet sidebar shows only what waits."""
    if not count:
        return ""
    return str(count) if count < 10_000 else "9999+"
