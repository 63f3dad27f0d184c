"""A customer's orders, as a part of other pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commerce.matching import bought_by
from tickets.inbox.access import agent_of, signed_in
from tickets.inbox.customers import visible_customer
from tickets.models import Ticket

from .money import write_money

BESIDE_A_TICKET, ON_THEIR_PAGE = 5, 50


@require_safe
@signed_in
def ticket_orders(request: HttpRequest, ticket_id: int) -> HttpResponseBase:
    """The orders of a ticket's customer; for whoever may see the ticket."""
    ticket = Ticket.objects.visible_to(agent_of(request)).filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404
    return _shown(request, ticket.customer_id, BESIDE_A_TICKET)


@require_safe
@signed_in
def customer_orders(request: HttpRequest, customer_id: int) -> HttpResponseBase:
    """The newest orders of a customer; for whoever may see a ticket of theirs."""
    return _shown(request, visible_customer(agent_of(request), customer_id).pk, ON_THEIR_PAGE)


def _shown(request: HttpRequest, customer_id: int, most: int) -> HttpResponseBase:
    bought = bought_by(customer_id, most=most)
    context = {
        "bought": bought, "spent": [write_money(amount, currency) for currency, amount in bought.spent],
        "orders": [(order, write_money(order.total, order.currency),
                    write_money(order.refunded, order.currency) if order.refunded else "") for order in bought.orders],
    }  # fmt: skip
    return render(request, "commerce/_orders.html", context)
