"""Tickets: the list, one, and changing one."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from events.replica import read
from people.api.base import StrictSerializer
from people.api.pagination import page_body
from people.api.schema import page_of
from people.watching import saw_ticket, searched
from people.written_html import LONGEST, text_of_html
from tickets.actions.begin import MOST_SUBJECT, Beginning, begin_conversation
from tickets.api.base import SpineView
from tickets.api.changes import TicketChange, change_ticket
from tickets.api.filters import IdField, TicketQuery, filter_tickets
from tickets.api.messages import LONGEST_UNDO
from tickets.api.queries import ticket_rows
from tickets.api.serializers import TicketSerializer
from tickets.errors import InvalidInput
from tickets.models import Status, Ticket
from tickets.search.cursor import Order
from tickets.search.finder import search_tickets
from tickets.sensitive.arriving import hide_text


class NewTicket(StrictSerializer):
    """A conversation that you begin: to a customer of yours, or to an address."""

    channel = IdField(help_text="Id of the channel it goes by.")
    customer = IdField(required=False, help_text="Id of a customer you may see.")
    identity = IdField(required=False, help_text="Which of the customer's addresses; without it the best one there.")
    to = serializers.CharField(
        required=False, max_length=320, help_text="Instead: an e-mail address, or a phone number with its country code."
    )
    subject = serializers.CharField(required=False, allow_blank=True, default="", max_length=MOST_SUBJECT)
    text = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    html = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST,
        help_text="Formatting kept, everything active removed. Without `text`, the text is made from it.",
    )  # fmt: skip
    template = IdField(required=False, help_text="An approved template instead of words, where a window is over.")
    values = serializers.ListField(child=serializers.CharField(max_length=1024), required=False, max_length=20)
    then_status = serializers.ChoiceField(
        choices=[Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED], default=Status.PENDING
    )
    undo_seconds = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_UNDO, default=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("customer" in attrs) == ("to" in attrs):
            raise serializers.ValidationError({"to": _("Say either a customer or an address.")})
        if not attrs["text"].strip() and attrs["html"]:
            attrs["text"] = text_of_html(attrs["html"])
        return attrs


class TicketsView(SpineView):
    @extend_schema(
        operation_id="tickets_create", request=NewTicket, responses={201: TicketSerializer}, tags=["tickets"]
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Begin a conversation: the ticket is yours, its first message is queued, and the customer's answer comes to
        it. Nobody waits for you, so no deadline begins. Send an Idempotency-Key: it is a message."""

        def effect() -> tuple[int, Any]:
            fields = self.body(NewTicket)
            wish = Beginning(
                fields["channel"], fields.get("customer"), fields.get("identity"), fields.get("to", ""),
                fields.get("template"), fields.get("values", ()),
            )  # fmt: skip
            said = {name: fields[name] for name in ("text", "html", "subject", "then_status", "undo_seconds")}
            begun = begin_conversation(wish, by=self.agent, **said)
            return 201, TicketSerializer(ticket_rows(Ticket.objects.filter(pk=begun.ticket_id)).get()).data

        return self.once(effect)

    @extend_schema(
        operation_id="tickets_list",
        parameters=[TicketQuery],
        responses=page_of(TicketSerializer, "Ticket"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """Tickets you may see, newest first.

        With `q`, those that match it, last written to first or, with `order=best`, the best match first; combined with
        further conditions a page may then be shorter than `limit`, even empty, while `next` is set: go on.
        """
        query = self.query(TicketQuery)
        if "q" in query:
            searched(self.agent, hide_text(query["q"])[0])
            return self._search(query)
        tickets = filter_tickets(ticket_rows(self.tickets), query, agent_id=self.agent.pk)
        return self.page(tickets, TicketSerializer, key="-id", query=query)

    def _search(self, query: dict[str, Any]) -> Response:
        return read(self.agent.pk, lambda: self._find(query))[0]

    def _find(self, query: dict[str, Any]) -> Response:
        try:
            page = search_tickets(
                self.agent, query["q"], order=Order(query["order"]), after=query.get("cursor", ""), limit=query["limit"]
            )
        except InvalidInput as error:
            raise InvalidInput("cursor", error.message) from error
        found = filter_tickets(self.tickets.filter(pk__in=page.ids), query, agent_id=self.agent.pk)
        by_id = {ticket.pk: ticket for ticket in ticket_rows(found)}
        shown = [by_id[ticket_id] for ticket_id in page.ids if ticket_id in by_id]
        return Response(page_body(self.request, list(TicketSerializer(shown, many=True).data), page.next or None))


class TicketView(SpineView):
    @extend_schema(operation_id="tickets_get", responses=TicketSerializer, tags=["tickets"])
    def get(self, request: Request, ticket_id: int) -> Response:
        """One ticket."""
        return Response(TicketSerializer(self.opened(self.one(ticket_rows(self.tickets), pk=ticket_id))).data)

    @extend_schema(operation_id="tickets_change", request=TicketChange, responses=TicketSerializer, tags=["tickets"])
    def patch(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Change a ticket: all fields sent or, if one of them is refused, none."""

        def effect() -> tuple[int, Any]:
            changes = self.body(TicketChange)
            change_ticket(ticket_id, changes, by=self.agent)
            saw_ticket(self.agent, ticket_id)
            # Read without the scope: whoever has just handed it to another team still gets to see what became of it.
            return 200, TicketSerializer(ticket_rows(Ticket.objects.filter(pk=ticket_id)).get()).data

        return self.once(effect)
