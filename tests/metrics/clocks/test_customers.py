"""Promises that ask who the customer is: noted in the ticket's history, planned anew when it is no longer true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from events.models import Event
from metrics.clocks.customers import country_of
from metrics.clocks.replan import replan_all, replan_changed_customers
from metrics.models import Clock, Policy
from metrics.rules import freeze
from metrics.verify import differences
from people.models import Customer, Identity, IdentityKind, Trust
from tests.metrics.shop import ask, clocks, database_now, make_policy, settle, sla_events
from tests.people import House, assert_gapless, make_house, row_counts
from tickets import actions
from tickets.inbound import Address
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def house() -> House:
    cache.clear()
    return make_house()


def promise_to(conditions: dict[str, list[str]], *, seconds: int = 600) -> Policy:
    """A policy asked before the one for everything."""
    everything = Policy.objects.get(name="Everything")
    Policy.objects.filter(pk=everything.pk).update(position=9)
    policy = Policy.objects.create(
        name=f"{conditions}", position=0, calendar=everything.calendar, conditions=conditions, first_seconds=seconds
    )
    freeze(by=None)
    return policy


def buys(email: str, *totals: int, ago: timedelta = HOUR, currency: str = "EUR") -> None:
    shop, _ = Shop.objects.get_or_create(name="Lumen", defaults={"key": "l" * 32})
    at = database_now() - ago
    keep_orders(shop.pk, [
        OrderFacts(f"{email}{n}{ago}", "1", "paid", currency, total, at, at, email=email)
        for n, total in enumerate(totals)
    ], at=at)  # fmt: skip


def due_in(ticket: Ticket) -> list[timedelta | None]:
    return [clock.due_at and clock.due_at - ticket.opened_at for clock in clocks(ticket)]


def noted(ticket: Ticket) -> list[dict[str, object]]:
    found = Event.objects.filter(stream_type="ticket", stream_id=ticket.pk, kind="sla.customer_noted")
    return list(found.order_by("sequence").values_list("data", flat=True))


def test_nothing_is_noted_while_no_policy_asks(house: House) -> None:
    make_policy()
    ticket = ask(house.channel, verdict="pass")
    assert noted(ticket) == []
    before = row_counts()
    assert replan_changed_customers() == 0
    assert row_counts() == before


@pytest.mark.parametrize(
    ("conditions", "orders", "fits"),
    [
        ({"segment": ["repeat"]}, (100, 100), True),
        ({"segment": ["repeat"]}, (100,), False),
        ({"segment": ["repeat", "bought"]}, (100,), True),
        ({"segment": ["never_bought"]}, (), True),
        ({"segment": ["never_bought"]}, (100,), False),
        ({"tier": ["gold"]}, (9000,), True),
        ({"tier": ["bronze"]}, (100,), True),
        ({"tier": ["gold", "silver"]}, (100,), False),
        ({"segment": ["bought"], "region": ["UA"]}, (100,), False),
    ],
)
def test_the_first_answer_is_promised_by_who_asks(
    house: House, conditions: dict[str, list[str]], orders: tuple[int, ...], fits: bool
) -> None:
    make_policy()
    promise_to(conditions)
    for number in range(9):
        buys(f"other{number}@x.example", 1000 + number)
    buys("zoe@customer.example", *orders)
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    assert due_in(ticket) == [timedelta(minutes=10) if fits else HOUR]
    assert list(differences()) == []
    assert_gapless(ticket.pk)


def test_what_holds_from_the_opening_counts_from_there(house: House) -> None:
    """A mail that lay for an hour before anybody planned it: late by the shorter promise, not by the longer one."""
    make_policy(first_seconds=7 * 3600)
    promise_to({"segment": ["bought"]})
    buys("zoe@customer.example", 100)
    ticket = ask(house.channel, ago=HOUR, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    assert due_in(ticket) == [timedelta(minutes=10)]
    assert noted(ticket) == [{"segment": ["best", "bought"], "from_opening": True}]
    actions.reply(ticket.pk, by=house.olena, text="Sorry.", undo_seconds=0)
    settle()
    assert len(noted(ticket)) == 1, "the same is not noted twice"
    assert [clock.breached_at is not None for clock in clocks(ticket)] == [True]
    assert list(differences()) == []


def test_who_buys_again_is_promised_more_from_then_on(house: House) -> None:
    make_policy()
    promise_to({"segment": ["repeat"]})
    buys("zoe@customer.example", 100)
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    other = ask(house.channel, sender=Address("N", "n@n.example"), verdict="pass")
    assert due_in(ticket) == due_in(other) == [HOUR]
    assert replan_changed_customers() == 0
    buys("zoe@customer.example", 100, ago=timedelta(minutes=1))
    assert (replan_changed_customers(), replan_changed_customers()) == (1, 0)
    assert (due_in(ticket), due_in(other)) == ([timedelta(minutes=10)], [HOUR])
    assert [data["segment"] for data in noted(ticket)] == [["best", "bought"], ["best", "bought", "repeat"]]
    assert list(differences()) == []
    ticket.refresh_from_db()
    assert ticket.next_due_at == clocks(ticket)[0].due_at


def test_what_is_over_keeps_its_promise(house: House) -> None:
    make_policy()
    promise_to({"segment": ["bought"]})
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    actions.reply(ticket.pk, by=house.olena, text="Yes.", undo_seconds=0)
    settle()
    kept = Clock.objects.filter(ticket=ticket).values().get()
    buys("zoe@customer.example", 100)
    assert replan_changed_customers() == 0
    assert Clock.objects.filter(ticket=ticket).values().get() == kept


def test_a_policy_that_begins_to_ask_plans_open_tickets_anew(house: House) -> None:
    make_policy()
    buys("zoe@customer.example", 100)
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    promise_to({"segment": ["bought"]})
    assert replan_all() == 1
    assert due_in(ticket) == [timedelta(minutes=10)]
    assert [kind for kind, _percent in sla_events(ticket)] == ["sla.replanned", "sla.customer_noted"]
    assert "from_opening" not in noted(ticket)[0]
    assert list(differences()) == []


def test_a_joined_customer_brings_what_they_bought(house: House) -> None:
    make_policy()
    promise_to({"segment": ["bought"]})
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    assert due_in(ticket) == [HOUR]
    buys("zoe@work.example", 100)
    elsewhere = Customer.objects.create(name="Zoe", merged_into_id=ticket.customer_id)
    Identity.objects.create(customer=elsewhere, kind=IdentityKind.EMAIL, value="zoe@work.example", trust=Trust.VERIFIED)
    assert replan_changed_customers() == 1
    assert due_in(ticket) == [timedelta(minutes=10)]


def test_the_region_is_the_telephones_else_the_languages(house: House) -> None:
    make_policy()
    promise_to({"region": ["AT"]})
    ticket = ask(house.channel, sender=Address("Zoe", "zoe@customer.example"), verdict="pass")
    assert due_in(ticket) == [HOUR]
    Customer.objects.filter(pk=ticket.customer_id).update(locale="de-AT")
    assert replan_changed_customers() == 1
    assert due_in(ticket) == [timedelta(minutes=10)]
    Identity.objects.create(customer_id=ticket.customer_id, kind=IdentityKind.PHONE, value="+380671110022")
    assert replan_changed_customers() == 1
    assert (due_in(ticket), noted(ticket)[-1]["region"]) == ([HOUR], "UA")


@pytest.mark.parametrize(
    ("number", "country"), [("+380671110022", "UA"), ("+436641234567", "AT"), ("0671110022", ""), ("hidden", "")]
)
def test_a_number_names_its_country(number: str, country: str) -> None:
    assert country_of(number) == country
