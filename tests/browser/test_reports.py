"""The reports as axe-core judges them, light and dark, desk and phone, with figures and without; nothing scrolls sideways."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.metrics.shop import fill_year
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    house = make_house()
    fill_year(house, 300)
    return house


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_overview_has_no_violations(size: str, scheme: str, house: House, open_page: OpenPage) -> None:
    width, height = SIZES[size]
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto("/reports/?period=365&compare=year")
    expect(page.locator(".tile .big").first).to_be_visible()
    judge(page, "a year")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    judge(page, "all definitions and tables")
    page.goto("/reports/?period=1")
    judge(page, "nothing today")
    # The filters are an ordinary form, so the keyboard alone changes the address.
    page.locator(".narrow summary").focus()
    page.keyboard.press("Enter")
    page.locator(".narrow select[name=compare]").select_option("none")
    page.locator(".narrow form button").press("Enter")
    expect(page).to_have_url(re.compile("compare=none"))


@pytest.mark.parametrize("path", ["/reports/", "/reports/service-level/"])
def test_on_a_phone_the_buttons_of_a_report_stand_in_one_row(house: House, open_page: OpenPage, path: str) -> None:
    page = open_page(house.adam, viewport={"width": 390, "height": 844})
    page.goto(path)
    buttons = page.locator(".pane-head :is(.btn, .seg):visible")
    assert buttons.count() >= 4
    middles = {round(box["y"] + box["height"] / 2) for one in buttons.all() if (box := one.bounding_box())}
    assert len(middles) == 1
    last = buttons.last
    last.focus()
    expect(last).to_be_in_viewport(ratio=1)
