"""What is promised, as JSON: the policies in the order in which they are asked."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.clocks.terms import Target
from metrics.models import Policy
from metrics.rules import policy_content
from people.api.base import ApiView
from people.permissions import Permission, PermissionDenied


class PolicySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    in_force = serializers.BooleanField()
    calendar = serializers.CharField(help_text="The name of the calendar by which time counts.")
    conditions = serializers.DictField(
        help_text="Which values of a trait fit; traits left out may have any: channel_kind, brand_id, channel_id, "
        "priority, team_id (null: no team), language, and of the customer segment, tier and region."
    )
    promises = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Seconds of open time: first, next, resolution, and wait (of a caller).",
    )
    warn = serializers.ListField(child=serializers.IntegerField(), help_text="Percent of the time.")
    pauses = serializers.ListField(child=serializers.CharField())
    bot_counts = serializers.BooleanField()
    escalation = serializers.ListField(
        child=serializers.DictField(), help_text="What follows: when (percent), do, value."
    )


class PoliciesSerializer(serializers.Serializer[Any]):
    results = PolicySerializer(many=True)


class PoliciesView(ApiView):
    """For whoever writes them; a shop has a handful, so they come in one answer."""

    area = "reports"

    @extend_schema(operation_id="policies_list", responses=PoliciesSerializer, tags=["reports"])
    def get(self, request: Request) -> Response:
        """The policies, the first that fits a ticket counting for it."""
        if not self.agent.may(Permission.MANAGE_SERVICE_LEVELS):
            raise PermissionDenied
        return Response({"results": [_policy(policy) for policy in Policy.objects.select_related("calendar")]})


def _policy(policy: Policy) -> dict[str, Any]:
    said = policy_content(policy)
    plain = ("id", "name", "conditions", "warn", "pauses", "bot_counts", "escalation")
    return {name: said[name] for name in plain} | {
        "in_force": policy.is_active, "calendar": policy.calendar.name,
        "promises": {target.value: said[target.value] for target in Target if said[target.value]},
    }  # fmt: skip
