"""The demo shop as it is shown: signed in as one of the demo's customers, a cart, the page of their order and a chat,
from the shop's own port; the agent sees who it is, the cart and the order."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from commerce.models import Buyer, Order, Shop
from livechat.demo.server import demo_order
from tests.livechat.test_demo_shop import shop  # noqa: F401 - a fixture
from tests.livechat.test_stories import at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, frame_of, say
from tests.people import House, make_house
from tests.people import open_ticket as customer_writes
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def zoe_buys() -> Order:
    buyer = Buyer.objects.create(key="zoe@customer.example", email="zoe@customer.example", name="Zoe Bauer")
    now = timezone.now()
    return Order.objects.create(
        shop=Shop.objects.create(name="Nordvik", key="k" * 32), external_id="1", number="48213", buyer=buyer,
        status="shipped", currency="EUR", total=18900, placed_at=now, changed_at=now, items=[{"title": "Boots"}],
    )  # fmt: skip


def test_a_customer_of_the_demo_asks_from_the_page_of_their_order(
    live_stack: LiveStack,
    house: House,
    shop: str,  # noqa: F811
    open_page: OpenPage,
) -> None:
    visitor = open_page()
    visitor.goto(f"{shop}/en/order/")
    expect(visitor.locator("main")).to_contain_text("load the helpdesk's demo data first")
    order = zoe_buys()
    assert demo_order() is None, "nobody who has written to the helpdesk"
    customer_writes(house.channel)
    assert demo_order() == order
    olena = at_desk(open_page, house.olena)
    visitor.goto(f"{shop}/en/products/")
    visitor.locator("[data-add='Fjellrev boots']").click()
    visitor.locator("[data-add='Camp stove']").click()
    visitor.goto(f"{shop}/en/cart/")
    expect(visitor.locator("[data-cart]")).to_contain_text("€189.00")
    expect(visitor.locator("[data-total]")).to_have_text("Total: €253.00")
    assert accessibility_violations(visitor) == []
    visitor.goto(f"{shop}/en/order/")
    expect(visitor.locator("[data-order]")).to_be_hidden()
    visitor.get_by_role("button", name="Sign in as Zoe").click()
    expect(visitor.get_by_role("heading", name="Order 48213")).to_be_visible()
    visitor.goto(f"{shop}/en/order/")  # another page: still signed in
    expect(visitor.get_by_role("heading", name="Order 48213")).to_be_visible()
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.open()")
    frame = frame_of(visitor)
    expect(frame.locator(".order")).to_contain_text("Order 48213", timeout=PATIENCE)
    frame.locator(".go").click()
    say(frame, "When does it come?")
    open_ticket(olena, "When does it come?")
    panel = olena.locator("#panel")
    expect(panel).to_contain_text("Signed", timeout=PATIENCE)
    expect(panel).to_contain_text("253", timeout=PATIENCE)
    expect(panel.locator(".chat-order")).to_contain_text("Order 48213")
    expect(olena.locator("body")).to_contain_text("Zoe Bauer")
    secret = frame.evaluate("Object.entries(localStorage).find(([name]) => name.endsWith(':secret'))[1]")
    visitor.evaluate("helpdesk.close()")
    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.locator("[data-order]")).to_be_hidden()
    visitor.evaluate("helpdesk.open()")
    expect(frame_of(visitor).locator(".order")).to_be_hidden()
    # What the page and the frame keep in the browser says nothing of her any more.
    kept = visitor.evaluate("({...localStorage})")
    assert {name for name in kept if not name.endswith(":g")} == {"goods"}  # :g is when a greeting was said last
    assert not {word for word in ("zoe", secret.lower()) if word in str(kept).lower()}
    # The frame keeps the old secret until the server has confirmed that it is at an end.
    frame_of(visitor).wait_for_function("(secret) => !JSON.stringify({...localStorage}).includes(secret)", arg=secret)
