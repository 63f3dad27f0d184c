"""Who a session belongs to, read with what every page asks of them."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from events.compiled import compiled, slot

from .models import Agent, Membership


class AgentBackend(AuthenticationBackend):
    """allauth's, whose agents know their teams: all that decides what somebody sees, in one query a request."""

    def get_user(self, user_id: Any) -> Agent | None:
        found = compiled("agent of a session", _agents).run(int(user_id))
        if not found or not self.user_can_authenticate(found[0]):
            return None
        agent: Agent = found[0]
        agent.team_ids = frozenset(agent.__dict__.pop("member_of"))
        return agent


def _agents() -> QuerySet[Agent]:
    teams = Membership.objects.filter(agent=OuterRef("pk")).values("team_id")
    return Agent.objects.annotate(member_of=ArraySubquery(teams)).filter(pk=slot(0))
