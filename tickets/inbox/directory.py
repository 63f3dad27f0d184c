"""Names of teams, channels and agents, read once a request: the sidebar, menus and event sentences share them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Concat

from events.compiled import Compiled, compiled
from people.models import Agent, Brand, Team
from people.permissions import Permission
from tickets.models import Channel, CustomStatus, SavedView
from tickets.statuses import label_in


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
    is_active: bool
    takes_tickets: bool  # whether tickets may be given to them


@dataclass(frozen=True, slots=True)
class ViewEntry:
    """A saved view: its owner's, a team's, or everyone's."""

    id: int
    name: str
    where: Mapping[str, Any]
    order: str
    owner_id: int | None
    team_id: int | None
    position: int

    @property
    def key(self) -> str:
        return f"saved-{self.id}"

    @property
    def place(self) -> tuple[bool, bool, int, int]:
        """One's own first, then those of teams, then everyone's."""
        return self.owner_id is None, self.team_id is None, self.position, self.id


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A status of the shop's own that can be set; `names` by language beside `name`."""

    id: int
    name: str
    names: Mapping[str, str]
    category: str
    tone: str
    team_id: int | None
    position: int
    is_default: bool

    @property
    def key(self) -> str:
        return f"s{self.id}"

    @property
    def label(self) -> str:
        return label_in(self.names, self.name)


@dataclass(frozen=True, slots=True)
class Directory:
    teams: Mapping[int, str]
    channels: Mapping[int, ChannelEntry]
    agents: Mapping[int, AgentEntry]
    views: Sequence[ViewEntry] = ()
    statuses: Sequence[StatusEntry] = ()
    brands: Mapping[int, str] = field(default_factory=dict)
    # Of every channel, also those that are switched off.
    brand_of: Mapping[int, int | None] = field(default_factory=dict)

    @property
    def has_brands(self) -> bool:
        """Whether they are to be told apart: one alone is shown nowhere."""
        return len(self.brands) > 1

    def agent_name(self, id: int | None) -> str:
        entry = self.agents.get(id or 0)
        return entry.name if entry else ""

    def own_addresses(self) -> frozenset[str]:
        return frozenset(channel.address for channel in self.channels.values())


def read_directory(viewers: Collection[Agent] = ()) -> Directory:
    """Everything by name, in one query: a shop has tens of these, not thousands. Of the saved views only those that
    some of `viewers` have."""
    found, views = Directory({}, {}, {}), []
    statuses: list[StatusEntry] = []
    for what, id, name, address, kind, active, team_id, owner_id, position in sorted(
        _kept(viewers).run(), key=lambda row: str(row[2]).casefold()
    ):
        if what == "view":
            views.append(ViewEntry(id, name, json.loads(address), kind, owner_id, team_id, position))
        elif what == "status":
            statuses.append(_status(id, name, address, kind, team_id, owner_id, position))
        elif what == "team":
            found.teams[id] = name  # type: ignore[index]
        elif what == "agent":
            found.agents[id] = AgentEntry(id, name or address, active, bool(position))  # type: ignore[index]
        elif what == "brand":
            found.brands[id] = name  # type: ignore[index]
        else:
            found.brand_of[id] = owner_id  # type: ignore[index]
            if active:
                found.channels[id] = ChannelEntry(id, name, address, kind, team_id)  # type: ignore[index]
    ordered = sorted(statuses, key=lambda one: (one.position, one.id))
    return replace(found, views=sorted(views, key=lambda view: view.place), statuses=ordered)


def _statuses() -> Any:
    kind = Concat("category", Value(" "), "tone")
    is_default = Case(When(is_default=True, then=1), default=0, output_field=BigIntegerField())
    return CustomStatus.objects.filter(archived_at=None).order_by().values_list(
        Value("status"), "id", "name", Cast("names", TextField()), kind, Value(True), "team_id", is_default, "position"
    )  # fmt: skip


def _status(
    id: int, name: str, names: str, kind: str, team_id: int | None, is_default: int | None, position: int
) -> StatusEntry:
    category, _space, tone = kind.partition(" ")
    return StatusEntry(id, name, json.loads(names), category, tone, team_id, position, bool(is_default))


def _kept(viewers: Collection[Agent]) -> Compiled:
    """A page has one reader; live updates have many together, never the same for long."""
    if len(viewers) > 1:
        return Compiled(_query(viewers))
    return compiled(("directory", *(viewer.scope for viewer in viewers)), lambda: _query(viewers))


def _query(viewers: Collection[Agent]) -> QuerySet[Any, Any]:
    text, none, zero = TextField(), Cast(Value(None), BigIntegerField()), Value(0)
    teams = Team.objects.order_by().values_list(
        Value("team"), "id", "name", Value("", text), Value("", text), Value(True), none, none, zero
    )
    channels = Channel.objects.order_by().values_list(
        Value("channel"), "id", "name", "address", "kind", "is_active", "team_id", "brand_id", zero
    )
    brands = Brand.objects.order_by().values_list(
        Value("brand"), "id", "name", Value("", text), Value("", text), Value(True), none, none, zero
    )
    takes = Case(When(Exists(Agent.objects.who_may(Permission.REPLY).filter(pk=OuterRef("pk"))), then=1), default=0)
    agents = Agent.objects.order_by().values_list(
        Value("agent"), "id", "name", Cast("email", text), Value("", text), "is_active", none, none, takes
    )
    parts = [channels, brands, agents, _statuses(), *([_views_of(viewers)] if viewers else [])]
    return teams.union(*parts, all=True)


def _views_of(viewers: Collection[Agent]) -> Any:
    audience = Q(owner__in=[agent.pk for agent in viewers]) | Q(owner=None, team=None)
    if any(agent.sees_everything for agent in viewers):
        audience |= Q(team__isnull=False)
    else:
        audience |= Q(team__in={id for agent in viewers for id in agent.team_ids})
    return SavedView.objects.filter(audience).order_by().values_list(
        Value("view"), "id", "name", Cast("where", TextField()), "order", Value(True), "team_id", "owner_id", "position"
    )  # fmt: skip
