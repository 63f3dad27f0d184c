"""Pictures of a conversation: looked at large, one after the other, by mouse and by keyboard."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from people.storage import store_blob
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.inbound import InboundAttachment
from tickets.models import Attachment, Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def file(name: str, colour: str) -> InboundAttachment:
    out = io.BytesIO()
    Image.new("RGB", (1200, 800), colour).save(out, "PNG")
    return InboundAttachment(name, "image/png", len(out.getvalue()), store_blob(out.getvalue()))


def with_pictures(house: House) -> Ticket:
    files = (file("box.png", "teal"), file("label.png", "orange"))
    return open_ticket(house.channel, attachments=files)


def width(page: Page) -> int:
    return int(page.locator("#picture img").evaluate("image => image.clientWidth"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_by_keyboard(house: House, open_page: OpenPage, theme: str) -> None:
    house.olena.theme = theme
    house.olena.save()
    ticket = with_pictures(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    first = page.locator("a.file").first
    first.focus()
    page.keyboard.press("Enter")
    box = page.locator("#picture")
    expect(box).to_be_visible()
    expect(box.get_by_role("heading")).to_have_text("box.png")
    expect(box.get_by_role("status")).to_have_text("1 of 2")
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 1200)
    fitted = width(page)
    assert accessibility_violations(page) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        page.screenshot(path=f"{shots}/lightbox-{theme}.png")
    page.keyboard.press("+")
    assert width(page) == pytest.approx(fitted * 1.5, abs=1)
    page.keyboard.press("-")
    assert width(page) == fitted
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("heading")).to_have_text("label.png")
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("heading")).to_have_text("box.png")
    page.keyboard.press("ArrowLeft")
    expect(box.get_by_role("heading")).to_have_text("label.png")
    page.keyboard.press("e")  # the page behind does not hear it
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(first).to_be_focused()
    assert Ticket.objects.get(pk=ticket.pk).status == "open"


def test_by_mouse(house: House, open_page: OpenPage) -> None:
    ticket = with_pictures(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.locator("a.file", has_text="label.png").click()
    box, image = page.locator("#picture"), page.locator("#picture img")
    expect(box.get_by_role("heading")).to_have_text("label.png")
    label = Attachment.objects.get(filename="label.png")
    expect(image).to_have_attribute("src", f"/files/{label.public_id}/thumb/?size=large")
    expect(box.get_by_role("link", name="Download the original")).to_have_attribute(
        "href", f"/files/{label.public_id}/"
    )
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 1200)
    fitted = width(page)
    image.click()
    assert width(page) == pytest.approx(fitted * 2, abs=1)
    page.mouse.move(700, 450)  # dragging moves the picture, and is no click
    page.mouse.down()
    page.mouse.move(500, 300, steps=4)
    page.mouse.up()
    assert width(page) == pytest.approx(fitted * 2, abs=1)
    assert page.locator("#picture .stage").evaluate("stage => stage.scrollLeft") > 0
    image.click()
    assert width(page) == fitted
    box.get_by_role("button", name="Next picture").click()
    expect(box.get_by_role("heading")).to_have_text("box.png")
    box.get_by_role("button", name="Close").click()
    expect(box).to_be_hidden()


def test_what_is_no_picture_we_show_says_so(house: House, open_page: OpenPage) -> None:
    broken = InboundAttachment("broken.png", "image/png", 11, store_blob(b"\x89PNG broken"))
    ticket = open_ticket(house.channel, attachments=(broken,))
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.locator("a.file").click()
    expect(page.locator("#picture")).to_contain_text("This picture cannot be shown. Download it instead.")
