"""Nothing jumps under the eyes of who reads, a row is picked by a finger that rests on it, new rows are announced."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_inbox import ready, three_tickets
from tests.people import House, make_house, open_ticket, receive
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Ticket

# As browsers count it: what moves without anybody having done something, by how much of the window and how far.
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) shifts.push([one.value, one.sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join()]);
}).observe({ type: 'layout-shift', buffered: true });
"""
MOST = 0.02


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def write_again(house: House, ticket: Ticket, text: str) -> None:
    """The customer of a ticket of `three_tickets` writes once more."""
    sender = Address(ticket.subject, f"{ticket.subject}@c.example".lower())
    first = ticket.messages.earliest("pk").external_id
    receive(house.channel, sender=sender, subject=f"Re: {ticket.subject}", text=text, references=[first])


def moved(page: Page) -> list[list[object]]:
    """What moved, where it was more than may be."""
    page.wait_for_timeout(600)
    shifts = page.evaluate("shifts")
    return shifts if sum(value for value, _what in shifts) >= MOST else []


def watched(open_page: OpenPage, house: House) -> Page:
    page = open_page(house.olena)
    page.context.add_init_script(WATCH)
    return page


def test_pages_stand_still_also_when_something_comes_in(house: House, open_page: OpenPage) -> None:
    first, _second, third = three_tickets(house)
    page = watched(open_page, house)
    page.goto("/inbox/open/")
    ready(page)
    write_again(house, first, "And one more thing")
    expect(page.locator(f"#row-{first.pk}")).to_contain_text("And one more thing")
    assert moved(page) == []

    page.goto(f"/inbox/open/{third.pk}/")
    ready(page)
    expect(page.locator(".comp .sum")).to_contain_text("Third")
    write_again(house, third, "Still waiting")
    expect(page.locator("#timeline")).to_contain_text("Still waiting")
    assert moved(page) == []

    page.goto("/search/?q=parcel")
    expect(page.locator("#hits .row").first).to_be_visible()
    assert moved(page) == []


def test_new_rows_are_announced(house: House, open_page: OpenPage) -> None:
    three_tickets(house)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.locator("#rows .row").first.hover()  # somebody reads: rows wait
    open_ticket(house.channel, subject="Fresh", sender=Address("", "fresh@c.example"))
    said = page.locator("#merge-said")
    expect(said).to_have_text("1 new")
    assert said.get_attribute("role") == "status"
    page.locator("[data-cmd=merge]").click()
    expect(said).to_have_text("")


def test_a_finger_that_rests_picks_a_row(house: House, open_page: OpenPage) -> None:
    tickets = three_tickets(house)
    page = open_page(house.olena, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto("/inbox/open/")
    ready(page)
    row = page.locator(f"#row-{tickets[1].pk}")
    expect(row.locator(".pick")).to_have_css("opacity", "0")
    # In one step: the row may be drawn anew at any moment, as here while the finger rests on it.
    place = row.evaluate("row => document.getElementById(row.id).getBoundingClientRect().toJSON()")
    touches = page.context.new_cdp_session(page)
    at = {"x": place["x"] + 200, "y": place["y"] + 30}
    touches.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    row.evaluate("row => row.replaceWith(row.cloneNode(true))")
    expect(row).to_have_attribute("data-picked", "")
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#bulk-count")).to_have_text("1 selected")
    expect(page.locator(f"#row-{tickets[0].pk} .pick")).to_have_css("opacity", "1")
    page.locator(f"#row-{tickets[0].pk} .pick").tap()
    expect(page.locator("#bulk-count")).to_have_text("2 selected")
    page.locator("#bulk [data-cmd=close]").tap()
    expect(page.locator("#rows .row")).to_have_count(1)
    page.locator("#rows .row a").tap()
    expect(page.locator("#subject")).to_have_text(tickets[2].subject)
