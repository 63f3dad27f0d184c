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


@pytest.mark.parametrize(("theme", "scheme"), [("system", "dark"), ("dark", "light")])
@pytest.mark.parametrize(("colour", "paper"), [("#222222", False), ("#cc0000", True)])
def test_in_the_dark_only_a_mail_with_colours_of_its_own_is_on_paper(
    house: House, open_page: OpenPage, theme: str, scheme: str, colour: str, paper: bool
) -> None:
    type(house.olena).objects.filter(pk=house.olena.pk).update(theme=theme)
    ticket = open_ticket(
        house.channel, html=f'<p style="color:{colour}">Hello</p><ul><li>one</li></ul>', text="Hello one"
    )
    page = open_page(house.olena, color_scheme=scheme)
    page.goto(f"/inbox/open/{ticket.pk}/")
    body = page.frame_locator(".msg iframe").locator("body")
    expect(body).to_contain_text("Hello")
    read = (
        "(one) => [getComputedStyle(one).backgroundColor, getComputedStyle(document.documentElement).backgroundColor]"
    )
    ground, around = body.evaluate(read)
    light = "rgb(255, 255, 255)"
    assert (ground == light) is paper
    # As dark as the message the frame stands in, so that nothing of it is seen but the paper's round corners.
    assert around == page.locator(".pane:has(#timeline)").evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert (
        body.locator("p")
        .evaluate("(one) => getComputedStyle(one).color")
        .startswith("rgb(204" if paper else "oklch(0.94")
    )
