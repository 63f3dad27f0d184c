"""Rows with what their representation needs, in a number of statements that does not grow with them."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from events.models import Event
from people.models import Agent, Customer
from tickets.events import TICKET_STREAM
from tickets.models import FieldValue, Message, Ticket
from tickets.queries import TicketQuerySet


def ticket_rows(tickets: TicketQuerySet) -> TicketQuerySet:
    """Tickets with their names, tags and the moment of their last event (one step in an index each)."""
    last = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=OuterRef("pk")).order_by("-sequence")
    values = FieldValue.objects.filter(ticket=OuterRef("pk")).order_by("field__position", "field_id")
    said = values.values(json=JSONObject(name="field__name", kind="field__kind", value="value"))
    return (
        tickets.select_related("channel", "customer", "team", "assignee", "custom_status")
        .prefetch_related("tags", "customer__identities")
        .annotate(
            said_fields=ArraySubquery(said),
            updated_at=Coalesce(Subquery(last.values("recorded_at")[:1]), F("last_message_at")),
        )
    )


def message_rows(messages: QuerySet[Message]) -> QuerySet[Message]:
    return messages.select_related("identity__customer", "agent").prefetch_related("attachments")


def visible_customers(agent: Agent) -> QuerySet[Customer]:
    """Customers with at least one ticket the agent may see; an admin's all, also those without a ticket."""
    customers = Customer.objects.prefetch_related("identities")
    if agent.is_active and agent.sees_everything:
        return customers
    return customers.filter(pk__in=Ticket.objects.visible_to(agent).values("customer_id"))


def changed_since(moment: object) -> Q:
    """Tickets with anything recorded since."""
    events = Event.objects.filter(stream_type=TICKET_STREAM, recorded_at__gte=moment)
    return Q(pk__in=events.values("stream_id"))
