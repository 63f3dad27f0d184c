"""Names of teams, channels and agents, read once a request: the sidebar, menus and event sentences share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import CharField, Value
from django.db.models.functions import Cast

from people.models import Agent, Team
from people.permissions import Permission, role_may
from tickets.models import Channel


@dataclass(frozen=True, slots=True)
class ChannelEntry:
    id: int
    name: str
    address: str
    kind: str
    team_id: int | None


@dataclass(frozen=True, slots=True)
class AgentEntry:
    id: int
    name: str
    role: str
    is_active: bool

    @property
    def takes_tickets(self) -> bool:
        """Whether tickets may be given to them."""
        return self.is_active and role_may(self.role, Permission.REPLY)


@dataclass(frozen=True, slots=True)
class Directory:
    teams: Mapping[int, str]
    channels: Mapping[int, ChannelEntry]
    agents: Mapping[int, AgentEntry]

    def agent_name(self, id: int | None) -> str:
        entry = self.agents.get(id or 0)
        return entry.name if entry else ""

    def own_addresses(self) -> frozenset[str]:
        return frozenset(channel.address for channel in self.channels.values())


def read_directory() -> Directory:
    """Everything by name, in one query: a shop has tens of these, not thousands."""
    text = CharField()
    teams = Team.objects.order_by().values_list(
        Value("team"), "id", "name", Value("", text), Value("", text), Value(True), Value(None, Team._meta.pk)
    )
    channels = Channel.objects.order_by().values_list(
        Value("channel"), "id", "name", "address", "kind", "is_active", "team_id"
    )
    agents = Agent.objects.order_by().values_list(
        Value("agent"), "id", "name", Cast("email", text), "role", "is_active", Value(None, Team._meta.pk)
    )
    found = Directory({}, {}, {})
    for what, id, name, address, kind, active, team_id in sorted(
        teams.union(channels, agents, all=True), key=lambda row: str(row[2]).casefold()
    ):
        if what == "team":
            found.teams[id] = name  # type: ignore[index]
        elif what == "agent":
            found.agents[id] = AgentEntry(id, name or address, kind, active)  # type: ignore[index]
        elif active:
            found.channels[id] = ChannelEntry(id, name, address, kind, team_id)  # type: ignore[index]
    return found
