"""One agent, three visitors at once: switching by mouse, by keyboard and on a phone, and no draft lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import answer, at_desk
from tests.livechat.test_story import PATIENCE, say, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations, expect_words, write
from tests.support.live import LiveStack
from tickets.models import Draft, Ticket

GOODS = ("Boots", "Coats", "Hats")


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def desk(live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage) -> Page:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    return at_desk(open_page, house.olena)


@pytest.fixture
def visitors(desk: Page, shop: Shop, open_page: OpenPage) -> list[Frame]:
    """Three of them wait, one after the other."""
    frames = [visit(open_page(), shop) for _ in GOODS]
    for frame, goods in zip(frames, GOODS, strict=True):
        say(frame, f"{goods}, please")
        expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    return frames


def take(desk: Page, goods: str) -> None:
    """Open who waits longest, and accept."""
    desk.locator(".chats [data-next]").click()
    expect(desk.locator("#timeline")).to_contain_text(f"{goods}, please")
    desk.locator("#panel").get_by_role("button", name="Accept").click()
    expect(chat(desk, goods)).to_have_attribute("aria-current", "true", timeout=PATIENCE)


def chat(desk: Page, goods: str) -> Locator:
    return desk.locator(".chats li a", has_text=goods)


def test_three_chats_by_mouse(desk: Page, visitors: list[Frame]) -> None:
    assert desk.locator(".chats li").count() == 0
    expect(desk.locator(".chats [data-next]")).to_contain_text("3 wait", timeout=PATIENCE)
    for goods in GOODS:
        take(desk, goods)
    expect(desk.locator(".chats li")).to_have_count(3)
    expect(desk.locator(".chats [data-next]")).to_have_count(0)
    for number, goods in enumerate(GOODS):
        expect(desk.locator(".chats li").nth(number)).to_contain_text(f"{goods}, please")
        expect(desk.locator(".chats li").nth(number).locator("time[data-waits]")).to_be_visible()

    # What happens in the others is seen while one writes in this one; the composer stays as it is.
    write(desk, "We have hats in")
    visitors[0].locator("#text").press_sequentially("Bro", delay=20)
    expect(desk.locator(".chats li").nth(0).locator(".says")).to_be_visible(timeout=PATIENCE)
    say(visitors[0], "Brown ones")
    expect(desk.locator(".chats li").nth(0).locator(".news")).to_have_text("1 unread", timeout=PATIENCE)
    expect(desk.locator("#running [role=status]")).to_contain_text("unread")
    expect_words(desk, "We have hats in")
    for scheme in ("dark", "light"):
        desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        desk.wait_for_timeout(300)
        assert accessibility_violations(desk) == []

    # To the first and back: both have what was written in them.
    desk.locator(".chats li a").nth(0).click()
    expect(desk.locator("#timeline")).to_contain_text("Brown ones")
    expect(desk.locator(".chats li").nth(0).locator(".news")).to_be_hidden()
    expect_words(desk, "")
    write(desk, "Brown: 39 and")
    desk.locator(".chats li a").nth(2).click()
    expect_words(desk, "We have hats in")
    answer(desk, "We have hats in all colours")
    expect(visitors[2].locator(".log .them")).to_contain_text("all colours", timeout=PATIENCE)
    expect(desk.locator(".chats li").nth(2).locator(".since.ok")).to_be_visible(timeout=PATIENCE)
    desk.locator(".chats li a").nth(0).click()
    expect_words(desk, "Brown: 39 and")

    # One that is over leaves; the others keep their places.
    desk.locator(".chats li a").nth(1).click()
    expect(desk.locator("#timeline")).to_contain_text("Coats, please")
    desk.locator("#panel").get_by_role("button", name="End chat").click()
    expect(desk.locator(".chats li")).to_have_count(2, timeout=PATIENCE)
    assert Ticket.objects.filter(status="solved").count() == 1


def test_three_chats_by_keyboard(desk: Page, visitors: list[Frame]) -> None:
    expect(desk.locator(".chats [data-next]")).to_contain_text("3 wait", timeout=PATIENCE)
    for goods in GOODS:
        desk.locator(".chats [data-next]").focus()
        desk.keyboard.press("Enter")
        expect(desk.locator("#timeline")).to_contain_text(f"{goods}, please")
        expect(desk.locator("#words")).to_be_focused()
        desk.locator("#panel").get_by_role("button", name="Accept").press("Enter")
        expect(desk.locator(".chats li", has_text=goods)).to_be_visible(timeout=PATIENCE)
    for number, goods in enumerate(GOODS, 1):
        desk.keyboard.press(f"Alt+{number}")
        expect(desk.locator("#timeline")).to_contain_text(f"{goods}, please")
        expect(desk.locator("#words")).to_be_focused()
        desk.keyboard.type(f"About {goods}")
    # While one writes, too, and round the end.
    desk.keyboard.press("Alt+ArrowDown")
    expect(desk.locator("#timeline")).to_contain_text("Boots, please")
    expect_words(desk, "About Boots")
    desk.keyboard.press("Alt+ArrowUp")
    expect(desk.locator("#timeline")).to_contain_text("Hats, please")
    expect_words(desk, "About Hats")
    expect(desk.locator("#words")).to_be_focused()
    desk.keyboard.press("Control+Enter")
    expect(visitors[2].locator(".log .them")).to_contain_text("About Hats", timeout=PATIENCE)
    desk.keyboard.press("Alt+2")
    expect_words(desk, "About Coats")
    assert sorted(Draft.objects.values_list("text", flat=True)) == ["About Boots", "About Coats"]


def test_three_chats_on_a_phone(desk: Page, visitors: list[Frame]) -> None:
    for goods in GOODS:
        take(desk, goods)
    desk.set_viewport_size({"width": 390, "height": 844})
    expect(desk.locator(".chats li a").nth(0)).to_be_visible()
    desk.locator(".chats li a").nth(0).click()
    expect(desk.locator("#timeline")).to_contain_text("Boots, please")
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessibility_violations(desk) == []
    desk.locator("#thread-head [data-cmd=back]").click()
    expect(desk.locator("#rows")).to_be_visible()
    expect(desk.locator(".chats li a").nth(2)).to_be_attached()
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_chats_in_columns_on_a_wide_screen(desk: Page, visitors: list[Frame]) -> None:
    for goods in GOODS:
        take(desk, goods)
    expect(desk.locator("#columns")).to_be_hidden()
    desk.set_viewport_size({"width": 1920, "height": 1000})
    columns = desk.locator("#columns iframe")
    for number in (0, 1):
        desk.locator(".chats li").nth(number).get_by_role("button").click()
        expect(columns).to_have_count(number + 1)
    boots, coats = (columns.nth(number).content_frame for number in (0, 1))
    expect(boots.locator("#timeline")).to_contain_text("Boots, please")
    expect(boots.locator("#rows")).to_be_hidden()
    expect(desk.locator("#customer")).to_be_hidden()

    # Each is written in and answered by itself, and hears of what is new.
    write(desk, "Hats: yes")
    boots.locator("#words").fill("Boots: yes")
    coats.locator("#words").click()
    desk.keyboard.type("Coats: yes")
    desk.keyboard.press("Control+Enter")
    expect(visitors[1].locator(".log .them")).to_contain_text("Coats: yes", timeout=PATIENCE)
    say(visitors[1], "And in red?")
    expect(coats.locator("#timeline")).to_contain_text("And in red?", timeout=PATIENCE)
    expect_words(desk, "Hats: yes")
    expect(boots.locator("#words")).to_have_text("Boots: yes")
    desk.keyboard.press("Alt+1")
    expect(boots.locator("#words")).to_be_focused()
    desk.keyboard.press("Alt+3")
    expect(desk.locator("#words")).to_be_focused()
    assert accessibility_violations(desk) == []

    # Kept for the next time; where there is no room they wait, and who is opened in the middle leaves the columns.
    desk.reload()
    expect(columns).to_have_count(2, timeout=PATIENCE)
    expect(columns.nth(0).content_frame.locator("#words")).to_have_text("Boots: yes")
    desk.set_viewport_size({"width": 1280, "height": 900})
    expect(columns).to_have_count(0)
    desk.set_viewport_size({"width": 1500, "height": 900})
    expect(columns).to_have_count(1)
    expect(columns.first.content_frame.locator("#timeline")).to_contain_text("Coats, please")
    columns.first.content_frame.locator("#panel").get_by_role("button", name="End chat").click()
    expect(columns.first.content_frame.locator("#timeline")).to_contain_text("Boots, please", timeout=PATIENCE)
    desk.locator("#rows .row", has_text="Boots").locator("a").first.click()
    expect(columns).to_have_count(0)
    expect_words(desk, "Boots: yes")
