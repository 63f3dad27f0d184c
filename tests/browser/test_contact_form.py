"""The contact form by one script tag in a page of another origin: under a strict policy, among hostile styles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.models import ContactForm
from events.doorbell import probe_client
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.livechat.shop import HOSTILE, Shop, open_shop
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.models import Message

PATIENCE = 60_000
# Nothing is allowed but what docs/mail.md says.
POLICY = "default-src 'none'; style-src 'self'; script-src {0}; frame-src {0}"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def shop() -> Iterator[Shop]:
    client = probe_client()
    for key in client.scan_iter("contact:*"):
        client.delete(key)
    with open_shop() as shop:
        yield shop


def opened(house: House, *origins: str) -> ContactForm:
    return set_contact_form(
        house.channel.pk, by=house.adam, is_active=True, greeting="We answer within a day.", origins=origins
    )


def embed(
    shop: Shop, helpdesk: str, key: str, *, css: str = "body{background:#fff;color:#222}", more: str = ""
) -> None:
    shop.css = css
    shop.policy = POLICY.format(helpdesk)
    shop.page = (
        '<!doctype html><html lang=en><head><meta name=viewport content="width=device-width, initial-scale=1">'
        "<title>Contact</title><link rel=stylesheet href=/page.css></head><body><main><h1>Fjellrev boots</h1>"
        f'<script async src="{helpdesk}/contact.js" data-form="{key}"{more}></script></main>'
        "<footer>Fjellrev AS</footer></body></html>"
    )


def form_of(page: Page) -> Frame:
    for _ in range(300):
        for frame in page.frames:
            if "/contact/" in frame.url:
                frame.wait_for_selector("h1")
                return frame
        page.wait_for_timeout(100)
    raise AssertionError(f"no form among {[frame.url for frame in page.frames]}")


def fits(page: Page, frame: Frame) -> None:
    """Wait until the frame is as tall as the form: nothing to scroll in it, and no empty space below."""
    inside = frame.locator("main")
    expect(inside).to_be_visible()
    for _ in range(100):
        outer = page.locator("helpdesk-contact").bounding_box()
        inner = frame.evaluate("document.body.scrollHeight")
        if (
            outer
            and abs(outer["height"] - inner) <= 1
            and not frame.evaluate("document.documentElement.scrollHeight - innerHeight > 1")
        ):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the frame has {outer}, the form {inner}")


def test_a_visitor_writes_by_keyboard_and_is_thanked(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    embed(shop, live_stack.url, opened(house, shop.url).key)
    page = open_page()
    page.goto(shop.url)
    page.evaluate("addEventListener('helpdesk-sent', () => (document.title = 'Sent'))")
    frame = form_of(page)
    fits(page, frame)
    frame.get_by_label("Your name").focus()
    for words in ("Zoe Bauer", "zoe@customer.example", "", "The left boot leaks"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.type("Both seams are open.")
    before = page.locator("helpdesk-contact").bounding_box()
    page.wait_for_timeout(3_000)  # what a person needs at least: the guard turns away who is quicker
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("status")).to_contain_text("Your message has arrived", timeout=PATIENCE)
    fits(page, frame)
    after = page.locator("helpdesk-contact").bounding_box()
    assert before and after and after["height"] < before["height"] / 2
    assert page.title() == "Sent"
    message = Message.objects.get()
    assert (message.text, message.envelope["from"]["address"]) == ("Both seams are open.", "zoe@customer.example")
    assert page.context.cookies() == [], "the form leaves no cookie anywhere"


def test_what_is_wrong_is_said_in_place(live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage) -> None:
    embed(shop, live_stack.url, opened(house, shop.url).key, more=' data-lang="uk" data-theme="dark"')
    page = open_page(viewport={"width": 390, "height": 844})
    page.goto(shop.url)
    frame = form_of(page)
    expect(frame.locator("html")).to_have_attribute("lang", "uk")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    frame.locator("textarea").fill("Де моя посилка?")
    frame.locator("input[name=email]").fill("zoe@customer.example")
    frame.evaluate("document.querySelector('input[name=token]').value += 'x'")  # refused however long that took
    frame.locator(".acts button").click()
    expect(frame.get_by_role("alert")).to_be_visible()
    expect(frame.locator("textarea")).to_have_value("Де моя посилка?")
    fits(page, frame)
    assert not Message.objects.exists()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_it_looks_right_in_any_page(
    size: str, scheme: str, live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, tmp_path: Path
) -> None:
    width, height = SIZES[size]
    key = opened(house, shop.url).key
    page = open_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    boxes: list[Any] = []
    pages = {
        "light": "body{background:#fff;color:#222}",
        "own": ":root{color-scheme:light dark}body{background:Canvas}",
        "hostile": HOSTILE,
    }
    for name, css in pages.items():
        embed(shop, live_stack.url, key, css=css)
        page.goto(shop.url)
        frame = form_of(page)
        fits(page, frame)
        assert frame.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
        assert (name, accessibility_violations(frame)) == (name, [])
        page.screenshot(path=tmp_path / f"contact-{name}-{size}-{scheme}.png", full_page=True)
        boxes.append(frame.locator(".card").bounding_box())
        themed = frame.locator("html").get_attribute("data-theme")
        assert themed == (None if name == "own" else "light")
    assert len({(box["width"], box["height"]) for box in boxes}) == 1 or size == "phone"
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme)
    for path in (f"/contact/{key}/?lang=en", f"/channels/{house.channel.pk}/contact-form/"):
        page.goto(path)
        page.screenshot(path=tmp_path / f"{path.split('/')[1]}-{size}-{scheme}.png", full_page=True)
        judge(page, path)


def test_a_page_that_is_not_listed_shows_nothing(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    embed(shop, live_stack.url, opened(house, "https://other.example").key)
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(shop.url)
    page.wait_for_selector("helpdesk-contact", state="attached")
    page.wait_for_timeout(500)
    assert any("frame-ancestors" in one for one in said)
    assert not [frame for frame in page.frames if frame != page.main_frame and frame.url.startswith(live_stack.url)]
    context.close()
