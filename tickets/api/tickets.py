"""Tickets: the list, one, and changing one."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from people.api.schema import page_of
from tickets.api.base import SpineView
from tickets.api.changes import TicketChange, change_ticket
from tickets.api.filters import TicketQuery, filter_tickets
from tickets.api.queries import ticket_rows
from tickets.api.serializers import TicketSerializer
from tickets.models import Ticket


class TicketsView(SpineView):
    @extend_schema(
        operation_id="tickets_list",
        parameters=[TicketQuery],
        responses=page_of(TicketSerializer, "Ticket"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """Tickets you may see, newest first."""
        query = self.query(TicketQuery)
        tickets = filter_tickets(ticket_rows(self.tickets), query, agent_id=self.agent.pk)
        return self.page(tickets, TicketSerializer, key="-id", query=query)


class TicketView(SpineView):
    @extend_schema(operation_id="tickets_get", responses=TicketSerializer, tags=["tickets"])
    def get(self, request: Request, ticket_id: int) -> Response:
        """One ticket."""
        return Response(TicketSerializer(self.one(ticket_rows(self.tickets), pk=ticket_id)).data)

    @extend_schema(operation_id="tickets_change", request=TicketChange, responses=TicketSerializer, tags=["tickets"])
    def patch(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Change a ticket: all fields sent or, if one of them is refused, none."""

        def effect() -> tuple[int, Any]:
            changes = self.body(TicketChange)
            change_ticket(ticket_id, changes, by=self.agent)
            # Read without the scope: whoever has just handed it to another team still gets to see what became of it.
            return 200, TicketSerializer(ticket_rows(Ticket.objects.filter(pk=ticket_id)).get()).data

        return self.once(effect)
