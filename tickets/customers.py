"""Which customers somebody may know of: those with a ticket in their sight. The scope of everything about a person."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from people.models import Agent, Customer

from .models import Ticket


def customers_visible_to(agent: Agent) -> QuerySet[Customer]:
    """Customers with a ticket the agent may see; of joined ones the one who stays. An admin's are all."""
    staying = Customer.objects.filter(merged_into=None)
    if agent.is_active and agent.sees_everything:
        return staying
    seen = Ticket.objects.visible_to(agent)
    own = seen.filter(customer=OuterRef("pk"))
    joined = seen.filter(customer__merged_into=OuterRef("pk"))
    return staying.filter(Q(Exists(own)) | Q(Exists(joined)))


def visible_customer(agent: Agent, customer_id: int) -> Customer | None:
    """The customer if the agent may know of them; for one who was joined, the one they were joined to."""
    named = Customer.objects.filter(pk=customer_id).values_list("pk", "merged_into").first()
    if named is None:
        return None
    return customers_visible_to(agent).filter(pk=named[1] or named[0]).first()


def customers_among(agent: Agent, ids: Collection[int], *, most: int) -> list[Customer]:
    """Those of these customers of whom the agent may know, by name. No query for none."""
    return list(customers_visible_to(agent).filter(pk__in=ids).order_by("name", "pk")[:most]) if ids else []
