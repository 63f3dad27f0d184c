"""The number of an order finds the tickets of whoever bought it, in the search, by `order:` and in the palette."""

from __future__ import annotations

import pytest
from django.utils import timezone

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.matching import buyers_of_orders
from commerce.models import Shop
from people.models import Identity
from tests.people import House, make_house, open_ticket, signed_in
from tests.tickets.test_page_costs import counted
from tickets.actions import set_status
from tickets.inbound import Address
from tickets.models import Ticket
from tickets.search.finder import search_tickets

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def ticket(house: House) -> Ticket:
    """Of a customer with two orders, who says the number of none."""
    ticket = open_ticket(
        house.channel, subject="It is late", sender=Address("Iryna", "iryna@c.example"), text="Where is it?"
    )
    open_ticket(house.channel, subject="Other", sender=Address("Otto", "otto@c.example"), text="Mine is broken.")
    shop, now = Shop.objects.create(name="Files", key="k" * 32), timezone.now()
    orders = [
        OrderFacts(external_id=number, number=number, total=100, placed_at=now, changed_at=now, items=(), phone="",
                   email="iryna@c.example", status="paid", currency="EUR")
        for number in ("#987654", "DE-20417")
    ]  # fmt: skip
    keep_orders(shop.pk, orders, at=now)
    Identity.objects.update(trust="verified")
    return ticket


def found(house: House, query: str) -> list[int]:
    return list(search_tickets(house.olena, query).ids)


@pytest.mark.parametrize(
    "query", ["987654", "#987654", "DE-20417", "de-20417", "order:987654", "order:#987654", "order:DE-20417 where",
              "order:DE-20417 status:open"],
)  # fmt: skip
def test_however_it_is_written(house: House, ticket: Ticket, query: str) -> None:
    assert found(house, query) == [ticket.pk]


def test_mails_that_tell_of_it_are_found_too(house: House, ticket: Ticket) -> None:
    courier = open_ticket(house.channel, sender=Address("", "c@post.example"), text="Parcel DE-20417 came back.")
    assert set(found(house, "DE-20417")) == set(found(house, "order:DE-20417")) == {ticket.pk, courier.pk}
    assert found(house, "order:DE-20417 broken") == []
    assert found(house, "order:XX-1") == []


def test_only_where_the_address_is_proven(house: House, ticket: Ticket) -> None:
    Identity.objects.update(trust="claimed")
    assert found(house, "DE-20417") == []
    Identity.objects.update(trust="verified", suspect=True)
    assert found(house, "DE-20417") == []


def test_tickets_stay_found_when_two_are_one_person(house: House, ticket: Ticket) -> None:
    other = Ticket.objects.exclude(pk=ticket.pk).get()
    ticket.customer.merged_into = other.customer
    ticket.customer.save()
    assert set(buyers_of_orders(["DE-20417"])) == {ticket.customer_id, other.customer_id}
    assert set(found(house, "DE-20417")) == {ticket.pk, other.pk}


def test_other_conditions_hold_and_outsiders_find_nothing(house: House, ticket: Ticket) -> None:
    assert list(search_tickets(house.mallory, "DE-20417").ids) == []
    set_status(ticket.pk, by=house.olena, status="solved")
    assert found(house, "order:DE-20417 status:open") == []
    shown = signed_in(house.mallory).get("/search/quick/?q=DE-20417").json()
    assert (shown["tickets"], shown["people"]) == ([], [])


def test_the_palette_offers_them_with_so_many_queries(house: House, ticket: Ticket) -> None:
    client = signed_in(house.olena)
    client.get("/search/quick/?q=DE-20417")
    with counted(12):
        shown = client.get("/search/quick/?q=DE-20417").json()
    assert [one["number"] for one in shown["tickets"]] == [ticket.pk]
    client.get("/search/?q=order:DE-20417")
    with counted(14):
        assert b"It is late" in client.get("/search/?q=order:DE-20417").content
