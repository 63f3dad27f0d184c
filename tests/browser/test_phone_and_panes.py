"""Rows swiped on a phone, and panes as wide as one likes on a desk, by mouse and by keyboard."""

from __future__ import annotations

import os
import time

import pytest
from playwright.sync_api import Page, expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Status, Ticket

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def swipe(page: Page, ticket: Ticket, dx: int, *, shot: str = "") -> None:
    """A finger on the row, moved by so many pixels."""
    row = page.locator(f"#row-{ticket.pk}")
    expect(row).to_be_visible()
    while not (box := row.bounding_box()):  # just drawn anew
        page.wait_for_timeout(20)
    x, y = (60 if dx > 0 else 330), box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, at: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": at, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x)
    for step in range(1, 9):
        touch("touchMove", x + dx * step / 8)
    if shot and (shots := os.environ.get("HELPDESK_SHOTS")):
        page.screenshot(path=f"{shots}/{shot}.png")
    touch("touchEnd", x + dx)


def state(ticket: Ticket, *, solved: bool = False, snoozed: bool = False) -> None:
    """Wait until the database says so."""
    deadline = time.monotonic() + 20
    while True:
        now = Ticket.objects.get(pk=ticket.pk)
        if (now.status == Status.SOLVED, now.snoozed_until is not None) == (solved, snoozed):
            return
        assert time.monotonic() < deadline, f"{now.status}, snoozed until {now.snoozed_until}"
        time.sleep(0.05)


def test_a_row_is_swiped_to_close_or_to_snooze_and_taken_back(house: House, open_page: OpenPage) -> None:
    first = open_ticket(house.channel, subject="First")
    second = open_ticket(house.channel, subject="Second", sender=Address("Anna", "anna@c.example"))
    page = open_page(house.olena, **PHONE)
    page.goto("/inbox/open/")
    expect(page.locator("html[data-connected] #rows .row")).to_have_count(2)

    swipe(page, first, 40)  # too short: nothing, and the ticket is not opened
    expect(page.locator(".under")).to_have_count(0)
    assert page.url.endswith("/inbox/open/")

    swipe(page, first, 200, shot="swipe")
    expect(page.locator(f"#row-{first.pk}")).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("Closed.")
    state(first, solved=True)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#row-{first.pk}")).to_be_visible()
    state(first)

    swipe(page, second, -200)
    expect(page.locator("#toast")).to_contain_text("Snoozed.")
    expect(page.locator(f"#row-{second.pk}")).to_have_count(0)
    state(second, snoozed=True)
    page.get_by_role("button", name="Undo").click()
    state(second)
    assert page.url.endswith("/inbox/open/")


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_panes_are_as_wide_as_one_likes(house: House, open_page: OpenPage, hand: str) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    line = page.get_by_role("separator", name="Width of the list")
    expect(line).to_have_attribute("aria-valuenow", "356")
    if hand == "mouse":
        box = line.bounding_box()
        assert box
        page.mouse.move(box["x"] + 4, 400)
        page.mouse.down()
        page.mouse.move(box["x"] + 4 - 64, 400, steps=4)
        page.mouse.up()
    else:
        line.focus()
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
    expect(line).to_have_attribute("aria-valuenow", "292")
    assert accessibility_violations(page) == []
    page.reload()
    expect(line).to_have_attribute("aria-valuenow", "292")
    other = page.get_by_role("separator", name="Width of the customer’s pane")
    other.focus()
    page.keyboard.press("ArrowLeft")
    expect(other).to_have_attribute("aria-valuenow", "324")
    if hand == "mouse":
        line.dblclick()
    else:
        line.focus()
        page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-valuenow", "356")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
