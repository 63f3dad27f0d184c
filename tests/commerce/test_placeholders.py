"""Canned replies speak of the order a ticket is about, of orders proven the customer's, and of nothing else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from commerce.models import Buyer, Order, Shop
from commerce.placeholders import order_of_ticket, order_values
from people.models import Identity, Trust
from tests.people import NOW, House, make_house, open_ticket
from tickets import actions
from tickets.actions.macros import Content, save_macro, use_macro
from tickets.actions.views import Audience
from tickets.errors import InvalidInput
from tickets.models import Message, Ticket
from tickets.placeholders import known_placeholders

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop.objects.create(name="Nordvik", kind="woocommerce", key="nordvik", secret="")


def order(shop: Shop, number: str, *, days: int, email: str = "zoe@customer.example", **fields: object) -> Order:
    buyer, _made = Buyer.objects.get_or_create(key=f"e:{email}", defaults={"email": email})
    values = {"status": "shipped", "currency": "EUR", "total": 18900, "tracking": f"T{number}"} | fields
    at = NOW - timedelta(days=days)
    return Order.objects.create(
        shop=shop, external_id=number, number=number, buyer=buyer, placed_at=at, changed_at=at, **values
    )


def proven(ticket: Ticket) -> Ticket:
    Identity.objects.filter(customer=ticket.customer_id).update(trust=Trust.VERIFIED)
    return ticket


def test_they_are_known() -> None:
    assert {"order.number", "order.status", "order.tracking", "order.total", "order.date"} <= set(known_placeholders())


@pytest.mark.parametrize(
    ("subject", "text", "number"),
    [
        ("Where is my parcel?", "Hello", "48213"),  # the newest
        ("Order 48190", "Hello", "48190"),
        ("Where is it?", "It is about #48190, please.", "48190"),
        ("Where is it?", "Call 481900 or 4819.", "48213"),  # parts of numbers are none
    ],
)
def test_the_order_the_customer_names_else_the_newest(
    house: House, shop: Shop, subject: str, text: str, number: str
) -> None:
    order(shop, "48190", days=9)
    order(shop, "48213", days=2)
    ticket = proven(open_ticket(house.channel, subject=subject, text=text))
    found = order_of_ticket(ticket)
    assert found is not None
    assert found.number == number


def test_values_in_the_tickets_language(house: House, shop: Shop) -> None:
    order(shop, "48213", days=2)
    ticket = proven(open_ticket(house.channel))
    ticket.language = "en"
    assert order_values(ticket) == {
        "order.number": "48213", "order.status": "Shipped", "order.tracking": "T48213",
        "order.total": "189.00\N{NO-BREAK SPACE}EUR", "order.date": order_values(ticket)["order.date"],
        "order.shop": "Nordvik",
    }  # fmt: skip
    ticket.language = "uk"
    assert order_values(ticket)["order.status"] == "Надіслано"


def test_an_order_under_an_address_somebody_claims_is_not_told(house: House, shop: Shop) -> None:
    order(shop, "48213", days=2)
    assert order_values(open_ticket(house.channel)) == {}


def test_what_is_not_known_stops_the_reply_and_is_named(house: House, shop: Shop) -> None:
    order(shop, "48213", days=2, tracking="")
    ticket = proven(open_ticket(house.channel))
    content = Content(name="Track", texts={"": "Order {{order.number}}: {{order.tracking}}"})
    macro = save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))
    used = use_macro(ticket.pk, macro.pk, by=house.olena, client_id=uuid4())
    assert (used.reply.text, used.reply.missing) == ("Order 48213: {{order.tracking}}", ("order.tracking",))
    with pytest.raises(InvalidInput) as refused:
        actions.reply(ticket.pk, by=house.olena, text=used.reply.text)
    assert refused.value.message == "Fill in or remove: {{order.tracking}}."
    assert not Message.objects.filter(kind="outbound").exists()
