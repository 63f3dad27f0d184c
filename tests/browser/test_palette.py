"""What the palette offers: what is done with selected rows, what stands in the ticket as a button, views by number."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_inbox import ready, shown, three_tickets
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.actions.views import Audience, save_view
from tickets.models import Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def typed(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type(words)


def test_it_acts_on_selected_rows(house: House, open_page: OpenPage) -> None:
    three_tickets(house)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.locator("#rows .row a").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    typed(page, "assign to me")
    expect(page.get_by_role("group", name="2 selected")).to_contain_text("Assign to me")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("2")
    for _ in range(100):
        if Ticket.objects.filter(assignee=house.olena).count() == 2:
            break
        page.wait_for_timeout(100)
    assert Ticket.objects.filter(assignee=house.olena).count() == 2


def test_it_finds_what_has_no_key(house: House, open_page: OpenPage) -> None:
    first = three_tickets(house)[0]
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    ready(page)
    shown(page, first)
    page.locator("#subject").click()
    typed(page, "another channel")
    expect(page.get_by_role("group", name="In this ticket")).to_contain_text("Continue on another channel")
    page.keyboard.press("Enter")
    expect(page.locator("#elsewhere")).to_be_visible()
    page.keyboard.press("Escape")
    typed(page, "notifications")
    page.keyboard.press("Enter")
    page.wait_for_url("**/notifications/")


def test_numbers_open_saved_views_first(house: House, open_page: OpenPage) -> None:
    three_tickets(house)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.keyboard.press("1")
    page.wait_for_url("**/inbox/mine/")
    saved = save_view(None, name="Urgent", where={"priority": [40]}, order="newest", by=house.olena,
                      audience=Audience(owner=house.olena))  # fmt: skip
    page.goto("/inbox/open/")
    ready(page)
    page.keyboard.press("1")
    page.wait_for_url(f"**/inbox/saved-{saved.pk}/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Saved views 1 to 9")
