"""The overview as JSON: its figures, their changes against the period before, and what they are made of over time."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics import figures, overview, returning, satisfaction
from metrics.api.views import ChangeSerializer, IntervalSerializer, ReportQuery, ReportView, figure, finite
from metrics.clocks.terms import Target
from metrics.satisfaction import Change


class MovedSerializer(IntervalSerializer):
    change = ChangeSerializer(allow_null=True)


class SharesKeptSerializer(MovedSerializer):
    overdue = serializers.IntegerField(help_text="Overdue without an answer at this moment: they count once they end.")


class SlotSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    kept = serializers.IntegerField()
    missed = serializers.IntegerField()
    answers = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True, help_text="Seconds.")


class ArrivalSerializer(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(help_text="From Monday = 1.")
    hour = serializers.IntegerField()
    opened = serializers.IntegerField()


class EndingSerializer(IntervalSerializer):
    ending = serializers.CharField(help_text="well, unrated, badly or silent: how the contact ended, if there was any.")


class OverviewSerializer(serializers.Serializer[Any]):
    first_answer_median = MovedSerializer(help_text="Seconds.")
    first_answer_in_time = SharesKeptSerializer(help_text="Percent.")
    csat = MovedSerializer()
    csat10 = MovedSerializer()
    nps = MovedSerializer()
    ces = MovedSerializer()
    bought_again = IntervalSerializer(help_text="Percent of first-time buyers who bought again within 90 days.")
    step = serializers.ChoiceField(["day", "week", "month"], help_text="How long a slot is.")
    first_answers = SlotSerializer(many=True)
    arrivals = ArrivalSerializer(many=True)
    bought_again_by_ending = EndingSerializer(many=True)


class OverviewView(ReportView):
    @extend_schema(operation_id="reports_overview", parameters=[ReportQuery], responses=OverviewSerializer,
                   tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """All figures of the overview, against the period of the same length before."""
        scope, now = self.scope(), timezone.now()
        step = overview.step_of((scope.end - scope.start).days)
        again = returning.repeat(scope, now)
        slots = [
            {"first_day": s.day, "kept": s.kept, "missed": s.missed, "answers": s.n, "median": s.median}
            for s in overview.first_answers(scope, step)
        ]
        return Response(_moved(scope) | {
            "bought_again": figure(again.percent, again.interval, again.n), "step": step, "first_answers": slots,
            "arrivals": [{"weekday": weekday, "hour": hour, "opened": n}
                         for (weekday, hour), n in sorted(overview.arrivals(scope).items())],
            "bought_again_by_ending": [{"ending": name} | figure(share.percent, share.interval, share.n)
                                       for name, share in returning.service(scope, now).endings],
        })  # fmt: skip


def _moved(scope: Any) -> dict[str, Any]:
    earlier = satisfaction.before(scope)
    (n, median), (_n, was) = overview.waited(scope), overview.waited(earlier)
    kept, kept_before = overview.attained(scope), overview.attained(earlier)
    low, high = kept.interval
    share = None if kept.share is None else 100 * kept.share
    body = {
        "first_answer_median": {"value": median.seconds, "low": median.low, "high": median.high, "n": n}
        | _change(overview.slower(median, was)),
        "first_answer_in_time": figure(share, (100 * low, 100 * high), kept.n)
        | _change(overview.kept_change(kept, kept_before))
        | {"overdue": figures.overdue_counts(scope, timezone.now())[Target.FIRST]},
    }
    scored, scored_before = satisfaction.scores(scope), satisfaction.scores(earlier)
    for kind, one in scored.items():
        body[kind] = figure(one.value, one.interval, one.n) | _change(satisfaction.change(one, scored_before[kind]))
    return body


def _change(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {"change": None}
    return {"change": {"value": change.value, "low": finite(change.low), "high": finite(change.high),
                       "real": change.is_real}}  # fmt: skip
