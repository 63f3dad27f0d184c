"""Keys while rows are picked do what they say to those rows, and a step back outlives its page."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.test_alone import MANY, pile_up
from tests.browser.test_inbox import ready, shown, until
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Relocation, Status, Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def made(house: House) -> list[Ticket]:
    return [open_ticket(house.channel, subject=f"P {n}", sender=Address(f"C {n}", f"c{n}@c.example")) for n in range(4)]


def said(page: Page, words: str) -> None:
    expect(page.locator("#toast")).to_contain_text(words, timeout=20_000)


def pick(page: Page, *tickets: Ticket) -> None:
    for ticket in tickets:
        page.locator(f"#row-{ticket.pk}").hover()
        page.locator(f"#row-{ticket.pk} .pick").click()


def spam() -> set[int]:
    return set(Ticket.objects.filter(status=Status.SPAM).values_list("pk", flat=True))


def test_keys_mean_what_is_picked_and_never_the_open_ticket(
    house: House, made: list[Ticket], open_page: OpenPage
) -> None:
    here, one, other, _last = made
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{here.pk}/")
    ready(page)
    pick(page, one, other)
    for key, opened in (("b", "#menu-remind"), ("r", "#composer :focus"), ("Shift+S", "#sheet"), ("f", "#forward")):
        page.keyboard.press(key)
        said(page, "This works on one ticket")
        expect(page.locator(f"{opened}:visible")).to_have_count(0)
    page.keyboard.press("Shift+W")
    page.keyboard.press("Shift+U")
    shown(page, here)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette .gh").first).to_have_text("2 selected")
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")

    page.keyboard.press("#")
    said(page, "2 tickets were changed.")
    assert spam() == {one.pk, other.pk}
    page.keyboard.press("z")
    said(page, "2 tickets were changed back.")
    assert spam() == set()
    assert not here.follows.exists()


def test_two_picked_rows_are_merged_and_three_say_why_not(
    house: House, made: list[Ticket], open_page: OpenPage
) -> None:
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    pick(page, *made[:3])
    page.keyboard.press("Shift+M")
    said(page, "Select two tickets to merge them.")
    pick(page, made[2])
    page.keyboard.press("Shift+M")
    expect(page.locator("#sheet input[name=other]")).to_have_count(1)
    page.locator("#sheet input[name=other]").check()
    page.locator("#sheet .pri").press("Enter")
    expect(page.locator("#sheet .problem")).to_contain_text("different customers")
    page.locator("#sheet .pri").press("Enter")
    shown(page, made[0])
    expect(page.locator("#bulk")).to_be_hidden()
    assert Relocation.objects.get().source == made[1]


def test_spam_that_is_refused_comes_back_and_what_is_spam_is_undone(
    house: House, made: list[Ticket], open_page: OpenPage
) -> None:
    last = made[-1]
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{last.pk}/")
    ready(page)
    Ticket.objects.filter(pk=last.pk).update(status=Status.CLOSED)
    page.route("**/spam/", lambda route: (time.sleep(0.5), route.continue_()))
    page.keyboard.press("#")
    expect(page.locator(f"#row-{last.pk}")).to_have_count(0)
    said(page, "This ticket is closed.")
    shown(page, last)
    expect(page.locator(f"#row-{last.pk}")).to_have_count(1)

    Ticket.objects.filter(pk=last.pk).update(status=Status.OPEN)
    page.reload()
    ready(page)
    page.keyboard.press("#")
    said(page, "Marked as spam.")
    page.goto("/search/")
    page.locator("main h1").click(force=True)
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    said(page, "Taken back.")
    assert spam() == set()
    page.goto(f"/inbox/open/{last.pk}/")
    ready(page)
    page.keyboard.press("z")  # nothing is left to go back to
    page.keyboard.press("Shift+O")  # nor to reopen
    assert Ticket.objects.get(pk=last.pk).status == Status.OPEN
    page.keyboard.press("#")
    said(page, "Marked as spam.")
    page.goto(f"/inbox/spam/{last.pk}/")
    ready(page)
    page.keyboard.press("#")
    said(page, "No spam.")
    assert spam() == set()


def test_following_and_its_step_back_go_no_circles(house: House, made: list[Ticket], open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{made[0].pk}/")
    ready(page)
    page.keyboard.press("i")
    said(page, "Assigned to Olena.")
    page.keyboard.press("Shift+W")
    said(page, "You follow this ticket now.")
    page.keyboard.press("z")
    said(page, "You no longer follow this ticket.")
    page.keyboard.press("z")
    until(lambda: Ticket.objects.get(pk=made[0].pk).assignee is None)
    assert not made[0].follows.exists()


def test_reopening_says_so_and_keeps_the_label(house: House, open_page: OpenPage) -> None:
    now = timezone.now()  # no deadline passes while one looks
    ticket = open_ticket(house.channel, at=now, received_at=now)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.SOLVED, solved_at=now)
    page = open_page(house.olena)
    page.goto(f"/inbox/solved/{ticket.pk}/")
    ready(page)
    page.keyboard.press("Shift+O")
    said(page, "Open again.")
    expect(page.locator("#ticket-side [data-menu=status]")).to_contain_text("Open")
    until(lambda: Ticket.objects.get(pk=ticket.pk).status == Status.OPEN)


def test_what_runs_on_many_is_stopped_listed_and_taken_back_on_its_page(house: House, open_page: OpenPage) -> None:
    pile_up(house.channel, MANY)
    page = open_page(house.olena)
    page.goto("/inbox/unassigned/")
    ready(page)
    page.keyboard.press("*")
    page.keyboard.press("a")
    page.keyboard.press("*")
    page.keyboard.press("v")
    expect(page.locator("#bulk-count")).to_have_text(f"All {MANY} in this view")
    page.keyboard.press("e")
    page.locator("#bulk-run").get_by_role("button", name="Stop").click()
    said(page, "were left as they are.")
    done = Ticket.objects.filter(status=Status.SOLVED).count()
    assert 0 < done < MANY

    page.goto("/bulk/jobs/")
    expect(page.locator("main")).to_contain_text("Status set")
    assert accessibility_violations(page) == []
    page.locator("main .lines a").first.click()
    expect(page.locator("main")).to_contain_text("Stopped before its turn came.")
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Undo").click()
    until(lambda: not Ticket.objects.filter(status=Status.SOLVED).exists(), timeout=120)


def test_views_without_a_count_say_how_many_are_meant(house: House, open_page: OpenPage) -> None:
    pile_up(house.channel, 120)
    Ticket.objects.update(status=Status.SOLVED, solved_at=timezone.now())
    page = open_page(house.olena)
    page.goto("/inbox/solved/")
    ready(page)
    pick(page, Ticket.objects.latest("pk"))
    whole = page.locator("#bulk-all button")
    expect(whole).to_have_text("Select all in this view")
    whole.click()
    expect(page.locator("#bulk-count")).to_have_text("All 120 in this view")
