"""Notes on days as JSON, and writing them: the same actions as the page, the same sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.annotations import LONGEST, remove_annotation, visible_annotations, write_annotation
from metrics.api.views import ReportView
from metrics.models import Annotation
from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.schema import page_of
from tickets.api.base import SpineView


class AnnotationQuery(StrictSerializer, PageQuery):
    pass


class AnnotationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    day = serializers.DateField()
    text = serializers.CharField()
    channel = serializers.IntegerField(source="channel_id", allow_null=True, help_text="null: all.")
    team = serializers.IntegerField(source="team_id", allow_null=True, help_text="null: all.")


class AnnotationBody(StrictSerializer):
    day = serializers.DateField()
    text = serializers.CharField(max_length=LONGEST)
    channel = serializers.IntegerField(allow_null=True, default=None)
    team = serializers.IntegerField(allow_null=True, default=None)


class _AnnotationView(ReportView):
    translate: Callable[..., Exception] = SpineView.translate

    def write(self, annotation_id: int | None) -> Annotation:
        body = self.body(AnnotationBody)
        return write_annotation(
            annotation_id, by=self.agent, day=body["day"], text=body["text"], channel_id=body["channel"],
            team_id=body["team"],
        )  # fmt: skip


class AnnotationsView(_AnnotationView):
    @extend_schema(operation_id="annotations_list", parameters=[AnnotationQuery],
                   responses=page_of(AnnotationSerializer, "Annotation"), tags=["reports"])  # fmt: skip
    def get(self, request: Request) -> Response:
        """What was noted on days, of all and of what you see."""
        return self.page(visible_annotations(self.agent), AnnotationSerializer, query=self.query(AnnotationQuery))

    @extend_schema(operation_id="annotations_write", request=AnnotationBody, responses={201: AnnotationSerializer},
                   tags=["reports"])  # fmt: skip
    def post(self, request: Request) -> HttpResponseBase:
        """Note something down. For whoever looks after what is shared."""
        return self.once(lambda: (201, dict(AnnotationSerializer(self.write(None)).data)))


class AnnotationView(_AnnotationView):
    @extend_schema(operation_id="annotations_change", request=AnnotationBody, responses=AnnotationSerializer,
                   tags=["reports"])  # fmt: skip
    def put(self, request: Request, annotation_id: int) -> HttpResponseBase:
        """Write a note anew."""
        return self.once(lambda: (200, dict(AnnotationSerializer(self.write(annotation_id)).data)))

    @extend_schema(operation_id="annotations_remove", request=None, responses={204: None}, tags=["reports"])
    def delete(self, request: Request, annotation_id: int) -> HttpResponseBase:
        """Take a note away; once more changes nothing."""

        def effect() -> tuple[int, Any]:
            remove_annotation(annotation_id, by=self.agent)
            return 204, None

        return self.once(effect)
