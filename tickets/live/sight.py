"""Who sees which ticket, as values: the scope of `TicketQuerySet.visible_to` for people who are connected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from people.models import Agent
from people.permissions import Permission


@dataclass(frozen=True, slots=True)
class Sight:
    """What one agent may see, and in which language. A test holds `sees` and `visible_to` together."""

    agent_id: int
    everything: bool
    team_ids: frozenset[int]
    language: str

    def sees(self, team_id: int | None, assignee_id: int | None) -> bool:
        return self.everything or team_id is None or team_id in self.team_ids or assignee_id == self.agent_id


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent who may be connected now: with what sight, and the mark of the password their sessions carry."""

    agent: Agent
    sight: Sight
    session_mark: str


def standings(agent_ids: Collection[int]) -> dict[int, Standing]:
    """Those of these agents who may have a socket at all, as the database knows them now; one query."""
    teams = ArrayAgg("memberships__team_id", filter=Q(memberships__isnull=False), default=[])
    found: dict[int, Standing] = {}
    for agent in Agent.objects.filter(pk__in=agent_ids, is_active=True).annotate(team_list=teams):
        if agent.may(Permission.READ_TICKETS):
            agent.team_ids = frozenset(agent.team_list)
            sight = Sight(agent.pk, agent.sees_everything, agent.team_ids, agent.locale)
            found[agent.pk] = Standing(agent, sight, agent.get_session_auth_hash())
    return found
