"""The helpdesk as an application of its own: without a connection it says so, and keeps nothing of any ticket."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def test_without_a_connection_it_says_so_and_has_kept_nothing(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((one) => one.keys()))))"
        ".then((all) => all.flat().map(({ url }) => new URL(url).pathname))"
    )
    assert {path.rpartition("/")[0] for path in kept} == {"/offline", "/static/dist"}
    page.context.set_offline(True)
    page.goto("/inbox/mine/")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    expect(page.locator(".btn.pri")).to_have_css("text-decoration-line", "none")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("#rows")).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_settings_offer_it(house: House, open_page: OpenPage, theme: str) -> None:
    house.olena.theme = theme
    house.olena.save()
    page = open_page(house.olena)
    page.goto("/notifications/settings/")
    box = page.get_by_role("checkbox", name="Tell me in this browser")
    expect(box).to_be_enabled()
    expect(box).not_to_be_checked()
    assert accessibility_violations(page) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        page.screenshot(path=f"{shots}/push-{theme}.png")
