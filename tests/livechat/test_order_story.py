"""A signed visitor asks about their order in one press, in a real browser; the agent sees which."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from commerce.models import Buyer, Order, Shop
from livechat.signed import make_token
from tests.livechat.shop import Shop as Page
from tests.livechat.shop import make_chat, open_shop
from tests.livechat.test_api import claims
from tests.livechat.test_stories import at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, frame_of, say
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.models import Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def shop() -> Iterator[Page]:
    with open_shop() as shop:
        yield shop


def test_a_signed_visitor_asks_about_their_order(
    live_stack: LiveStack, house: House, shop: Page, open_page: OpenPage
) -> None:
    chat, signing = make_chat(house, shop.url)
    shop.embed(live_stack.url, chat.key)
    buyer = Buyer.objects.create(key="zoe@customer.example", email="zoe@customer.example")
    now = timezone.now()
    Order.objects.create(
        shop=Shop.objects.create(name="Nordvik", key="k" * 32), external_id="1", number="48213", buyer=buyer,
        status="shipped", currency="EUR", total=18900, placed_at=now, changed_at=now, items=[{"title": "Boots"}],
    )  # fmt: skip
    olena, visitor = at_desk(open_page, house.olena), open_page()
    visitor.set_default_timeout(PATIENCE)
    visitor.goto(shop.url)
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.open()")
    frame = frame_of(visitor)
    expect(frame.locator(".go")).to_be_visible()
    expect(frame.locator(".order")).to_be_hidden()
    visitor.evaluate(
        "token => helpdesk.identify(token)", make_token(signing, claims(chat, email="Zoe@customer.example"))
    )
    card = frame.locator(".order")
    expect(card).to_contain_text("Order 48213", timeout=PATIENCE)
    expect(card).to_contain_text("Shipped")
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert accessibility_violations(frame) == []
    card.get_by_role("button", name="Ask about this order").press("Enter")
    expect(frame.locator(".subject")).to_contain_text("Order 48213")
    assert accessibility_violations(frame) == []
    say(frame, "Where is it?")
    expect(frame.locator(".subject")).to_be_hidden()
    open_ticket(olena, "Where is it?")
    expect(olena.locator("#panel .chat-order")).to_contain_text("Order 48213")
    expect(olena.locator("#timeline")).to_contain_text("asks about order 48213")
    assert Ticket.objects.get().subject == "48213: Where is it?"
    assert accessibility_violations(olena) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        olena.screenshot(path=f"{shots}/order-desk.png")
        frame.locator(".talk .back").click()
        visitor.screenshot(path=f"{shots}/order-home.png")
