"""Who else is at a ticket, as agents see it: in the list, in the open ticket, and gone when they are."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations, into_words
from tests.support.live import LiveStack
from tickets.models import Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def at_the_list(page: Page) -> None:
    page.goto("/inbox/open/")
    expect(page.locator("html[data-connected] #rows")).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ones_colleague_is_seen_looking_and_typing(house: House, open_page: OpenPage, theme: str) -> None:
    ticket = open_ticket(house.channel)
    house.olena.theme = theme
    house.olena.save()
    olena, ben = open_page(house.olena), open_page(house.ben)
    at_the_list(olena)
    ben.goto(f"/inbox/open/{ticket.pk}/")
    row = olena.locator(f"#row-{ticket.pk}")
    expect(row.locator(".looks")).to_contain_text("Ben is looking at it")
    into_words(ben)
    ben.keyboard.type("It is on")
    expect(row.locator(".live")).to_have_text("Ben is writing")

    olena.keyboard.press("j")  # by keyboard, and what Ben does is told there too
    ben.keyboard.type(" its way")
    bar = olena.locator("#others")
    expect(bar).to_contain_text("Ben is writing here. You can still leave a note.")
    expect(olena.locator("#thread-top .looks")).to_contain_text("Ben is writing")
    assert accessibility_violations(olena) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        olena.screenshot(path=f"{shots}/presence-{theme}.png")
    with olena.expect_response(
        lambda answer: answer.request.method == "POST" and "/presence" not in answer.url
    ) as taken:
        bar.get_by_role("button", name="Take over").click()
    assert taken.value.ok
    expect(olena.locator("#thread-head")).to_contain_text("Olena")
    assert Ticket.objects.get(pk=ticket.pk).assignee_id == house.olena.pk

    ben.keyboard.press("Control+Enter")  # what is sent is not being written
    expect(bar).to_be_hidden()
    expect(row.locator(".live")).to_have_count(0)
    expect(row.locator(".looks")).to_contain_text("Ben is looking at it")
    ben.close()
    expect(row.locator(".looks")).to_have_count(0)
    expect(olena.locator("#thread-top .looks")).to_have_count(0)


def test_a_hidden_tab_is_away_and_one_nobody_touches_dozes_off(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    olena, ben = open_page(house.olena), open_page(house.ben)
    at_the_list(olena)
    ben.clock.install()
    ben.goto(f"/inbox/open/{ticket.pk}/")
    row = olena.locator(f"#row-{ticket.pk}")
    expect(row.locator(".looks")).to_contain_text("Ben is looking at it")
    ben.clock.fast_forward("03:05")
    expect(row.locator(".looks .idle")).to_contain_text("Ben had a look at it some minutes ago")
    ben.mouse.move(300, 300)
    expect(row.locator(".looks .idle")).to_have_count(0)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"
    ben.evaluate(hide % "true")
    ben.clock.fast_forward(6_000)
    expect(row.locator(".looks")).to_have_count(0)
    ben.evaluate(hide % "false")
    expect(row.locator(".looks")).to_contain_text("Ben is looking at it")
