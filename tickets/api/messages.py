"""Messages: a ticket's conversation, one message, answering, and taking an answer back."""

from __future__ import annotations

from typing import Any

from django.core.validators import EmailValidator
from django.db import transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.base import StrictSerializer
from people.api.pagination import PageQuery
from people.api.problems import Problem
from people.api.schema import page_of
from people.models import Agent
from people.permissions import Permission
from people.watching import BudgetSpent, saw_ticket
from people.written_html import LONGEST, text_of_html
from tickets import actions
from tickets.actions.base import lock_ticket
from tickets.api.base import SpineView, refusal
from tickets.api.filters import IdField, SequenceField
from tickets.api.queries import message_rows
from tickets.api.serializers import MessageSerializer
from tickets.errors import StaleReply
from tickets.models import Message, Status

MISSED_SHOWN = 20
LONGEST_UNDO = 600
_NEEDED = gettext_lazy(
    "expected_sequence is missing. Send the ticket's message_sequence as you last saw it: nobody answers what they "
    "have not read."
)
REPLY_ONLY = (
    "to", "cc", "bcc", "answers", "reply_all", "confirm_addresses", "then_status", "undo_seconds", "send_at",
)  # fmt: skip


class AddressField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=320, validators=[EmailValidator()], **kwargs)


def address_list(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=AddressField(), required=False, max_length=50, **kwargs)


class NewMessage(StrictSerializer):
    """A reply goes to the customer, a note stays in the house."""

    kind = serializers.ChoiceField(choices=["reply", "note"])
    text = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    html = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST,
        help_text="Formatting kept, everything active removed. Without `text`, the text is made from it.",
    )  # fmt: skip
    expected_sequence = SequenceField(
        required=False, allow_null=True,
        help_text="The ticket's message_sequence when you last looked; more has come since: 409 with what you missed. "
        "A reply needs it.",
    )  # fmt: skip
    to = address_list(help_text="Without it: the people of the message answered.")
    cc = address_list()
    bcc = address_list()
    answers = IdField(required=False, help_text="Id of the message answered; without it the last one from outside.")
    reply_all = serializers.BooleanField(required=False)
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=20, help_text="Ids of uploaded attachments."
    )
    confirm_addresses = address_list(help_text="New outside addresses that are meant.")
    undo_seconds = serializers.IntegerField(
        required=False, min_value=0, max_value=LONGEST_UNDO,
        help_text="How long the reply waits and can be withdrawn. Default 0.",
    )  # fmt: skip
    send_at = serializers.DateTimeField(
        required=False, help_text="A moment within a year instead of now; until then it can be withdrawn."
    )
    hold_on_answer = serializers.BooleanField(
        required=False, default=True, help_text="With `send_at`: hold it back if the customer writes before."
    )
    then_status = serializers.ChoiceField(
        choices=[Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED], required=False,
        help_text="The ticket's status once the reply is queued.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["text"].strip() and attrs["html"]:
            attrs["text"] = text_of_html(attrs["html"])
        if attrs["kind"] == "reply" and attrs.get("expected_sequence") is None:
            raise Problem(422, "sequence_missing", str(_NEEDED), fields=["expected_sequence"])
        if attrs["kind"] == "note" and (wrong := [name for name in REPLY_ONLY if attrs.get(name)]):
            raise serializers.ValidationError({name: _("A note has no such field.") for name in wrong})
        if attrs.get("send_at") and "undo_seconds" in attrs:
            raise serializers.ValidationError({"undo_seconds": _("A reply for later waits for its own moment.")})
        return attrs


class MessagesQuery(StrictSerializer, PageQuery):
    after = SequenceField(required=False, help_text="Only later sequences.")


class MessagesView(SpineView):
    @extend_schema(
        operation_id="messages_list",
        parameters=[MessagesQuery],
        responses=page_of(MessageSerializer, "Message"),
        tags=["messages"],
    )
    def get(self, request: Request, ticket_id: int) -> Response:
        """The messages of a ticket, oldest first: from outside, replies and notes."""
        query = self.query(MessagesQuery)
        messages = message_rows(Message.objects.filter(ticket=self.opened(self.ticket(ticket_id))))
        messages = messages.filter(sequence__gt=query.get("after", 0))
        return self.page(messages, MessageSerializer, key="sequence", query=query)

    @extend_schema(
        operation_id="messages_create", request=NewMessage, responses={201: MessageSerializer}, tags=["messages"]
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Answer the customer, or leave a note. The reply is queued when this returns; `delivery` says how it fares."""

        def effect() -> tuple[int, Any]:
            fields = self.body(NewMessage)
            message = write_message(ticket_id, fields, by=self.agent)
            return 201, MessageSerializer(message_rows(Message.objects.filter(pk=message.pk)).get()).data

        return self.once(effect)

    def translate(self, exc: Exception) -> Exception:
        """A stale writer gets what they missed; they may see the ticket, or the guard would not have spoken."""
        if isinstance(exc, StaleReply):
            return self._missed(exc)
        return super().translate(exc)

    def _missed(self, error: StaleReply) -> Exception:
        problem = stale_problem(self.kwargs["ticket_id"], error)
        if not self.may_read:
            del problem.members["missed"]  # who may only write reads nothing
            return problem
        try:
            saw_ticket(self.agent, self.kwargs["ticket_id"])
        except BudgetSpent as spent:
            return super().translate(spent)
        return problem


def write_message(ticket_id: int, fields: dict[str, Any], *, by: Agent) -> Message:
    """One reply or note by the action that belongs to it."""
    given = dict(fields)
    kind, expected = given.pop("kind"), given.pop("expected_sequence", None)
    given["attachments"] = tuple(given.get("attachments", ()))
    if kind == "note":
        return _add_note(ticket_id, given, expected, by=by)
    given["confirmed"] = tuple(given.pop("confirm_addresses", ()))
    given["bcc"] = tuple(given.get("bcc", ()))
    given.setdefault("undo_seconds", 0)
    return actions.reply(ticket_id, by=by, expected=expected, **given)


def _add_note(ticket_id: int, given: dict[str, Any], expected: int | None, *, by: Agent) -> Message:
    shared = {name: given[name] for name in ("text", "html", "attachments")}
    with transaction.atomic():
        if expected is not None:
            ticket = lock_ticket(ticket_id, by=by, permission=Permission.NOTE)
            if ticket.message_sequence > expected:
                missed = range(expected + 1, ticket.message_sequence + 1)
                raise StaleReply(_("There is something new in this ticket."), missed)
        return actions.add_note(ticket_id, by=by, **shared)


def stale_problem(ticket_id: int, error: StaleReply) -> Problem:
    """409 with the messages missed (the last ones, if there are many) and the sequence to send next."""
    missed = sorted(error.missed)
    rows = message_rows(Message.objects.filter(ticket=ticket_id, sequence__in=missed[-MISSED_SHOWN:]))
    problem = refusal(error)
    problem.members = {
        "current_sequence": missed[-1] if missed else None,
        "missed_count": len(missed),
        "missed": MessageSerializer(list(rows.order_by("sequence")), many=True).data,
    }
    return problem


class MessageView(SpineView):
    @extend_schema(operation_id="messages_get", responses=MessageSerializer, tags=["messages"])
    def get(self, request: Request, message_id: int) -> Response:
        """One message; for a reply, with the state of its delivery."""
        message = self.one(self._rows(), pk=message_id)
        saw_ticket(self.agent, message.ticket_id)
        return Response(MessageSerializer(message).data)

    def _rows(self) -> Any:
        return message_rows(Message.objects.filter(ticket__in=self.tickets))


class WithdrawalView(SpineView):
    @extend_schema(operation_id="messages_withdraw", request=None, responses=MessageSerializer, tags=["messages"])
    def post(self, request: Request, message_id: int) -> HttpResponseBase:
        """Take a reply back that has not gone out yet (409 once it has). Its text becomes your draft again."""

        def effect() -> tuple[int, Any]:
            message = actions.withdraw_reply(message_id, by=self.agent)
            return 200, MessageSerializer(message_rows(Message.objects.filter(pk=message.pk)).get()).data

        return self.once(effect)
