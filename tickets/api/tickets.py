"""Tickets: the list, one, and changing one."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from events.replica import read
from people.api.pagination import page_body
from people.api.schema import page_of
from people.watching import searched
from tickets.api.base import SpineView
from tickets.api.changes import TicketChange, change_ticket
from tickets.api.filters import TicketQuery, filter_tickets
from tickets.api.queries import ticket_rows
from tickets.api.serializers import TicketSerializer
from tickets.errors import InvalidInput
from tickets.models import Ticket
from tickets.search.finder import search_tickets
from tickets.sensitive.arriving import hide_text


class TicketsView(SpineView):
    @extend_schema(
        operation_id="tickets_list",
        parameters=[TicketQuery],
        responses=page_of(TicketSerializer, "Ticket"),
        tags=["tickets"],
    )
    def get(self, request: Request) -> Response:
        """Tickets you may see, newest first.

        With `q`, those that match it, last written to first; combined with further conditions a page may then be
        shorter than `limit`, even empty, while `next` is set: go on.
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
            page = search_tickets(self.agent, query["q"], after=query.get("cursor", ""), limit=query["limit"])
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
            # Read without the scope: whoever has just handed it to another team still gets to see what became of it.
            return 200, TicketSerializer(ticket_rows(Ticket.objects.filter(pk=ticket_id)).get()).data

        return self.once(effect)
