"""More tickets of a list by the keyboard, and its order in the address."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_inbox import ready
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.inbound import Address


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def test_a_list_grows_by_its_key_and_keeps_its_order(house: House, open_page: OpenPage) -> None:
    made = [
        open_ticket(house.channel, subject=f"T{number}", sender=Address("", f"t{number}@c.example")).pk
        for number in range(120)
    ]
    page = open_page(house.olena)
    page.goto("/inbox/open/?order=eldest")
    ready(page)
    rows = page.locator("#rows .row")
    before = rows.count()
    page.keyboard.press("Shift+P")
    expect(rows).not_to_have_count(before)
    shown = [int(one) for one in rows.evaluate_all("rows => rows.map((row) => row.dataset.ticket)")]
    assert shown == made[: len(shown)]
    rows.first.locator("a").click()
    page.wait_for_url(f"**/inbox/open/{made[0]}/?order=eldest")
    page.keyboard.press("Escape")
    page.wait_for_url("**/inbox/open/?order=eldest")
