"""Merging, splitting and linking tickets, and taking each back."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from people.api.base import StrictSerializer
from people.models import Agent, Team
from tickets import actions
from tickets.actions.linking import SAID
from tickets.api.base import SpineView
from tickets.api.filters import IdField
from tickets.api.queries import ticket_rows
from tickets.api.serializers import TicketSerializer, UtcField
from tickets.errors import InvalidInput, NotFound
from tickets.models import Relocation, RelocationKind

T = TypeVar("T", bound=Model)


class RelocationSerializer(serializers.Serializer[Any]):
    """A merge or split. `source_ticket` is where the messages were, `target_ticket` where they went."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=RelocationKind.values)
    source_ticket = serializers.IntegerField(source="source_id")
    target_ticket = serializers.IntegerField(source="target_id")
    at = UtcField()
    undone_at = UtcField(allow_null=True)


class MergeRequest(StrictSerializer):
    into = IdField(help_text="The ticket that stays.")
    confirm_customers = serializers.BooleanField(required=False, help_text="They may be of two customers.")


class SplitRequest(StrictSerializer):
    messages = serializers.ListField(child=IdField(), min_length=1, max_length=200)
    subject = serializers.CharField(required=False, max_length=500, allow_blank=True)


class LinkRequest(StrictSerializer):
    other = IdField()
    reason = serializers.ChoiceField(choices=[str(reason.value) for reason in SAID], help_text="child: is part of it.")
    note = serializers.CharField(required=False, max_length=200, allow_blank=True)


class HandOverRequest(StrictSerializer):
    agent = IdField(required=False, help_text="Who is to have it.")
    team = IdField(required=False, help_text="Whose it is to be. One of the two, or both.")
    note = serializers.CharField(max_length=100_000, help_text="What they should know.")


class HandedOverSerializer(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    note = serializers.IntegerField(help_text="The note as a message.")


class FollowingSerializer(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    following = serializers.BooleanField()


class LinkSerializer(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    other = serializers.IntegerField()
    reason = serializers.CharField()


class MergeView(SpineView):
    @extend_schema(
        operation_id="tickets_merge", request=MergeRequest, responses={201: RelocationSerializer}, tags=["tickets"]
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Move everything of this ticket into another. It stays as a signpost; `undo` takes it back at any time."""

        def effect() -> tuple[int, Any]:
            form = self.body(MergeRequest)
            done = actions.merge_ticket(
                ticket_id, by=self.agent, into=form["into"], confirmed=form.get("confirm_customers", False)
            )
            return 201, RelocationSerializer(done).data

        return self.once(effect)


class SplitView(SpineView):
    @extend_schema(
        operation_id="tickets_split", request=SplitRequest, responses={201: RelocationSerializer}, tags=["tickets"]
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Make a new ticket of some of its messages."""

        def effect() -> tuple[int, Any]:
            form = self.body(SplitRequest)
            done = actions.split_ticket(
                ticket_id, by=self.agent, messages=form["messages"], subject=form.get("subject", "")
            )
            return 201, RelocationSerializer(done).data

        return self.once(effect)


class UndoView(SpineView):
    @extend_schema(operation_id="relocations_undo", request=None, responses=RelocationSerializer, tags=["tickets"])
    def post(self, request: Request, relocation_id: int) -> HttpResponseBase:
        """Take a merge or split back. What was said since in its threads goes with them."""

        def effect() -> tuple[int, Any]:
            kind = Relocation.objects.filter(pk=relocation_id).values_list("kind", flat=True).first()
            if kind is None:
                raise NotFound("There is no such merge.")
            take_back = actions.undo_split if kind == RelocationKind.SPLIT else actions.undo_merge
            return 200, RelocationSerializer(take_back(relocation_id, by=self.agent)).data

        return self.once(effect)


class SpamView(SpineView):
    @extend_schema(operation_id="tickets_mark_spam", request=None, responses=TicketSerializer, tags=["tickets"])
    def put(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Mark as spam and block the addresses that wrote it."""
        return self.once(lambda: self._done(actions.mark_spam(ticket_id, by=self.agent).pk))

    @extend_schema(
        operation_id="tickets_unmark_spam", request=None, responses={200: TicketSerializer}, tags=["tickets"]
    )
    def delete(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Take that back."""
        return self.once(lambda: self._done(actions.unmark_spam(ticket_id, by=self.agent).pk))

    def _done(self, ticket_id: int) -> tuple[int, Any]:
        return 200, TicketSerializer(ticket_rows(self.tickets.filter(pk=ticket_id)).get()).data


class LinksView(SpineView):
    @extend_schema(operation_id="tickets_link", request=LinkRequest, responses=LinkSerializer, tags=["tickets"])
    def put(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Say that this ticket has to do with another."""
        return self._change(ticket_id, actions.link_tickets)

    @extend_schema(
        operation_id="tickets_unlink", request=LinkRequest, responses={200: LinkSerializer}, tags=["tickets"]
    )
    def delete(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Take such a link back."""
        return self._change(ticket_id, actions.unlink_tickets)

    def _change(self, ticket_id: int, action: Any) -> HttpResponseBase:
        def effect() -> tuple[int, Any]:
            form = self.body(LinkRequest)
            note = {"note": form.get("note", "")} if action is actions.link_tickets else {}
            action(ticket_id, by=self.agent, other=form["other"], reason=form["reason"], **note)
            return 200, LinkSerializer({"ticket": ticket_id, "other": form["other"], "reason": form["reason"]}).data

        return self.once(effect)


class HandOverView(SpineView):
    @extend_schema(
        operation_id="tickets_hand_over",
        request=HandOverRequest,
        responses={201: HandedOverSerializer},
        tags=["tickets"],
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Write a note and give the ticket to a person or a team. You may not see it afterwards."""

        def effect() -> tuple[int, Any]:
            form = self.body(HandOverRequest)
            to = _one(Agent.objects.filter(is_active=True), form, "agent")
            team = _one(Team.objects.all(), form, "team")
            handed = actions.hand_over(ticket_id, by=self.agent, to=to, team=team, note=form["note"])
            return 201, HandedOverSerializer({"ticket": ticket_id, "note": handed.note.pk}).data

        return self.once(effect)


def _one(found: QuerySet[T], form: dict[str, Any], name: str) -> T | None:
    """The row the request names; None when it names none."""
    if name not in form:
        return None
    row = found.filter(pk=form[name]).first()
    if row is None:
        raise InvalidInput(name, _("There is no such agent.") if name == "agent" else _("There is no such team."))
    return row


class FollowingView(SpineView):
    @extend_schema(operation_id="tickets_follow", request=None, responses=FollowingSerializer, tags=["tickets"])
    def put(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Be told of what happens on the ticket."""
        return self._set(ticket_id, on=True)

    @extend_schema(
        operation_id="tickets_unfollow", request=None, responses={200: FollowingSerializer}, tags=["tickets"]
    )
    def delete(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Be told no longer."""
        return self._set(ticket_id, on=False)

    def _set(self, ticket_id: int, *, on: bool) -> HttpResponseBase:
        def effect() -> tuple[int, Any]:
            following = actions.follow_ticket(ticket_id, by=self.agent, on=on)
            return 200, FollowingSerializer({"ticket": ticket_id, "following": following}).data

        return self.once(effect)
