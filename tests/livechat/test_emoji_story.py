"""Emoji by mouse and by keyboard, in the visitor's chat and in the agent's composer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations, into_words
from tests.support.live import LiveStack


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def test_emoji_of_a_visitor_and_of_an_agent(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    desk, visitor = at_desk(open_page, house.olena), open_page()
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    frame = visit(visitor, shop)
    text, smile = frame.locator("#text"), frame.get_by_role("button", name="Emoji")
    picker = frame.get_by_role("dialog", name="Emoji")
    assert not [url for url in asked if "emoji" in url], "nothing of it is loaded until it is wanted"

    # By mouse, where the caret stands.
    text.fill("Good day")
    text.evaluate("e => e.setSelectionRange(4, 4)")
    smile.click()
    expect(picker.get_by_role("searchbox")).to_be_focused()
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert accessibility_violations(frame) == []
    picker.get_by_role("button", name="grinning face", exact=True).click()
    expect(text).to_have_value("Good😀 day")
    expect(picker).to_be_hidden()

    # By keyboard: found by name, gone through by arrows, given up.
    smile.press("Enter")
    picker.get_by_role("searchbox").fill("parcel")
    expect(picker.locator("[data-emoji]")).to_have_count(1)
    visitor.keyboard.press("Enter")
    expect(text).to_have_value("Good😀📦 day")
    expect(text).to_be_focused()
    smile.press("Enter")
    lately = picker.get_by_role("group", name="Lately").locator("button")
    expect(lately).to_have_text(["📦", "😀"])
    visitor.keyboard.press("ArrowDown")
    expect(lately.nth(0)).to_be_focused()
    visitor.keyboard.press("ArrowRight")
    expect(lately.nth(1)).to_be_focused()
    visitor.keyboard.press("ArrowDown")
    expect(picker.get_by_role("group", name="Faces").locator("button").nth(1)).to_be_focused()
    picker.get_by_role("searchbox").fill("zzz")
    expect(picker.get_by_role("status")).to_have_text("Nothing found")
    visitor.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(text).to_be_focused()
    assert visitor.evaluate("document.querySelector('helpdesk-widget').hasAttribute('open')"), "only it was closed"

    # From right to left the arrows go the other way.
    frame.evaluate("document.documentElement.dir = 'rtl'")
    smile.press("Enter")
    visitor.keyboard.press("ArrowDown")
    visitor.keyboard.press("ArrowLeft")
    expect(lately.nth(1)).to_be_focused()
    visitor.keyboard.press("Enter")
    expect(text).to_have_value("Good😀📦😀 day")
    text.press("Enter")

    # The agent's.
    open_ticket(desk, "Good😀📦😀 day")
    into_words(desk)
    desk.keyboard.type("Thank you ")
    expect(desk.locator("#composer .rich")).to_be_visible(timeout=PATIENCE)
    desk.get_by_role("button", name="Emoji").click()
    theirs = desk.get_by_role("dialog", name="Emoji")
    theirs.get_by_role("searchbox").fill("folded hands")
    expect(desk.locator("#toast.show")).to_have_count(0)
    assert accessibility_violations(desk) == []
    desk.keyboard.press("Enter")
    expect(theirs).to_be_hidden()
    expect(desk.locator("#words")).to_have_text("Thank you 🙏")
    desk.keyboard.type(" indeed")
    desk.keyboard.press("Control+Enter")
    expect(frame.locator(".log .them")).to_contain_text("Thank you 🙏 indeed", timeout=PATIENCE)
