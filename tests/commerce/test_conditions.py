"""Views by the customer's segment: the same customers as `segments_of` names one by one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from commerce.conditions import _SQL
from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from commerce.segments import segments, segments_of
from people.models import Customer, Identity, IdentityKind
from tests.people import House, make_house, open_ticket
from tickets.actions.views import Audience, save_view
from tickets.conditions import ticket_q
from tickets.inbound import Address
from tickets.models import SavedView, Ticket

pytestmark = pytest.mark.django_db
# Name of the customer, and what they bought: total, days ago, more.
BOUGHT: list[tuple[str, list[tuple[int, int, dict[str, Any]]]]] = [
    ("nothing", []),
    ("once", [(5_000, 10, {})]),
    ("twice", [(5_000, 10, {}), (4_000, 20, {})]),
    ("cancelled", [(90_000, 10, {"status": "cancelled"})]),
    ("rich", [(90_000, 10, {})]),
    ("rich-long-ago", [(95_000, 500, {})]),
    ("given-back", [(95_000, 10, {"refunded": 94_000}), (100, 9, {})]),
    ("elsewhere", [(7_000, 10, {"currency": "UAH"})]),
    ("by-phone", [(5_000, 10, {"email": "", "phone": "+380501112233"})]),
]


@pytest.fixture
def house() -> House:
    cache.clear()
    return make_house()


@pytest.fixture
def tickets(house: House) -> dict[str, Ticket]:
    """One ticket of each of them, every address proven."""
    shop = Shop.objects.create(name="Files", key="k" * 32)
    now, orders = timezone.now(), []
    made = {}
    for name, bought in BOUGHT:
        made[name] = open_ticket(house.channel, sender=Address(name, f"{name}@c.example"))
        for total, days, more in bought:
            at = now - timedelta(days=days)
            fields: dict[str, Any] = {"email": f"{name}@c.example", "phone": "", "status": "paid", "currency": "EUR"}
            number = f"{name}-{total}"
            orders.append(OrderFacts(**{"external_id": number, "number": number, "total": total, "placed_at": at,
                                        "changed_at": at, "items": (), **fields, **more}))  # fmt: skip
    keep_orders(shop.pk, orders, at=now)
    Identity.objects.create(
        customer=made["by-phone"].customer, kind=IdentityKind.PHONE, value="+380501112233", trust="verified"
    )
    Identity.objects.update(trust="verified")
    return made


def found(*values: str) -> set[int]:
    return set(Ticket.objects.filter(ticket_q({"segment": values})).values_list("pk", flat=True))


def test_a_segment_is_the_same_everywhere(tickets: dict[str, Ticket]) -> None:
    assert set(_SQL) == {key for key, _name in segments()}
    for key in _SQL:
        expected = {one.pk for one in tickets.values() if key in segments_of(one.customer_id)}
        assert found(key) == expected, key
        assert expected, key
    assert found("repeat", "best") == found("repeat") | found("best")
    assert found("moon") == set()


def test_only_proven_addresses_count_and_those_of_who_was_joined(tickets: dict[str, Ticket]) -> None:
    alone, other = tickets["nothing"], tickets["twice"]
    Customer.objects.filter(pk=other.customer_id).update(merged_into=alone.customer_id)
    assert alone.pk in found("repeat")
    Identity.objects.filter(customer=other.customer_id).update(trust="claimed")
    assert alone.pk not in found("bought")


def test_a_view_of_regular_customers(house: House, tickets: dict[str, Ticket]) -> None:
    client = Client()
    client.force_login(house.olena)
    assert "Has bought twice or more" in client.get("/views/new/").content.decode()
    data = {"name": "Regulars", "audience": "mine", "order": "newest", "segment": ["repeat"]}
    assert client.post("/views/new/", data).status_code == 302
    view = SavedView.objects.get()
    assert view.where == {"segment": ["repeat"]}
    page = client.get(f"/inbox/{view.key}/rows/").json()["html"]
    shown = {one.pk for one in tickets.values() if f'id="row-{one.pk}"' in page}
    assert shown == found("repeat") == {tickets["twice"].pk, tickets["given-back"].pk}
    assert re.search(r'value="repeat"[^>]* checked', client.get(f"/views/{view.pk}/").content.decode())


def test_without_a_shop_nothing_of_the_kind_is_offered(house: House) -> None:
    client = Client()
    client.force_login(house.olena)
    assert "Has bought" not in client.get("/views/new/").content.decode()
    view = save_view(None, by=house.olena, name="X", audience=Audience(owner=house.olena), where={"segment": ["best"]})
    assert client.get(f"/inbox/{view.key}/rows/").status_code == 200
