"""Agents and teams: the directory that assigning needs. Everyone of the shop may read it, nobody writes it here."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.base import ApiView, StrictSerializer
from people.api.pagination import PageQuery
from people.api.schema import page_of
from people.api.serializers import AgentSerializer, MeSerializer, TeamSerializer
from people.models import Agent, Team


class ListQuery(StrictSerializer, PageQuery):
    pass


class AgentQuery(ListQuery):
    team = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="Only this team's.")
    email = serializers.CharField(required=False, max_length=320, help_text="Exactly this address.")
    is_active = serializers.BooleanField(required=False, default=None, allow_null=True)


class MeView(ApiView):
    any_scope = True

    @extend_schema(operation_id="me", responses=MeSerializer, tags=["people"])
    def get(self, request: Request) -> Response:
        """The agent this token acts as, and the token's scopes."""
        return Response(MeSerializer(self.agent, context={"token": request.auth}).data)


class AgentsView(ApiView):
    area = "people"

    @extend_schema(
        operation_id="agents_list",
        parameters=[AgentQuery],
        responses=page_of(AgentSerializer, "Agent"),
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Agents, oldest first."""
        query = self.query(AgentQuery)
        return self.page(filter_agents(query), AgentSerializer, query=query)


def filter_agents(query: dict[str, Any]) -> QuerySet[Agent]:
    agents = Agent.objects.prefetch_related("teams")
    if "team" in query:
        agents = agents.filter(memberships__team=query["team"])
    if "email" in query:
        agents = agents.filter(email=query["email"].strip().lower())
    if query["is_active"] is not None:
        agents = agents.filter(is_active=query["is_active"])
    return agents


class TeamsView(ApiView):
    area = "people"

    @extend_schema(
        operation_id="teams_list", parameters=[ListQuery], responses=page_of(TeamSerializer, "Team"), tags=["people"]
    )
    def get(self, request: Request) -> Response:
        """Teams, oldest first."""
        query = self.query(ListQuery)
        return self.page(Team.objects.all(), TeamSerializer, query=query)
