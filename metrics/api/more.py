"""Coming back, work shared out and topics as JSON: the same functions as the pages, the same scope."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics import returning, work
from metrics.api.views import IntervalSerializer, ReportQuery, ReportView, SegmentQuery, figure
from metrics.at_risk import MOST, at_risk
from metrics.retention import Share
from metrics.topics import Topic
from metrics.topics import topics as read_topics

GROUPS = ("channel", "team", "agent")


class CohortSerializer(serializers.Serializer[Any]):
    """Who bought first in a month, and how many of them in each month after it; null: to come."""

    month = serializers.DateField()
    buyers = serializers.IntegerField()
    active = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class SegmentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    buyers = serializers.IntegerField()
    orders = serializers.IntegerField()
    spent = serializers.IntegerField(help_text="Minor units, of the commonest currency alone.")
    currency = serializers.CharField()


class ComparisonSerializer(serializers.Serializer[Any]):
    """One experience against another, among buyers alike; null where there is not enough data."""

    name = serializers.CharField()
    one = IntervalSerializer()
    other = IntervalSerializer()
    difference = serializers.FloatField(allow_null=True, help_text="Points.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    real = serializers.BooleanField()


class RetentionSerializer(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True, help_text="Null: counted for the first time just now.")
    retention = IntervalSerializer(help_text="Percent of buyers of the period before who bought in this one.")
    churn = IntervalSerializer()
    returning = IntervalSerializer(help_text="Percent of buyers of this period with an earlier purchase.")
    repeat = IntervalSerializer(help_text="Percent of first-time buyers who bought again within 90 days.")
    second_purchase = IntervalSerializer(help_text="Median seconds from the first to the second purchase.")
    cohorts = CohortSerializer(many=True)
    segments = SegmentSerializer(many=True)
    service = ComparisonSerializer(many=True)


class WorkRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    opened = serializers.IntegerField()
    first_answers = serializers.IntegerField()
    kept = serializers.IntegerField()
    missed = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True, help_text="Seconds.")
    p90 = serializers.FloatField(allow_null=True, help_text="Seconds.")
    satisfied = serializers.FloatField(allow_null=True, help_text="Estimate in percent, shrunk towards the whole.")
    ratings = serializers.IntegerField()
    few = serializers.BooleanField(help_text="Too few answers to be compared with others.")


class WorkSerializer(serializers.Serializer[Any]):
    channel = WorkRowSerializer(many=True)
    team = WorkRowSerializer(many=True)
    agent = WorkRowSerializer(many=True)


class TopicSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="Tickets of the last 24 hours.")
    expected = serializers.FloatField()
    chance = serializers.FloatField(help_text="How likely so many are by chance alone.")
    rising = serializers.BooleanField()


class TopicsSerializer(serializers.Serializer[Any]):
    tags = TopicSerializer(many=True)
    words = TopicSerializer(many=True)


class EndangeredSerializer(serializers.Serializer[Any]):
    customer = serializers.IntegerField()
    name = serializers.CharField()
    ticket = serializers.IntegerField()
    question = serializers.CharField()
    score = serializers.IntegerField()
    rated_at = serializers.DateTimeField()
    spent = serializers.IntegerField(help_text="Minor units, in the last 365 days.")
    orders = serializers.IntegerField()
    follow_up_open = serializers.BooleanField()


class AtRiskSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    revenue = serializers.IntegerField(help_text="Minor units spent in the last 365 days by all of them.")
    open_revenue = serializers.IntegerField(help_text="The same of those with an open follow-up.")
    n = serializers.IntegerField()
    customers = EndangeredSerializer(many=True, help_text="Most money first, 200 at most.")


class AtRiskView(ReportView):
    @extend_schema(
        operation_id="reports_at_risk", parameters=[SegmentQuery], responses=AtRiskSerializer, tags=["reports"]
    )
    def get(self, request: Request) -> Response:
        """Customers whose last rating was low, and what they bought in the last year."""
        found = at_risk(self.agent, timezone.now(), self.segment())
        return Response({
            "currency": found.currency, "revenue": found.revenue, "open_revenue": found.open_revenue,
            "n": len(found.rows), "customers": [{
                "customer": row.customer_id, "name": row.name, "ticket": row.ticket_id, "question": row.kind,
                "score": row.score, "rated_at": row.rated_at, "spent": row.spent, "orders": row.orders,
                "follow_up_open": row.follow_up is not None,
            } for row in found.rows[:MOST]],
        })  # fmt: skip


class RetentionView(ReportView):
    @extend_schema(operation_id="reports_retention", parameters=[ReportQuery], responses=RetentionSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """Whether customers come back, and how that goes with how they were helped."""
        scope, now = self.scope(), timezone.now()
        found, counted_at = returning.loyalty(scope, now)
        shares = {name: _share(getattr(found, name)) for name in ("retention", "churn", "returning", "repeat")}
        second, service = found.second, returning.service(scope, now)
        cohorts = returning.cohorts(scope, now)
        return Response(shares | {
            "counted_at": counted_at,
            "second_purchase": {"value": second.seconds, "low": second.low, "high": second.high, "n": found.seconds},
            "cohorts": [{"month": c.month, "buyers": c.size, "active": c.active} for c in cohorts],
            "segments": [{"name": s.name, "buyers": s.buyers, "orders": s.orders, "spent": s.spent,
                          "currency": s.currency} for s in returning.segments(scope, now)],
            "service": [{
                "name": c.name, "one": _share(c.one), "other": _share(c.other), "difference": c.matched,
                "low": c.interval[0] if c.interval else None, "high": c.interval[1] if c.interval else None,
                "real": c.is_real,
            } for c in service.comparisons],
        })  # fmt: skip


class WorkView(ReportView):
    @extend_schema(operation_id="reports_work", parameters=[ReportQuery], responses=WorkSerializer, tags=["reports"])
    def get(self, request: Request) -> Response:
        """Tickets, first answers and ratings by channel, team and person."""
        scope = self.scope()
        return Response({group: [_row(row) for row in work.by_group(scope, group)] for group in GROUPS})


class TopicsView(ReportView):
    @extend_schema(operation_id="reports_topics", parameters=[SegmentQuery], responses=TopicsSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """What people write about today, and what of it rises beyond chance."""
        found = read_topics(self.agent, timezone.now(), self.segment())
        return Response({"tags": [_topic(one) for one in found.tags], "words": [_topic(one) for one in found.words]})


def _share(one: Share) -> dict[str, Any]:
    return figure(one.percent, one.interval, one.n)


def _row(row: work.Row) -> dict[str, Any]:
    return {
        "id": row.id, "name": row.name, "opened": row.opened, "first_answers": row.n, "kept": row.kept,
        "missed": row.missed, "median": row.median, "p90": row.p90, "satisfied": row.rating, "ratings": row.ratings,
        "few": row.is_few,
    }  # fmt: skip


def _topic(one: Topic) -> dict[str, Any]:
    return {"name": one.name, "count": one.count, "expected": one.expected, "chance": one.chance, "rising": one.spikes}
