"""Whose orders are a customer's: proven addresses only, at the moment somebody asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from people.models import Customer, Identity
from tests.api.client import Api
from tests.metrics.shop import lead
from tests.people import House, make_house, open_ticket, row_counts

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def house() -> House:
    return make_house()


def order(number: int, *, email: str = "zoe@customer.example", phone: str = "", **fields: object) -> OrderFacts:
    values: dict = {  # type: ignore[type-arg]
        "external_id": f"N-{number}", "number": str(number), "status": "paid", "currency": "EUR", "total": 5000,
        "placed_at": AT + timedelta(days=number), "changed_at": AT + timedelta(days=number),
        "items": ({"sku": "", "title": "Tent pegs", "quantity": 2, "price": 2500},),
    }  # fmt: skip
    return OrderFacts(email=email, phone=phone, **(values | fields))


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(name="Files", key="k" * 32)


def side(house: House, ticket_id: int) -> str:
    client = Client()
    client.force_login(house.olena)
    return client.get(reverse("ticket_orders", args=[ticket_id])).content.decode()


def test_proven_addresses_show_orders_and_claimed_ones_only_that_there_are_some(house: House, shop: Shop) -> None:
    ticket = open_ticket(house.channel)
    orders = [order(1), order(2, status="cancelled"), order(3, refunded=1000), order(4, email="else@x.example")]
    keep_orders(shop.pk, orders, at=AT)
    assert "Tent pegs" not in side(house, ticket.pk) and "3 orders stand under addresses" in side(house, ticket.pk)
    Identity.objects.update(trust="verified")
    page = side(house, ticket.pk)
    assert (
        "3 orders" in page
        and "90.00" in page
        and "#1 " in page
        and "#4" not in page
        and "10.00\xa0EUR given back" in page
    )
    Identity.objects.update(suspect=True)
    assert "No orders under" in side(house, ticket.pk)


def test_a_phone_and_a_merged_customer_count_too(house: House, shop: Shop) -> None:
    ticket = open_ticket(house.channel)
    twin = Customer.objects.create(name="Zoe B", merged_into_id=ticket.customer_id)
    Identity.objects.create(customer=twin, kind="phone", value="+380671110022", trust="signed")
    keep_orders(shop.pk, [order(1, email="", phone="+380671110022"), order(2, email="no@x.example")], at=AT)
    assert "1 order" in side(house, ticket.pk)


def test_the_side_is_for_who_sees_the_ticket_and_costs_the_same_with_many(house: House, shop: Shop) -> None:
    ticket = open_ticket(house.channel)
    Identity.objects.update(trust="verified")
    client = Client()
    client.force_login(house.mallory)
    assert client.get(reverse("ticket_orders", args=[ticket.pk])).status_code == 404
    keep_orders(shop.pk, [order(1)], at=AT)
    client.force_login(house.olena)
    client.get(reverse("ticket_orders", args=[ticket.pk]))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("ticket_orders", args=[ticket.pk]))
    keep_orders(shop.pk, [order(n) for n in range(2, 60)], at=AT)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("ticket_orders", args=[ticket.pk]))
    assert len(many) == len(few) <= 10


def test_the_api_keeps_orders_for_leads_and_reads_them_for_who_sees_the_customer(house: House, shop: Shop) -> None:
    ticket = open_ticket(house.channel)
    Identity.objects.update(trust="verified")
    said = {"external_id": "7", "status": "paid", "currency": "eur", "total": "19.90", "email": "ZOE@customer.example",
            "placed_at": "2026-05-01T10:00:00Z", "changed_at": "2026-05-01T10:00:00Z"}  # fmt: skip
    body = {"shop": shop.pk, "orders": [said]}
    olena, before = Api.of(house.olena), row_counts()
    answer = olena.post("orders/", body)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert row_counts() == before
    api = Api.of(lead(house.ben))
    assert api.post("orders/", body).body == {"added": 1, "changed": 0}
    assert api.post("orders/", body).body == {"added": 0, "changed": 0}
    assert api.post("orders/", {"shop": shop.pk, "orders": [said | {"total": "free"}]}).status == 400
    assert (
        api.post("orders/", {"shop": shop.pk, "orders": [said | {"placed_at": "9999-12-31T23:00:00Z"}]}).status == 400
    )
    assert api.post("orders/", {"shop": 0, "orders": [said]}).status == 404
    theirs = str(ticket.customer_id)
    [found] = Api.of(house.vera).get("orders/", customer=theirs).body["results"]
    assert (found["total"], found["currency"], found["number"]) == ("19.90", "EUR", "7")
    assert Api.of(house.mallory).get("orders/", customer=theirs).status == 404
    assert Api().get("orders/", customer=theirs).status == 401
