"""Canned replies, for whoever writes elsewhere."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.schema import page_of
from people.api.serializers import TeamSerializer
from tickets.actions.views import shown_to
from tickets.api.base import SpineView
from tickets.api.serializers import PRIORITY_NAMES, UtcField
from tickets.models import Macro


class MacroQuery(StrictSerializer, PageQuery):
    pass


class MacroSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    team = TeamSerializer(allow_null=True, help_text="null: your own, or everyone's.")
    personal = serializers.SerializerMethodField()
    texts = serializers.SerializerMethodField(help_text='By language, "" for all others; placeholders as written.')
    htmls = serializers.SerializerMethodField(help_text="The same with formatting, where there is any.")
    status = serializers.CharField(help_text='"" leaves it as it is.')
    priority = serializers.SerializerMethodField()
    assign = serializers.CharField(help_text='"", "me", "none" or the id of an agent.')
    tags = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    custom_fields = serializers.DictField(
        child=serializers.CharField(), source="fields", help_text="What is said, by the number of the field."
    )
    used = serializers.IntegerField()
    last_used_at = UtcField(allow_null=True)

    def get_personal(self, macro: Macro) -> bool:
        return macro.owner_id is not None

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_texts(self, macro: Macro) -> dict[str, str]:
        return {one.language: one.text for one in macro.texts.all()}

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_htmls(self, macro: Macro) -> dict[str, str]:
        return {one.language: one.html for one in macro.texts.all() if one.html}

    @extend_schema_field(serializers.ChoiceField(choices=list(PRIORITY_NAMES.values()), allow_null=True))
    def get_priority(self, macro: Macro) -> str | None:
        return PRIORITY_NAMES.get(macro.priority) if macro.priority is not None else None


class MacrosView(SpineView):
    @extend_schema(
        operation_id="macros_list",
        parameters=[MacroQuery],
        responses=page_of(MacroSerializer, "Macro"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """The canned replies you have: your own, those of your teams, and everyone's."""
        macros = Macro.objects.filter(shown_to(self.agent)).select_related("team").prefetch_related("texts")
        return self.page(macros, MacroSerializer, query=self.query(MacroQuery))
