"""A mail's frame is as high as the mail: its first and last line are seen whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage


@pytest.fixture
def house(live_stack: object) -> House:
    return make_house()


@pytest.mark.parametrize("html", [
    "<p>First</p><ul><li>one</li></ul><p>Last</p>",
    '<p style="color:#333333">First</p><ul><li>one</li></ul><blockquote>Between</blockquote><p>Last</p>',
    "<div><h2>First</h2></div><ul><li>Last</li></ul>",
])  # fmt: skip
def test_nothing_is_cut_off(house: House, open_page: OpenPage, html: str) -> None:
    ticket = open_ticket(house.channel, html=html, text="First Last")
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    expect(page.frame_locator(".msg iframe").locator("body")).to_contain_text("Last")
    page.wait_for_function(
        """() => {
          const frame = document.querySelector('.msg iframe');
          const whole = frame.contentDocument.documentElement.scrollHeight;
          return frame.style.height !== '' && frame.clientHeight >= whole;
        }""",
        timeout=10_000,
    )
