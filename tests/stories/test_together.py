"""Working together: two tickets become one and two again, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.people import House, make_house, open_ticket, receive
from tests.support import browser
from tests.support.browser import OpenPage, accessibility_violations, expect_words
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Message, Relocation, Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def live(page: Page) -> None:
    expect(page.locator("html[data-connected] #rows")).to_have_count(1)


def subject(page: Page, words: str) -> None:
    expect(page.locator("#subject")).to_have_text(words)


@pytest.fixture
def pair(house: House) -> tuple[Ticket, Ticket]:
    older = open_ticket(house.channel, subject="Parcel SO-10423", text="Where is it?")
    return older, open_ticket(house.channel, subject="Once more: SO-10423", text="Still waiting.")


def test_merged_with_the_mouse_seen_by_the_other_and_taken_back(
    house: House, pair: tuple[Ticket, Ticket], open_page: OpenPage
) -> None:
    _older, newer = pair
    olena, ben = open_page(house.olena), open_page(house.ben)
    ben.goto(f"/inbox/open/{newer.pk}/")
    live(ben)
    olena.goto(f"/inbox/open/{newer.pk}/")
    live(olena)
    suggestion = olena.locator("#ticket-related .perhaps")
    expect(suggestion).to_contain_text("both name SO-10423")

    suggestion.get_by_role("button", name="Merge").click()

    subject(olena, "Parcel SO-10423")
    expect(olena.locator("#timeline")).to_contain_text("Still waiting.")
    expect(olena.locator(f"#row-{newer.pk}")).to_have_count(0)
    # Ben looked at the ticket that is a signpost now.
    expect(ben.locator("#thread-top")).to_contain_text("Everything of this ticket was moved to")
    expect(ben.locator("#composer")).to_have_count(0)
    assert accessibility_violations(olena) == []
    ben.goto(f"/inbox/solved/{newer.pk}/")
    live(ben)
    assert accessibility_violations(ben) == []

    olena.locator("#toast button").first.click()

    subject(olena, "Once more: SO-10423")
    expect(olena.locator("#timeline")).to_contain_text("Still waiting.")
    expect(ben.locator("#composer")).to_be_visible()
    assert Relocation.objects.get().undone_at is not None


def test_merged_and_split_with_the_keyboard(house: House, pair: tuple[Ticket, Ticket], open_page: OpenPage) -> None:
    older, newer = pair
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{newer.pk}/")
    live(page)

    page.keyboard.press("Shift+M")
    sheet = page.locator("#sheet")
    expect(sheet.locator("#sheet-q")).to_be_focused()
    page.keyboard.type(str(older.pk))
    expect(sheet.locator("input[name=other]:checked")).to_have_value(str(older.pk))
    assert accessibility_violations(page) == []
    page.keyboard.press("Enter")

    subject(page, "Parcel SO-10423")
    expect(sheet).to_be_hidden()
    toast = page.locator("#toast")
    toast.locator(".x").press("Enter")
    expect(toast).not_to_have_class("show")

    # The step back outlives its message, and the page.
    page.keyboard.press("z")
    subject(page, "Once more: SO-10423")
    assert Relocation.objects.get().undone_at is not None
    page.keyboard.press("Shift+M")
    expect(sheet.locator("#sheet-q")).to_be_focused()
    page.keyboard.type(str(older.pk))
    expect(sheet.locator("input[name=other]:checked")).to_have_value(str(older.pk))
    page.keyboard.press("Enter")
    subject(page, "Parcel SO-10423")
    page.reload()
    live(page)
    page.keyboard.press("z")
    subject(page, "Once more: SO-10423")
    page.keyboard.press("Shift+M")
    expect(sheet.locator("#sheet-q")).to_be_focused()
    page.keyboard.type(str(older.pk))
    expect(sheet.locator("input[name=other]:checked")).to_have_value(str(older.pk))
    page.keyboard.press("Enter")
    subject(page, "Parcel SO-10423")

    page.keyboard.press("Shift+S")
    expect(sheet.locator("input[type=checkbox]")).to_have_count(2)
    reach(page, sheet.locator(".pri"), "keyboard")
    page.keyboard.press("Enter")
    expect(sheet.locator(".problem")).to_be_visible()
    expect(sheet.locator(".pri")).to_be_focused()
    reach(page, sheet.locator("input[type=checkbox]").nth(1), "keyboard")
    page.keyboard.press("Space")
    reach(page, sheet.get_by_label("Subject of the new ticket"), "keyboard")
    page.keyboard.type("The second question")
    page.keyboard.press("Enter")

    subject(page, "The second question")
    expect(page.locator("#timeline .msg")).to_contain_text("Still waiting.")
    page.keyboard.press("z")
    subject(page, "Parcel SO-10423")
    expect(page.locator("#timeline .msg")).to_have_count(2)


def test_a_mention_rings_the_bell_of_the_other(house: House, pair: tuple[Ticket, Ticket], open_page: OpenPage) -> None:
    older, _newer = pair
    olena, ben = open_page(house.olena), open_page(house.ben)
    ben.goto("/inbox/open/")
    live(ben)
    bell = ben.locator(".side [data-bell-count]")
    before = bell.inner_text()
    olena.goto(f"/inbox/open/{older.pk}/")
    live(olena)

    olena.keyboard.press("n")
    olena.keyboard.type("Please look, @be")
    expect(olena.locator(".mentions [role=option]")).to_have_text(["Ben"])
    olena.keyboard.press("Enter")
    olena.keyboard.type("today")
    expect_words(olena, "Please look, @Ben today")
    olena.keyboard.press("Control+Enter")
    expect(olena.locator("#timeline")).to_contain_text("@Ben today")

    expect(bell).not_to_have_text(before)
    expect(ben.locator("#toast")).to_contain_text(f"Olena mentioned you on #{older.pk}: Please look, @Ben today")
    ben.goto("/notifications/")
    expect(ben.get_by_text(f"Olena mentioned you on #{older.pk}")).to_be_visible()
    ben.goto("/notifications/settings/")
    assert accessibility_violations(ben) == []


def test_handed_over_with_a_word_by_the_keyboard(
    house: House, pair: tuple[Ticket, Ticket], open_page: OpenPage
) -> None:
    older, _newer = pair
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{older.pk}/")
    live(page)

    page.keyboard.press("Shift+G")
    page.locator("#sheet-to").select_option(label="Ben")
    reach(page, page.locator("#sheet-note"), "keyboard")
    page.keyboard.type("She rang twice")
    assert accessibility_violations(page) == []
    page.locator("#sheet .pri").press("Enter")

    expect(page.locator("#timeline")).to_contain_text("She rang twice")
    expect(page.locator("#thread-head")).to_contain_text("Ben")


def reach(page: Page, wanted: Locator, by: str, *, press: bool = False) -> None:
    """Go there with the tabulator, or press it with the mouse; `press` works it."""
    if by == "mouse":
        wanted.click()
        return
    browser.reach(page, wanted)
    if press:
        page.keyboard.press("Enter")


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_a_courier_is_asked_aside_and_their_answer_stays_there(
    house: House, pair: tuple[Ticket, Ticket], open_page: OpenPage, by: str
) -> None:
    older, _newer = pair
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{older.pk}/")
    live(page)

    if by == "keyboard":
        page.keyboard.press("Shift+Q")
        expect(page.locator("#sheet-to")).to_be_focused()
    else:
        page.locator("#thread-head [data-menu=more]").click()
        page.get_by_role("menuitem", name="Ask somebody aside").click()
        page.locator("#sheet-to").click()
    page.keyboard.type("claims@courier.example")
    reach(page, page.locator("#sheet-text"), by)
    page.keyboard.type("Where is SO-10423?")
    assert accessibility_violations(page) == []
    reach(page, page.locator("#sheet .pri"), by, press=True)
    expect(page.locator("#ticket-asides")).to_contain_text("Asked, no answer yet")

    asked = Message.objects.get(ticket=older, kind="outbound")
    receive(
        house.channel, sender=Address("Claims", "claims@courier.example"), tokens=(asked.reply_token,), text="In Lviv."
    )

    expect(page.locator("#ticket-asides")).to_contain_text("In Lviv.")
    expect(page.locator(f"#row-{older.pk}")).to_contain_text("Answer aside")
    reach(page, page.locator("#ticket-asides .aside"), by, press=True)
    expect(page.locator("#sheet")).to_contain_text("In Lviv.")
    assert accessibility_violations(page) == []
    reach(page, page.locator("#sheet").get_by_role("button", name="Settled"), by, press=True)
    expect(page.locator("#ticket-asides")).to_contain_text("Settled")
    expect(page.locator(f"#row-{older.pk}")).not_to_contain_text("Answer aside")
