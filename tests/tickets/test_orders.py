"""The order of a list: the view's own or the one its address asks for, walked along an index."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import Agent
from tests.people import NOW, House, make_agent, make_house, open_ticket
from tickets import actions
from tickets.actions.views import Audience, save_view
from tickets.facets import Where
from tickets.inbound import Address
from tickets.inbox.rows import list_page
from tickets.models import Ticket, ViewOrder
from tickets.scale.load import create_scale_data

TO_DO: Where = {"status": ("open", "on_hold"), "snoozed": (False,)}
BY_STATUS = {ViewOrder.PRIORITY: "ticket_by_priority", ViewOrder.ELDEST: "ticket_by_age", ViewOrder.YOUNGEST: "ticket_by_age"}  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def of_ages(house: House) -> list[int]:
    """Three tickets opened one after the other, the first written in last, the second most urgent."""
    made = [
        open_ticket(house.channel, subject=name, sender=Address(name, f"{name}@c.example")) for name in ("a", "b", "c")
    ]
    for days, one in enumerate(made):
        opened, said = NOW + timedelta(days=days), NOW + timedelta(days=9 - days)
        Ticket.objects.filter(pk=one.pk).update(opened_at=opened, last_message_at=said)
    actions.set_priority(made[1].pk, by=house.olena, priority=40)
    return [one.pk for one in made]


def shown(client: Client, address: str) -> list[int]:
    page = client.get(address)
    assert page.status_code == 200
    return [row.number for row, _mark in page.context["pairs"]]


def test_the_address_asks_for_an_order(house: House, client: Client) -> None:
    a, b, c = of_ages(house)
    client.force_login(house.olena)
    for asked, expected in (
        ("", [a, b, c]), ("priority", [b, a, c]), ("eldest", [a, b, c]), ("youngest", [c, b, a]), ("oldest", [c, b, a]),
        ("waiting", [a, b, c]), ("moon", [a, b, c]),
    ):  # fmt: skip
        assert shown(client, f"/inbox/open/?order={asked}") == expected, asked
        rows = client.get(f"/inbox/open/rows/?order={asked}").json()["html"]
        assert sorted((a, b, c), key=lambda one: rows.index(f'id="row-{one}"')) == expected, asked
        assert shown(client, f"/inbox/open/{a}/?order={asked}") == expected, asked


def test_the_order_stays_in_the_addresses_of_its_page(house: House, client: Client) -> None:
    for number in range(52):
        open_ticket(house.channel, subject=f"T{number}", sender=Address("", f"t{number}@c.example"))
    client.force_login(house.olena)
    own = client.get("/inbox/open/").content.decode()
    assert 'data-query=""' in own and 'href="?after=' in own
    page = client.get("/inbox/open/?order=priority").content.decode()
    assert 'data-query="order=priority"' in page and 'href="?order=priority&amp;after=' in page


def test_a_view_keeps_its_order_and_gives_way_to_the_address(house: House, client: Client) -> None:
    a, b, c = of_ages(house)
    audience = Audience(owner=house.olena)
    view = save_view(None, by=house.olena, name="V", audience=audience, where={"status": ["open"]}, order="priority")
    client.force_login(house.olena)
    assert shown(client, f"/inbox/{view.key}/") == [b, a, c]
    assert shown(client, f"/inbox/{view.key}/?order=youngest") == [c, b, a]
    assert 'data-query="order=youngest"' in client.get(f"/inbox/{view.key}/?order=youngest").content.decode()


def test_an_order_that_leaves_tickets_out_still_does_so_when_another_is_asked_for(house: House, client: Client) -> None:
    a, b, c = of_ages(house)
    Ticket.objects.filter(pk=b).update(waiting_since=None)
    audience = Audience(owner=house.olena)
    view = save_view(None, by=house.olena, name="V", audience=audience, where={"status": ["open"]}, order="waiting")
    client.force_login(house.olena)
    assert shown(client, f"/inbox/{view.key}/?order=youngest") == [c, a]
    assert client.get(f"/inbox/{view.key}/count/").json()["count"] == "2"


@pytest.mark.parametrize("order", ViewOrder.values)
def test_an_outsider_sees_nothing_in_any_order(house: House, client: Client, order: str) -> None:
    numbers = of_ages(house)
    client.force_login(house.mallory)
    page = client.get(f"/inbox/open/rows/?order={order}").json()["html"]
    assert not [one for one in numbers if f'id="row-{one}"' in page]


@pytest.mark.parametrize(
    "after", ["1764553000000000-5", "40-1", "0-0", "99999999999999999-999999999999999999", "x", "-"]
)
@pytest.mark.parametrize("order", ViewOrder.values)
def test_a_foreign_cursor_breaks_nothing(house: House, order: str, after: str) -> None:
    of_ages(house)
    list_page(house.olena, TO_DO, after=after, order=order)


def test_an_order_costs_no_query_more(house: House, client: Client) -> None:
    of_ages(house)
    client.force_login(house.olena)
    counts = []
    for address in ("/inbox/open/", "/inbox/open/?order=priority", "/inbox/open/?order=eldest"):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts


@pytest.fixture
def admin(db: None) -> Agent:
    create_scale_data(400, 4000, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_ticket")
    return make_agent("Adam", role="admin")


@pytest.mark.parametrize("where", [TO_DO, {}, {"status": ("closed",)}], ids=["to do", "all", "closed"])
@pytest.mark.parametrize(("order", "index"), BY_STATUS.items())
def test_an_order_walks_its_index(admin: Agent, where: Where, order: ViewOrder, index: str) -> None:
    first = list_page(admin, where, order=order)
    asked = [(first, "")] + ([(first, first.next_cursor)] if first.next_cursor else [])
    for _page, after in asked:
        with CaptureQueriesContext(connection) as queries:
            list_page(admin, where, after=after, order=order)
        plan = _plan(queries.captured_queries[-1]["sql"])
        assert index in plan or "ticket_by_opening" in plan, plan
        assert not re.search(r"(Bitmap Heap|Seq) Scan on tickets_ticket", plan), plan
        assert not re.search(
            r"(?<!Incremental )Sort  .*\n( +Disabled: true\n)? +Sort Key: .*(priority|opened_at)", plan
        ), plan


def _plan(sql: str) -> str:
    """How the page is found where sorting is no way out, as among many tickets it is none."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        return "\n".join(row[0] for row in cursor.fetchall())
