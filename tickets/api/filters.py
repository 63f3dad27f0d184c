"""What the list of tickets can be asked for."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from tickets.api.queries import changed_since
from tickets.api.serializers import PRIORITY_NAMES
from tickets.conditions import ticket_q
from tickets.errors import InvalidInput
from tickets.fields import fields_condition, named_conditions
from tickets.models import Status, TicketField
from tickets.queries import TicketQuerySet
from tickets.search.cursor import Order
from tickets.statuses import named_condition

BIGGEST_ID = 2**63 - 1
PRIORITY_VALUES = {name: value for value, name in PRIORITY_NAMES.items()}


@extend_schema_field(OpenApiTypes.STR)
class OneOrMore(serializers.Field[list[str], Any, Any, Any]):
    """Values of a fixed set, separated by commas."""

    def __init__(self, choices: list[str], **kwargs: Any) -> None:
        self.choices = choices
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        values = [value.strip() for value in str(data).split(",")]
        if wrong := [value for value in values if value not in self.choices]:
            raise serializers.ValidationError(f"“{wrong[0][:40]}” is none of: {', '.join(self.choices)}.")
        return values


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class IdOr(serializers.Field[int | str, Any, Any, Any]):
    """An id, or one of a few words ("me", "none")."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        self.words = words
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int | str:
        text = str(data)
        if text in self.words:
            return text
        if type(data) in (int, str) and re.fullmatch(r"[0-9]{1,19}", text) and 1 <= int(text) <= BIGGEST_ID:
            return int(text)
        raise serializers.ValidationError(f"This is neither an id nor one of: {', '.join(self.words)}.")


class IdField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


class SequenceField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2**31 - 1, **kwargs)


class TicketQuery(StrictSerializer, PageQuery):
    status = OneOrMore(Status.values, required=False, help_text="One or more of: " + ", ".join(Status.values))
    custom_status = IdField(required=False, help_text="A status of the shop's own.")
    assignee = IdOr("me", "none", required=False, help_text="An agent's id, `me` or `none`.")
    team = IdOr("none", required=False, help_text="A team's id or `none`.")
    channel = IdField(required=False)
    brand = IdOr("none", required=False, help_text="A brand's id or `none`: tickets of its channels.")
    customer = IdField(required=False)
    field = serializers.CharField(
        required=False, max_length=400,
        help_text="What is said in fields of the shop's own: `Name=value`, `Name>5`, `Name=` for empty; with commas"
        " between several.",
    )  # fmt: skip
    tag = serializers.CharField(required=False, max_length=60, help_text="Exactly this tag.")
    priority = OneOrMore(
        list(PRIORITY_VALUES), required=False, help_text="One or more of: " + ", ".join(PRIORITY_VALUES)
    )
    due = OneOrMore(["running", "paused", "late"], required=False, help_text="One or more of: running, paused, late.")
    due_before = serializers.DateTimeField(
        required=False, help_text="Only tickets whose deadline lies before (ISO 8601)."
    )
    updated_since = serializers.DateTimeField(
        required=False,
        help_text="Only tickets something happened to since (ISO 8601). To miss nothing, follow /events/ instead.",
    )
    q = serializers.CharField(required=False, max_length=400, help_text="Search: words, “phrases”, #1042, addresses.")
    order = serializers.ChoiceField(
        choices=[one.value for one in Order], default=Order.NEWEST.value,
        help_text="Of a search: `newest` or `best` match first. The best are chosen among the 300 newest found.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["order"] == Order.BEST and "q" not in attrs:
            raise serializers.ValidationError({"order": "Only a search (`q`) has a best match."})
        return attrs


def filter_tickets(tickets: TicketQuerySet, query: dict[str, Any], *, agent_id: int) -> TicketQuerySet:
    """The tickets that fulfil all conditions given; `q` is not among them (search has its own order)."""
    conditions = Q()
    for name in ("channel", "customer"):
        if name in query:
            conditions &= Q(**{f"{name}_id": query[name]})
    for name in ("assignee", "team"):
        if name in query:
            wanted = {"none": None, "me": agent_id}.get(query[name], query[name])
            conditions &= Q(**{f"{name}_id": wanted})
    if "brand" in query:
        conditions &= ticket_q({"brand": (None if query["brand"] == "none" else query["brand"],)})
    if "status" in query:
        conditions &= Q(status__in=query["status"])
    if "custom_status" in query:
        conditions &= named_condition((query["custom_status"],))
    if "priority" in query:
        conditions &= Q(priority__in=[PRIORITY_VALUES[name] for name in query["priority"]])
    if "due" in query:
        conditions &= Q(due_state__in=query["due"])
    if "due_before" in query:
        conditions &= Q(next_due_at__lt=query["due_before"])
    if "tag" in query:
        conditions &= Q(tags__name=query["tag"])
    if "field" in query:
        conditions &= _fields(query["field"])
    if "updated_since" in query:
        conditions &= changed_since(query["updated_since"])
    return tickets.filter(conditions)


def _fields(asked: str) -> Q:
    """Names hold none of these signs, so a comma before a name and a sign parts two conditions."""
    known = list(TicketField.objects.all())
    found: list[str] = []
    for one in re.split(r",(?=[^,=<>]+[=<>])", asked):
        conditions = named_conditions(one, known)
        if not conditions:
            raise InvalidInput("field", _("There is no such field."))
        found += conditions
    return fields_condition(found)
