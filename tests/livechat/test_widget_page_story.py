"""The widget and the page it stands in: greetings between tabs and subdomains, where the button is, which way the page is
read, phones; and messages that would not go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from livechat.models import Greeting
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import OPEN_ROOTS
from tests.livechat.test_story import PATIENCE, frame_of, say, visit
from tests.livechat.test_widget_story import address, come, delivered, land
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.models import Message

PHONE_KEYBOARD = """Object.defineProperty(window, 'visualViewport', {value: Object.assign(new EventTarget(),
{scale: 1, width: innerWidth, height: innerHeight, offsetTop: 0})});"""


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def test_what_would_not_go_is_tried_again_or_discarded(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(json.loads(route.request.post_data or "{}")["text"])
        route.fulfill(status=422, json={"code": "too_long"})

    visitor.route("**/message/", refuse)
    for text in ("keep me", "drop me"):
        say(frame, text)
    failed = frame.locator(".failed")
    expect(failed).to_have_count(2, timeout=PATIENCE)
    expect(failed.first).to_contain_text("This message is too long")
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)
        assert accessibility_violations(frame) == []
    # They are still there on the next page, and not sent by themselves.
    frame = visit(visitor, shop)
    failed = frame.locator(".failed")
    expect(failed).to_have_count(2, timeout=PATIENCE)
    assert refused == ["keep me", "drop me"]
    visitor.unroute("**/message/")
    failed.filter(has_text="drop me").get_by_role("button", name="Discard").press("Enter")
    expect(failed).to_have_count(1)
    failed.get_by_role("button", name="Try again").press("Enter")
    delivered(frame, "keep me")
    expect(frame.locator(".waiting")).to_have_count(0)
    assert [message.text for message in Message.objects.all()] == ["keep me"]


def test_files_that_waited_too_long_are_taken_again_or_asked_for(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    picked = {"name": "boots.txt", "mimeType": "text/plain", "buffer": b"These ones"}

    def with_a_file(text: str) -> None:
        frame.locator("input[type=file]").set_input_files(picked)  # type: ignore[arg-type]
        expect(frame.locator(".chosen li:not(.busy)")).to_have_count(1, timeout=PATIENCE)
        say(frame, text)

    visitor.route("**/message/", lambda route: route.fulfill(status=422, json={"code": "file_gone"}))
    with_a_file("These boots")
    expect(frame.locator(".failed")).to_contain_text("Files wait for an hour only", timeout=PATIENCE)
    visitor.unroute("**/message/")
    frame.get_by_role("button", name="Try again").click()
    expect(frame.locator(".chosen li:not(.busy)")).to_contain_text("boots.txt", timeout=PATIENCE)
    expect(frame.locator("#text")).to_have_value("These boots")
    frame.locator("#text").press("Enter")
    delivered(frame, "These boots")
    assert Message.objects.get().attachments.count() == 1

    # After a new page the browser has the file no more: the words stand there, and the file is asked for.
    visitor.route("**/message/", lambda route: route.fulfill(status=422, json={"code": "file_gone"}))
    with_a_file("And these")
    expect(frame.locator(".failed")).to_have_count(1, timeout=PATIENCE)
    frame = visit(visitor, shop)
    visitor.unroute("**/message/")
    frame.get_by_role("button", name="Try again").click()
    expect(frame.locator(".trouble")).to_contain_text("Choose them again")
    expect(frame.locator("#text")).to_have_value("And these")
    expect(frame.locator(".failed")).to_have_count(0)


def test_two_tabs_keep_each_others_words_and_offline_is_said_while_it_is_so(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    street = chromium.new_context()  # of its own: browsers complain of what they cannot reach, rightly
    one = street.new_page()
    frames = [come(one, shop)]
    other = street.new_page()  # only now: presses may miss in a tab that is not the one in front
    frames.append(come(other, shop))
    street.set_offline(True)
    for number, frame in enumerate(frames):
        say(frame, f"from tab {number}")
        expect(frame.locator(".waiting")).to_have_count(1)
        expect(frame.locator(".trouble")).to_contain_text("No connection", timeout=PATIENCE)
    one.wait_for_timeout(9000)
    expect(frames[0].locator(".trouble")).to_contain_text("No connection")
    kept = "Object.keys(localStorage).filter((name) => name.includes(':job:')).length"
    assert frames[0].evaluate(kept) == 2
    other.close()  # its words are sent by the one that is left, or by the next page
    street.set_offline(False)
    frame = visit(one, shop)
    for number in range(2):
        delivered(frame, f"from tab {number}")
    expect(frame.locator(".trouble")).to_be_hidden()
    assert frame.evaluate(kept) == 0
    assert Message.objects.count() == 2
    street.close()


def greeting(connection: Any, text: str, **more: Any) -> None:
    Greeting.objects.create(
        channel_id=connection.channel_id, name=text, texts={"en": text}, after_seconds=0, **more
    )  # fmt: skip


def greeted(page: Page, url: str) -> bool:
    land(page, url)
    page.wait_for_timeout(3000)
    return page.locator("helpdesk-widget p").count() > 0


def test_tabs_and_subdomains_of_a_shop_greet_once_between_them(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    port = shop.url.rsplit(":", 1)[1]
    here, there = (f"http://{name}.nordvik.localhost:{port}" for name in ("www", "sale"))
    connection, _ = make_chat(house, here, there)
    shop.embed(live_stack.url, connection.key)
    greeting(connection, "Questions?")
    street = chromium.new_context()
    street.add_init_script(OPEN_ROOTS)
    one, other = street.new_page(), street.new_page()
    assert greeted(one, here)
    assert one.locator("helpdesk-widget iframe").get_attribute("src").split("/")[-2] == "ask"  # type: ignore[union-attr]
    assert not greeted(other, here) and not greeted(other, there)
    street.close()
    # In conversation on one of them, on none of them.
    street = chromium.new_context()
    street.add_init_script(OPEN_ROOTS)
    one = street.new_page()
    land(one, here)
    one.evaluate("helpdesk.open('talk')")
    frame = frame_of(one)
    frame.wait_for_selector("#text:visible")
    address(frame)
    say(frame, "I am talking already")
    delivered(frame, "I am talking already")
    Greeting.objects.all().delete()
    greeting(connection, "Anything else?")
    assert not greeted(one, there)
    street.close()
    street = chromium.new_context()
    street.add_init_script(OPEN_ROOTS)
    assert greeted(street.new_page(), there)
    street.close()


def test_the_next_greeting_comes_after_one_was_put_away_and_goes_by_what_the_page_says(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    greeting(connection, "About boots?", path="/boots*")
    greeting(connection, "About the cart?", path="/cart")
    visitor = open_page()
    visitor.add_init_script(OPEN_ROOTS)
    land(visitor, shop.url)
    bubble = visitor.locator("helpdesk-widget p")
    visitor.wait_for_timeout(1500)
    expect(bubble).to_have_count(0)
    visitor.evaluate("helpdesk.setContext({page: 'https://shop.example/boots/42?size=9'})")
    expect(bubble).to_contain_text("About boots?", timeout=PATIENCE)
    bubble.get_by_role("button", name="Dismiss").click()
    expect(bubble).to_have_count(0)
    visitor.evaluate("helpdesk.setContext({page: '/cart'})")
    expect(bubble).to_contain_text("About the cart?", timeout=PATIENCE)


def test_the_button_stands_where_the_shop_wants_it_or_not_at_all(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    shop.page = shop.page.replace(" data-key", ' data-offset-x="40" data-offset-y="90" data-key')
    visitor = open_page(viewport={"width": 1000, "height": 800})
    visitor.add_init_script("globalThis.helpdesk = {q: [['on', 'ready', () => (globalThis.came = true)]]}")
    land(visitor, shop.url)
    visitor.wait_for_function("() => globalThis.came")
    widget = visitor.locator("helpdesk-widget")
    box = widget.bounding_box()
    assert box and (box["x"] + box["width"], box["y"] + box["height"]) == (960, 710)
    visitor.evaluate("helpdesk.toggle()")
    expect(visitor.locator("helpdesk-widget[open]")).to_have_count(1)
    box = widget.bounding_box()
    assert box and box["y"] >= 0 and box["y"] + box["height"] == 710
    visitor.evaluate("helpdesk.toggle()")
    expect(visitor.locator("helpdesk-widget[open]")).to_have_count(0)
    visitor.evaluate("helpdesk.hide()")
    expect(widget).to_be_hidden()
    visitor.evaluate("helpdesk.show()")
    expect(widget).to_be_visible()
    # A button of the shop's own.
    visitor.evaluate("() => { helpdesk.hide(); helpdesk.on('close', () => helpdesk.hide()); helpdesk.open(); }")
    expect(widget).to_be_visible()
    frame_of(visitor).get_by_role("button", name="Close chat").first.click()
    expect(widget).to_be_hidden()


def test_it_is_read_as_the_page_is_and_may_sound(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    shop.page = shop.page.replace("<html lang=en>", "<html lang=he dir=rtl>")
    visitor = open_page()
    visitor.add_init_script(OPEN_ROOTS)
    frame = visit(visitor, shop)
    assert frame.evaluate("document.documentElement.dir") == "rtl"
    send, attach = frame.locator(".send").bounding_box(), frame.locator(".tool.clip").bounding_box()
    assert send and attach and send["x"] < attach["x"]
    assert "autoplay" in (visitor.locator("helpdesk-widget iframe").get_attribute("allow") or "")
    assert accessibility_violations(frame) == []


def test_on_a_phone_the_keyboard_covers_nothing_and_the_page_behind_stays(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    phone = open_page(viewport={"width": 390, "height": 800})
    phone.add_init_script(PHONE_KEYBOARD)
    visit(phone, shop)
    widget = phone.locator("helpdesk-widget")
    assert widget.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 800}
    assert phone.evaluate("getComputedStyle(document.documentElement).overflowY") == "hidden"
    phone.evaluate(
        "() => { Object.assign(visualViewport, {height: 460, offsetTop: 40}); visualViewport.dispatchEvent(new Event('resize')); }"
    )
    assert widget.bounding_box() == {"x": 0, "y": 40, "width": 390, "height": 460}
    phone.evaluate("helpdesk.close()")
    assert phone.evaluate("getComputedStyle(document.documentElement).overflowY") == "visible"
    box = widget.bounding_box()
    assert box and box["width"] < 100
