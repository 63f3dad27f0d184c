"""How an event looks in the API."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from events.actors import ActorKind
from events.models import Event


class EventActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ActorKind.values)
    id = serializers.IntegerField(allow_null=True, help_text="Of the agent or customer; null for the system.")


class EventSerializer(serializers.Serializer[Any]):
    """One fact, never changed: what happened, who did it and when."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="noun.past, such as ticket.solved")
    ticket = serializers.IntegerField(source="stream_id", help_text="Number of the ticket.")
    sequence = serializers.IntegerField(help_text="1, 2, 3 ... within the ticket, without gaps.")
    actor = serializers.SerializerMethodField()
    at = serializers.DateTimeField(default_timezone=UTC)
    recorded_at = serializers.DateTimeField(default_timezone=UTC)
    data = serializers.JSONField(help_text="Ids and small facts; never bodies.")  # type: ignore[assignment]
    cause = serializers.IntegerField(source="cause_id", allow_null=True, help_text="The event that led to this one.")

    @extend_schema_field(EventActorSerializer)
    def get_actor(self, event: Event) -> dict[str, Any]:
        return {"kind": event.actor_kind, "id": event.actor_id}
