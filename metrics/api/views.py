"""Every figure of the reports as JSON: the same functions as the pages, the same scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import isfinite
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics import figures, satisfaction
from metrics.brands import channels_of_brand
from metrics.clocks.terms import NEVER_BOUGHT
from metrics.facts import Scope
from metrics.segments import Segment, read_segment
from metrics.surveys.scales import Kind
from metrics.tallies import has_own, kept_days, midnight
from metrics.waits import Quantile
from people.api.base import ApiView, StrictSerializer
from people.languages import LANGUAGES
from people.permissions import Permission, PermissionDenied


class SegmentQuery(StrictSerializer):
    segment = serializers.ChoiceField(
        ("bought", "repeat", "best", NEVER_BOUGHT), required=False,
        help_text="Of customers who are in it now, by the orders under their proven addresses.",
    )  # fmt: skip


class ReportQuery(SegmentQuery):
    days = serializers.IntegerField(min_value=1, max_value=731, default=30, help_text="Up to today, in your time zone.")
    channel = serializers.IntegerField(required=False)
    brand = serializers.IntegerField(required=False, help_text="All channels of this brand.")
    team = serializers.IntegerField(required=False)
    agent = serializers.IntegerField(required=False)
    language = serializers.ChoiceField(LANGUAGES, required=False)


class IntervalSerializer(serializers.Serializer[Any]):
    """A figure with its 95 % interval and the number of cases; null where there are none or too few."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """Against the period of the same length before; real when the interval leaves out zero."""

    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    real = serializers.BooleanField()


class QuestionSerializer(IntervalSerializer):
    scores = serializers.DictField(child=serializers.IntegerField(), help_text="Answers by score.")
    change = ChangeSerializer(allow_null=True)


class SatisfactionSerializer(serializers.Serializer[Any]):
    csat = QuestionSerializer(help_text="Percent of 4 and 5 of 5.")
    csat10 = QuestionSerializer(help_text="Percent of 9 and 10 of 10: a scale of its own, never added to csat.")
    nps = QuestionSerializer(help_text="Percent of 9 and 10 less percent of 0 to 6.")
    ces = QuestionSerializer(help_text="Mean of 1 to 7.")
    response = IntervalSerializer(help_text="Percent of those asked who answered.")


class TargetSerializer(IntervalSerializer):
    kept = serializers.IntegerField()
    missed = serializers.IntegerField()
    dropped = serializers.IntegerField(help_text="Ended before their deadline without an answer: count neither way.")
    overdue = serializers.IntegerField(help_text="Overdue at this moment and not ended: they count once they end.")


class SecondsSerializer(IntervalSerializer):
    """Seconds."""


class ServiceLevelSerializer(serializers.Serializer[Any]):
    first = TargetSerializer()
    next = TargetSerializer()
    resolution = TargetSerializer()
    wait = TargetSerializer(help_text="Callers answered in time; who hung up before that is among the dropped.")
    first_answer_median = SecondsSerializer()
    first_answer_p90 = SecondsSerializer()
    first_answer_median_open = SecondsSerializer(help_text="In open time of the policy's calendar.")
    first_answer_p90_open = SecondsSerializer(help_text="In open time of the policy's calendar.")


class WallSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    waiting_since = serializers.DateTimeField(allow_null=True, help_text="Of who waits longest.")
    due_within_an_hour = serializers.IntegerField()
    overdue = serializers.IntegerField()
    follow_ups = serializers.IntegerField(help_text="Disappointed customers a lead is to see to.")
    chats = serializers.IntegerField(help_text="Chats nobody has taken.")
    at_desks = serializers.IntegerField(help_text="Agents who have the helpdesk open.")


class ReportView(ApiView):
    """For whoever may read reports; counted over what their agent may see."""

    area = "reports"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.agent.may(Permission.READ_REPORTS):
            raise PermissionDenied

    def scope(self) -> Scope:
        return self.scope_of(self.query(ReportQuery))

    def segment(self) -> Segment | None:
        """Of a report that has no other filter."""
        return read_segment(self.query(SegmentQuery).get("segment"), timezone.now())

    def scope_of(self, query: Mapping[str, Any]) -> Scope:
        """What a checked query asks for."""
        zone, today = timezone.get_current_timezone_name(), timezone.localdate()
        start, end = today - timedelta(days=query["days"] - 1), today + timedelta(days=1)
        kept = kept_days(zone)
        return Scope(
            self.agent, midnight(start, zone), midnight(end, zone), query.get("channel"), query.get("team"),
            query.get("agent"), query.get("language", ""), zone=zone, clean=kept.clean,
            rolled=kept.rolled, segment=read_segment(query.get("segment"), timezone.now()), own=has_own(self.agent),
            brand=channels_of_brand(query["brand"]) if "brand" in query else None,
        )  # fmt: skip


class SatisfactionView(ReportView):
    @extend_schema(operation_id="reports_satisfaction", parameters=[ReportQuery], responses=SatisfactionSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """What customers answered, with intervals and against the period before."""
        scope = self.scope()
        now, earlier = satisfaction.scores(scope), satisfaction.scores(satisfaction.before(scope))
        said = satisfaction.response(scope)
        body: dict[str, Any] = {}
        for kind in Kind:
            moved = satisfaction.change(now[kind], earlier[kind])
            body[kind] = figure(now[kind].value, now[kind].interval, now[kind].n) | {
                "scores": {str(score): n for score, n in sorted(now[kind].counts.items())},
                "change": moved and {"value": moved.value, "low": finite(moved.low), "high": finite(moved.high),
                                     "real": moved.is_real},
            }  # fmt: skip
        body["response"] = figure(said.share, said.interval, said.asked)
        return Response(body)


class ServiceLevelView(ReportView):
    @extend_schema(operation_id="reports_service_level", parameters=[ReportQuery], responses=ServiceLevelSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """Promises kept and missed, and how long first answers took."""
        scope = self.scope()
        late = figures.overdue_counts(scope, timezone.now())
        body: dict[str, Any] = {}
        for one in figures.attainment(scope):
            low, high = one.interval
            share = None if one.share is None else 100 * one.share
            body[one.target] = figure(share, (100 * low, 100 * high), one.n) | {
                "kept": one.kept, "missed": one.missed, "dropped": one.dropped,
                "overdue": late[one.target],
            }  # fmt: skip
        took = figures.answering(scope)
        names = {"first_answer_median": took.wall_median, "first_answer_p90": took.wall_p90,
                 "first_answer_median_open": took.open_median, "first_answer_p90_open": took.open_p90}  # fmt: skip
        return Response(body | {name: _seconds(one, took.n) for name, one in names.items()})


class WallView(ReportView):
    @extend_schema(operation_id="reports_wall", responses=WallSerializer, tags=["reports"])
    def get(self, request: Request) -> Response:
        """How it stands at this moment."""
        wall = figures.wall(self.agent, timezone.now())
        return Response({
            "waiting": wall.waiting, "waiting_since": wall.oldest, "due_within_an_hour": wall.soon,
            "overdue": wall.late, "follow_ups": wall.follow_ups,
            "chats": wall.chats, "at_desks": wall.at_desks,
        })  # fmt: skip


def figure(value: float | None, interval: Sequence[float] | None, n: int) -> dict[str, Any]:
    low, high = interval if interval and n else (None, None)
    return {"value": value, "low": finite(low), "high": finite(high), "n": n}


def finite(value: float | None) -> float | None:
    """JSON knows no infinity: a bound that is not known is null."""
    return value if value is not None and isfinite(value) else None


def _seconds(one: Quantile, n: int) -> dict[str, Any]:
    return {"value": one.seconds, "low": one.low, "high": one.high, "n": n}
