"""Who sees which ticket, as values: the scope of `TicketQuerySet.visible_to` for people who are connected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from events.compiled import compiled_among
from people.models import Agent
from people.permissions import Permission
from people.scope import Scope


@dataclass(frozen=True, slots=True)
class Sight:
    """What one agent may see, and in which language. A test holds `sees` and `visible_to` together."""

    scope: Scope
    language: str

    @property
    def agent_id(self) -> int:
        return self.scope.agent_id

    def sees(self, team_id: int | None, assignee_id: int | None, channel_id: int) -> bool:
        return self.scope.sees(team_id, assignee_id, channel_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent who may be connected now: with what sight, and the mark of the password their sessions carry."""

    agent: Agent
    sight: Sight
    session_mark: str


def standings(agent_ids: Collection[int]) -> dict[int, Standing]:
    """Those of these agents who may have a socket at all, as the database knows them now; one query for
    every 64 of them."""
    found: dict[int, Standing] = {}
    for agent in compiled_among("standings", _active, agent_ids):
        if agent.may(Permission.READ_TICKETS):
            agent.team_ids = frozenset(agent.team_list)
            found[agent.pk] = Standing(agent, Sight(agent.scope, agent.locale), agent.get_session_auth_hash())
    return found


def _active(ids: Sequence[int]) -> QuerySet[Agent]:
    teams = ArrayAgg("memberships__team_id", filter=Q(memberships__isnull=False), default=[])
    return Agent.objects.filter(pk__in=ids, is_active=True).annotate(team_list=teams)
