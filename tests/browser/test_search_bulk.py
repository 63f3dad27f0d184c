"""What a search found is picked and changed as a list is, by mouse and by keyboard, and taken back."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations, reach
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Status, Ticket
from tickets.search.finder import LIMIT


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def statuses(wanted: dict[int, str]) -> None:
    deadline = time.monotonic() + 20
    while dict(Ticket.objects.values_list("pk", "status")) != wanted:
        assert time.monotonic() < deadline, dict(Ticket.objects.values_list("pk", "status"))
        time.sleep(0.05)


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_found_picked_closed_and_taken_back(house: House, open_page: OpenPage, hand: str) -> None:
    made = [
        open_ticket(house.channel, subject=f"Umbrella {n}", sender=Address(f"C {n}", f"c{n}@c.example")).pk
        for n in range(3)
    ]
    page = open_page(house.olena)
    page.goto("/search/?q=umbrella")
    rows = page.locator("#hits .row")
    expect(rows).to_have_count(3)
    if hand == "mouse":
        rows.nth(0).hover()
        rows.nth(0).locator(".pick").check()
        rows.nth(1).locator(".pick").check()
    else:
        reach(page, rows.nth(0).locator("a"))
        page.keyboard.press("x")
        reach(page, rows.nth(1).locator("a"))
        page.keyboard.press("x")
    expect(page.locator("#bulk-count")).to_have_text("2 selected")
    assert accessibility_violations(page) == []
    if hand == "mouse":
        page.locator("#bulk").get_by_role("button", name="Close").click()
    else:
        page.keyboard.press("e")
    expect(page.locator("#toast")).to_contain_text("2 tickets were changed.")
    first, second, third = (
        int(row)
        for row in page.evaluate("[...document.querySelectorAll('#hits .row')].map((row) => row.dataset.ticket)")
    )
    assert {first, second, third} == set(made)
    statuses({first: Status.SOLVED, second: Status.SOLVED, third: Status.OPEN})
    expect(rows.nth(0).locator(".pill.ok")).to_have_text("Solved")
    if hand == "mouse":
        page.get_by_role("button", name="Undo").click()
    else:
        page.keyboard.press("z")
    statuses(dict.fromkeys(made, Status.OPEN))


def test_who_may_only_read_picks_nothing(house: House, open_page: OpenPage) -> None:
    open_ticket(house.channel, subject="Umbrella")
    page = open_page(house.vera)
    page.goto("/search/?q=umbrella")
    expect(page.locator("#hits .row")).to_have_count(1)
    expect(page.locator(".pick")).to_have_count(0)


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_more_comes_as_the_end_comes_into_sight_and_stays_through_a_change(
    house: House, open_page: OpenPage, hand: str
) -> None:
    made = {open_ticket(house.channel, subject=f"Umbrella {n}").pk for n in range(2 * LIMIT + 3)}
    page = open_page(house.olena)
    page.goto("/search/?q=umbrella")
    rows = page.locator("#hits .row")
    assert rows.count() < len(made)
    while rows.count() < len(made):
        before = rows.count()
        if hand == "mouse":
            rows.last.hover()
            page.mouse.wheel(0, 4000)
        else:
            page.locator("#hits .row a").last.focus()  # where j and the arrows lead one by one
            page.keyboard.press("End")
        expect(rows.nth(before)).to_be_attached()
    expect(page.locator("#further a")).to_have_count(0)
    shown = page.evaluate("[...document.querySelectorAll('#hits .row')].map((row) => Number(row.dataset.ticket))")
    assert sorted(shown) == sorted(made)
    assert accessibility_violations(page) == []
    rows.last.locator("a").focus()
    page.keyboard.press("x")
    page.keyboard.press("e")
    expect(page.locator("#toast")).to_contain_text("1 ticket was changed.")
    expect(rows.last.locator(".pill.ok")).to_have_text("Solved")
    assert (
        page.evaluate("[...document.querySelectorAll('#hits .row')].map((row) => Number(row.dataset.ticket))") == shown
    )
