"""Passing messages on, and choosing another moment for a reply that waits for its own."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from people.api.base import StrictSerializer
from people.written_html import LONGEST, text_of_html
from tickets import actions
from tickets.api.base import SpineView
from tickets.api.filters import IdField
from tickets.api.messages import LONGEST_UNDO, address_list
from tickets.api.queries import message_rows
from tickets.api.serializers import MessageSerializer
from tickets.models import Message


class NewForward(StrictSerializer):
    """A mail to somebody who is not the customer, in a conversation of its own. Notes never go along."""

    to = address_list(allow_empty=False)
    cc = address_list()
    bcc = address_list()
    confirm_addresses = address_list(help_text="Every address once more: each forward is a new conversation.")
    message = IdField(required=False, help_text="The message passed on; without it all said with the customer.")
    text = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    html = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST,
        help_text="Formatting kept, everything active removed. Without `text`, the text is made from it.",
    )  # fmt: skip
    originals = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=100,
        help_text="Ids of files of what is passed on; without it all of them go along.",
    )  # fmt: skip
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=20, help_text="Ids of uploaded attachments."
    )
    undo_seconds = serializers.IntegerField(
        required=False, min_value=0, max_value=LONGEST_UNDO, default=0, help_text="How long it can be withdrawn."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].required = True

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["text"].strip() and attrs["html"]:
            attrs["text"] = text_of_html(attrs["html"])
        return attrs


class ForwardsView(SpineView):
    @extend_schema(
        operation_id="messages_forward", request=NewForward, responses={201: MessageSerializer}, tags=["messages"]
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Pass one message on, or all that was said with the customer, with their files."""

        def effect() -> tuple[int, Any]:
            fields = self.body(NewForward)
            confirmed = tuple(fields.pop("confirm_addresses", ()))
            return 201, _shown(actions.forward(ticket_id, by=self.agent, confirmed=confirmed, **fields))

        return self.once(effect)


class NewMoment(StrictSerializer):
    """One of the two."""

    send_at = serializers.DateTimeField(required=False, help_text="Another moment, within a year.")
    now = serializers.BooleanField(required=False, help_text="True: send it at once.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("send_at")) == bool(attrs.get("now")):
            raise serializers.ValidationError({"send_at": _("Give either a moment or now.")})
        return attrs


class ScheduleView(SpineView):
    @extend_schema(operation_id="messages_schedule", request=NewMoment, responses=MessageSerializer, tags=["messages"])
    def post(self, request: Request, message_id: int) -> HttpResponseBase:
        """Choose another moment for a reply that waits for its own or was held back (409 once it is on its way)."""

        def effect() -> tuple[int, Any]:
            fields = self.body(NewMoment)
            if fields.get("now"):
                return 200, _shown(actions.send_scheduled_now(message_id, by=self.agent))
            return 200, _shown(actions.reschedule_reply(message_id, by=self.agent, send_at=fields["send_at"]))

        return self.once(effect)


def _shown(message: Message) -> Any:
    return MessageSerializer(message_rows(Message.objects.filter(pk=message.pk)).get()).data
