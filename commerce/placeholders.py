"""What canned replies say of an order: {{order.number}} and its like, filled in with the order a ticket is about."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime

from commerce.matching import orders_of_customer
from commerce.models import Order
from commerce.pages.money import write_money
from tickets.languages import language_of
from tickets.models import Message, MessageKind, Ticket
from tickets.placeholders import teach_placeholders

NAMES = ("order.number", "order.status", "order.tracking", "order.total", "order.date", "order.shop")
LOOKED_AT = 30
_TOKEN = re.compile(r"[\w-]+")


def teach() -> None:
    teach_placeholders("order", NAMES, order_values)


def order_values(ticket: Ticket) -> Mapping[str, str]:
    """What is known of the order, in the customer's language; nothing when there is no order of the customer's that is
    proven theirs."""
    order = order_of_ticket(ticket)
    if order is None:
        return {}
    with translation.override(language_of(ticket)):
        return {
            "order.number": order.number, "order.status": str(order.get_status_display()),
            "order.tracking": order.tracking, "order.total": write_money(order.total, order.currency),
            "order.date": date_format(localtime(order.placed_at), "DATE_FORMAT"), "order.shop": order.shop.name,
        }  # fmt: skip


def order_of_ticket(ticket: Ticket) -> Order | None:
    """The newest order whose number the customer wrote, last or in the subject; else their newest one."""
    newest = orders_of_customer(ticket.customer_id).select_related("shop").order_by("-placed_at", "-pk")
    orders = list(newest[:LOOKED_AT])
    if not orders:
        return None
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.INBOUND, pending=False, conversation__aside=False)
    last = said.order_by("-sequence").values_list("text", flat=True).first() or ""
    words = set(_TOKEN.findall(f"{ticket.subject} {last[:20_000]}"))
    return next((one for one in orders if one.number and one.number.lstrip("#") in words), orders[0])
