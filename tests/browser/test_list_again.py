"""A list that missed something is the database's list again, however far down it was read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from people.models import Customer
from tests.browser.test_inbox import ready, until
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.live.hub import FLOOD
from tickets.models import Status, Ticket
from tickets.realtime import publish

MANY = 130


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def pile_up(house: House, number: int) -> list[Ticket]:
    """So many tickets, the newest first, of which nobody is told."""
    now, customer = timezone.now(), Customer.objects.create(name="C")
    return Ticket.objects.bulk_create(
        Ticket(
            subject=f"Parcel {n}", channel=house.channel, team_id=house.channel.team_id, customer=customer,
            opened_at=now, last_message_at=now - timedelta(minutes=n),
        )
        for n in range(number)
    )  # fmt: skip


def listed(page: Page) -> list[int]:
    numbers: list[int] = page.evaluate("[...document.querySelectorAll('#rows .row')].map((row) => +row.dataset.ticket)")
    return numbers


def as_it_is() -> list[int]:
    return list(Ticket.objects.filter(status=Status.OPEN).order_by("-last_message_at").values_list("pk", flat=True))


def read_to_the_end(page: Page) -> None:
    for shown in (50, 100, MANY):
        expect(page.locator("#rows .row")).to_have_count(shown)
        page.locator("#list").evaluate("list => list.scrollTop = list.scrollHeight")


def flood() -> None:
    """More changes at once than any tab is told of one by one: it is told to fetch what it shows."""
    assert publish(changes=[[number, "ticket.prioritised", 1, None] for number in range(10**9, 10**9 + FLOOD + 1)])


def test_after_a_flood_the_list_is_what_the_database_has(house: House, open_page: OpenPage) -> None:
    made = pile_up(house, MANY)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    read_to_the_end(page)
    page.locator("#list").evaluate("list => list.scrollTop = 0")
    page.mouse.move(1200, 500)
    # Nobody is told of this: as if the words were lost.
    Ticket.objects.filter(pk__in=[made[n].pk for n in (1, 60, 119)]).update(status=Status.SOLVED)
    Ticket.objects.filter(pk=made[110].pk).update(last_message_at=timezone.now(), subject="Came back")
    Ticket.objects.filter(pk=made[70].pk).update(subject="Said otherwise")
    flood()
    expect(page.locator("#rows .row")).to_have_count(MANY - 3)
    until(lambda: listed(page) == as_it_is())
    expect(page.locator(f"#row-{made[70].pk}")).to_contain_text("Said otherwise")


def test_what_one_reads_does_not_move_but_is_right(house: House, open_page: OpenPage) -> None:
    made = pile_up(house, MANY)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    read_to_the_end(page)
    page.locator(f"#row-{made[120].pk}").hover()
    Ticket.objects.filter(pk=made[119].pk).update(status=Status.SOLVED)
    Ticket.objects.filter(pk=made[121].pk).update(last_message_at=timezone.now(), subject="Came back")
    flood()
    expect(page.locator(f"#row-{made[119].pk}")).to_have_count(0)
    expect(page.locator(f"#row-{made[121].pk}")).to_contain_text("Came back")
    assert listed(page)[-9:] == [ticket.pk for ticket in made[121:]]
    page.locator("#merge button").click()
    assert listed(page) == as_it_is()
