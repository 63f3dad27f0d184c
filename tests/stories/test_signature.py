"""An agent gives their signature some form, in the same editor as replies, and customers get it so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from people.models import Agent
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations


@pytest.fixture
def house(live_stack: object) -> House:
    return make_house()


def test_written_kept_and_shown_again(house: House, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto("/profile/")
    page.locator(".signs .rich .ed").click()
    page.keyboard.type("{agent.first_name}, **Nordvik** ")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Italic").click()
    page.keyboard.type("Tel. 1")
    assert accessibility_violations(page) == []
    page.locator(".btn.pri", has_text="Save").click()
    expect(page.locator(".signs .rich .ed strong")).to_have_text("Nordvik")
    olena = Agent.objects.get(pk=house.olena.pk)
    assert olena.signature.split("\n") == ["{agent.first_name}, Nordvik", "", "Tel. 1"]
    assert "<strong>Nordvik</strong>" in olena.signature_html
    assert "<em>Tel. 1</em>" in olena.signature_html
    expect(page.locator(".example")).to_contain_text("Olena, Nordvik")
