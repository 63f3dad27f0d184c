"""A customer's page, reached from the ticket and the palette, in both themes and on a phone."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from people.models import CustomerNote
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_from_the_ticket_by_mouse(house: House, open_page: OpenPage, theme: str, width: int) -> None:
    house.olena.theme = theme
    house.olena.save()
    ticket = open_ticket(house.channel)
    open_ticket(house.channel, subject="Another question")
    page = open_page(house.olena, viewport={"width": width, "height": 900})
    page.goto(f"/inbox/open/{ticket.pk}/")
    if width < 1360:
        page.get_by_role("button", name="Customer details").click()
    page.locator("#customer h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zoe Bauer")
    expect(page.locator(".hits .row")).to_have_count(2)
    expect(page.locator("[data-fill]").first).to_contain_text("No orders")
    page.get_by_label("Write a note on the customer").fill("Calls after six.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".notes li")).to_contain_text("Calls after six.")
    assert accessibility_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if shots := os.environ.get("HELPDESK_SHOTS"):
        page.screenshot(path=f"{shots}/customer-{theme}-{width}.png")
    page.get_by_role("button", name="Remove the note").click()
    expect(page.locator(".notes li")).to_have_count(0)
    assert not CustomerNote.objects.exists()


def test_from_the_palette_by_keyboard(house: House, open_page: OpenPage) -> None:
    open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    page.keyboard.press("Control+k")
    page.keyboard.type("bauer")
    option = page.locator("#palette").get_by_role("option", name="Zoe Bauer", exact=True)
    expect(option).to_be_visible()
    while option.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zoe Bauer")
