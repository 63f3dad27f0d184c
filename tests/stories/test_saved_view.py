"""A view is made and shared: Adam makes it for a team, Ben finds it in his sidebar and by its number."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations, reach
from tests.support.live import LiveStack
from tickets.actions import set_priority
from tickets.inbound import Address
from tickets.models import SavedView


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_a_view_is_made_shared_and_used(house: House, open_page: OpenPage, hand: str) -> None:
    burning = open_ticket(house.channel, subject="It burns", sender=Address("", "fire@c.example"))
    open_ticket(house.channel, subject="No hurry", sender=Address("", "calm@c.example"))
    set_priority(burning.pk, by=house.ben, priority=40)
    page = open_page(house.adam)
    page.goto("/inbox/open/")
    expect(page.locator("html[data-connected] #rows .row")).to_have_count(2)
    if hand == "mouse":
        page.get_by_role("link", name="Manage views").click()
        page.get_by_role("link", name="New view").first.click()
    else:
        page.keyboard.press("g")
        page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New view")).to_be_visible()
    name, audience, urgent = (
        page.get_by_label("Name"),
        page.get_by_label("For", exact=True),
        page.get_by_label("Urgent"),
    )
    if hand == "mouse":
        name.fill("Burning")
        audience.select_option(label="Support")
        urgent.check()
        assert accessibility_violations(page) == []
        page.get_by_role("button", name="Save").click()
    else:
        reach(page, name)
        page.keyboard.type("Burning")
        reach(page, audience)
        page.keyboard.type("Support")
        reach(page, urgent)
        page.keyboard.press("Space")
        reach(page, page.get_by_role("button", name="Save"))
        page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/views/new/" not in address)
    view = SavedView.objects.get()
    assert (view.name, view.team, view.owner, view.where["priority"]) == ("Burning", house.support, None, [40])

    ben = open_page(house.ben)
    ben.goto("/inbox/open/")
    expect(ben.locator("html[data-connected] #rows .row")).to_have_count(2)
    if hand == "mouse":
        ben.locator("#saved").get_by_role("link", name="Burning").click()
    else:
        ben.keyboard.press("1")
    ben.wait_for_url(f"**/inbox/saved-{view.pk}/")
    expect(ben.locator("#rows .row")).to_have_count(1)
    expect(ben.locator("#rows .row")).to_contain_text("It burns")
