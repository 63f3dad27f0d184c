"""How the shop's own people look in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.models import Agent, Role, TokenScope


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class AgentRefSerializer(serializers.Serializer[Any]):
    """An agent as part of something else."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class AgentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.values)
    is_active = serializers.BooleanField()
    teams = TeamSerializer(many=True, source="teams.all")


class MeSerializer(AgentSerializer):
    """Whom the token acts as, and what it may."""

    scopes = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=TokenScope.values)))
    def get_scopes(self, agent: Agent) -> Any:
        return self.context["token"].scopes
