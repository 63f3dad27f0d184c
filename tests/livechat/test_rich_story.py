"""What an agent set out is set out for the visitor too, and a picture opens large inside the chat."""

from __future__ import annotations

import os
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import at_desk
from tests.livechat.test_story import PATIENCE, say, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.models import Ticket

SET_OUT = (
    "<p>Two ways to <strong>send it back</strong>:</p><ol><li>at a <em>parcel box</em></li><li>with our driver</li></ol>"
    '<p>See <a href="https://shop.example/returns">our page</a>.</p>'
)


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def photo() -> bytes:
    made = BytesIO()
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_formatting_and_a_picture_large(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, scheme: str
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    at_desk(open_page, house.olena)
    visitor = open_page(color_scheme=scheme)
    frame = visit(visitor, shop)
    frame.locator("input[type=file]").set_input_files(
        [{"name": "boots.png", "mimeType": "image/png", "buffer": photo()}]
    )
    expect(frame.locator(".chosen img")).to_have_count(1)
    say(frame, "How do I send these back?")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    number = Ticket.objects.get().pk
    reply(number, by=house.olena, text="Two ways to send it back: …", html=SET_OUT)
    body = frame.locator(".log .them .body")
    expect(body.locator("strong")).to_have_text("send it back", timeout=PATIENCE)
    assert body.locator("li").all_inner_texts() == ["at a parcel box", "with our driver"]
    assert body.locator("a").get_attribute("rel") == "noopener noreferrer nofollow"
    reply(number, by=house.olena, text="Or https://shop.example/box", html="<p>Or https://shop.example/box</p>")
    expect(frame.locator(".log .them").last.locator("p a")).to_have_attribute(
        "href", "https://shop.example/box", timeout=PATIENCE
    )

    opener = frame.locator(".log .file")
    expect(opener.locator("img")).to_be_visible(timeout=PATIENCE)
    opener.focus()
    visitor.keyboard.press("Enter")
    large = frame.get_by_role("dialog", name="boots.png")
    expect(large.locator("img")).to_be_visible()
    assert large.locator("img").evaluate("e => e.decode().then(() => e.naturalWidth)") > 400
    assert accessibility_violations(frame) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        visitor.screenshot(path=f"{shots}/rich-large-{scheme}.png")
    with visitor.expect_download() as kept:
        large.get_by_role("button", name="Download boots.png").click()
    assert kept.value.suggested_filename == "boots.png"
    visitor.keyboard.press("Escape")
    expect(large).to_have_count(0)
    expect(opener).to_be_focused()
    if shots:
        visitor.screenshot(path=f"{shots}/rich-{scheme}.png")
    opener.click()  # and by mouse, closed beside the picture
    large.click(position={"x": 20, "y": 540})
    expect(large).to_have_count(0)
