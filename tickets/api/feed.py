"""The ledger through the API: one ticket's history, and everything as a feed to follow."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.serializers import EventSerializer
from events.feed import START, FeedEntry, Position, load_events, newest_settled, read_settled
from events.models import Event
from people.api.base import StrictSerializer
from people.api.pagination import LimitQuery, PageQuery, decode_cursor, encode_cursor, next_address
from people.api.schema import page_of
from tickets.api.base import SpineView
from tickets.api.filters import OneOrMore, SequenceField
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.queries import TicketQuerySet

# So many entries are looked at for one page, so that an agent who sees little does not make us read everything.
WINDOW = 1_000
KINDS = [kind.value for kind in TicketEvent]


class TicketEventsQuery(StrictSerializer, PageQuery):
    after = SequenceField(required=False, help_text="Only later sequences.")


class TicketEventsView(SpineView):
    @extend_schema(
        operation_id="ticket_events_list",
        parameters=[TicketEventsQuery],
        responses=page_of(EventSerializer, "TicketEvent"),
        tags=["events"],
    )
    def get(self, request: Request, ticket_id: int) -> Response:
        """What happened to one ticket, in order."""
        query = self.query(TicketEventsQuery)
        ticket = self.ticket(ticket_id)
        events = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
        events = events.filter(sequence__gt=query.get("after", 0))
        return self.page(events, EventSerializer, key="sequence", query=query)


class FeedQuery(StrictSerializer, LimitQuery):
    """`after` stands in for a page's cursor: unlike that, there is always one to go on from."""

    after = serializers.CharField(
        required=False,
        max_length=200,
        help_text="A `cursor` of an earlier answer, or `now` for only what is new. Without it: from the beginning.",
    )
    kind = OneOrMore(KINDS, required=False, help_text="One or more kinds, separated by commas.")


class FeedView(SpineView):
    @extend_schema(
        operation_id="events_list",
        parameters=[FeedQuery],
        responses=inline_serializer(
            "EventFeed",
            {
                "next": serializers.URLField(allow_null=True, help_text="More is there; null: ask again later."),
                "cursor": serializers.CharField(help_text="Send it as `after` to go on from here, now or in a week."),
                "results": EventSerializer(many=True),
            },
        ),
        tags=["events"],
    )
    def get(self, request: Request) -> Response:
        """Everything that happened to tickets you may see, in an order that never changes behind you.

        A page may be shorter than `limit`, even empty, while `next` is set: go on. Events are told at least once;
        after the database was restored from a copy some come twice, so remember ids if that matters.
        """
        query = self.query(FeedQuery)
        after = _start(query.get("after"))
        entries = read_settled(after, limit=WINDOW + 1)
        shown, position = self._choose(entries, after, query)
        results = EventSerializer(load_events([entry.id for entry in shown]), many=True).data
        more = bool(entries) and entries[-1].position > position
        cursor = encode_cursor(position)
        address = next_address(request, cursor, parameter="after") if more else None
        return Response({"next": address, "cursor": cursor, "results": results})

    def _choose(
        self, entries: list[FeedEntry], after: Position, query: dict[str, Any]
    ) -> tuple[list[FeedEntry], Position]:
        """The entries for this page and the position after everything looked at for it."""
        window = entries[:WINDOW]
        kinds = set(query.get("kind", KINDS))
        wanted = [entry for entry in window if entry.stream_type == TICKET_STREAM and entry.kind in kinds]
        visible = visible_ids(self.tickets, {entry.stream_id for entry in wanted})
        shown = [entry for entry in wanted if entry.stream_id in visible]
        if len(shown) > query["limit"]:
            shown = shown[: query["limit"]]
            return shown, shown[-1].position
        return shown, window[-1].position if window else after


def visible_ids(tickets: TicketQuerySet, ids: set[int]) -> set[int]:
    """Which of the tickets are within the scope."""
    return set(tickets.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _start(after: str | None) -> Position:
    if after is None:
        return START
    return newest_settled() if after == "now" else Position(*decode_cursor(after, width=2))
