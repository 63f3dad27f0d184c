"""Canned replies in a browser: written with formatting, used with an order filled in, stopped where one is missing."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from commerce.models import Buyer, Order, Shop
from people.models import Identity, Trust
from tests.people import NOW, House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations, into_words
from tests.support.live import LiveStack
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience
from tickets.models import Macro, Message, MessageKind, Ticket


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def ticket_about(house: House, *, tracking: str) -> Ticket:
    shop = Shop.objects.create(name="Nordvik", kind="woocommerce", key="nordvik")
    buyer = Buyer.objects.create(key="e:zoe@customer.example", email="zoe@customer.example")
    at = NOW - timedelta(days=2)
    Order.objects.create(
        shop=shop, external_id="48213", number="48213", buyer=buyer, status="shipped", currency="EUR", total=18900,
        tracking=tracking, placed_at=at, changed_at=at,
    )  # fmt: skip
    ticket = open_ticket(house.channel)
    Identity.objects.filter(customer=ticket.customer_id).update(trust=Trust.VERIFIED)
    return ticket


def canned(house: House) -> Macro:
    html = "<p>Your order <strong>{{order.number}}</strong> is on its way: {{order.tracking}}</p>"
    content = Content(name="On its way", texts={}, htmls={"": html})
    return save_macro(None, content, by=house.olena, audience=Audience(owner=house.olena))


def rich(page: Page) -> None:
    """The editor has taken the field's place."""
    into_words(page)
    expect(page.locator("#composer .rich .ed")).to_be_visible()


@pytest.mark.parametrize("hand", ["keyboard", "mouse"])
def test_a_macro_with_an_order(house: House, open_page: OpenPage, hand: str) -> None:
    ticket = ticket_about(house, tracking="TRK-7")
    canned(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    rich(page)
    if hand == "keyboard":
        page.keyboard.press("/")
        page.keyboard.type("On its")
        page.keyboard.press("Enter")
    else:
        page.get_by_role("button", name="Canned replies").click()
        page.get_by_role("menuitem", name="On its way").click()
    expect(page.locator("#words strong")).to_have_text("48213")
    expect(page.locator("#words")).to_contain_text("Your order 48213 is on its way: TRK-7")
    if hand == "keyboard":
        page.keyboard.press("Control+Enter")
    else:
        page.locator("[data-send]").click()
    expect(page.locator("#timeline .msg:not(.sending) strong")).to_have_text("48213")
    sent = Message.objects.get(ticket=ticket, kind=MessageKind.OUTBOUND)
    assert sent.text.startswith("Your order 48213 is on its way: TRK-7")
    assert Macro.objects.get().used == 1


def test_what_the_order_lacks_stops_the_sending_and_is_named(house: House, open_page: OpenPage) -> None:
    ticket = ticket_about(house, tracking="")
    canned(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    rich(page)
    page.keyboard.press("/")
    page.keyboard.type("On its")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Fill in by hand: {{order.tracking}}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toast")).to_contain_text("Fill in or remove: {{order.tracking}}.")
    expect(page.locator("#words")).to_contain_text("Your order 48213")
    assert not Message.objects.filter(kind=MessageKind.OUTBOUND).exists()


def test_written_with_formatting(house: House, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto("/macros/new/")
    page.get_by_label("Name").fill("Bold")
    field = page.locator("[data-rich] .ed").first
    expect(field).to_be_visible()
    field.click()
    page.keyboard.press("Control+b")
    page.keyboard.type("Sorry")
    page.keyboard.press("Control+b")
    page.keyboard.type(" about that")
    assert accessibility_violations(page) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        page.screenshot(path=f"{shots}/macro-form.png")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/macros/manage/")
    said = Macro.objects.get().texts.get()
    assert (said.text, said.html.replace("&nbsp;", " ")) == (
        "Sorry about that",
        "<p><strong>Sorry</strong> about that</p>",
    )


def test_what_may_be_filled_in_is_put_where_one_writes(house: House, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto("/macros/new/")
    words = page.locator(".signs .rich .ed").first
    words.click()
    page.keyboard.type("Hello , bye")
    for _letter in ", bye":
        page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="{{customer.first_name}}").click()
    page.keyboard.type("!")
    expect(words).to_have_text("Hello {{customer.first_name}}!, bye")
    # By keys: one stop for the whole bar, arrows within it, and on with writing.
    page.get_by_role("button", name="{{customer.name}}").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(words).to_have_text("Hello {{customer.first_name}}!{{customer.name}}, bye")
    expect(words).to_be_focused()
    note = page.get_by_label("Note for the team")
    note.fill("abc")
    note.press("Home")
    page.get_by_role("button", name="{{ticket.number}}").click()
    expect(note).to_have_value("{{ticket.number}}abc")
    page.get_by_label("Name").fill("Greeting")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/macros/manage/")
    assert "{{customer.first_name}}!{{customer.name}}" in Macro.objects.get().texts.get().text


def test_nobody_wrote_yet_it_is_put_to_the_end_of_the_signature(house: House, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto("/profile/")
    words = page.locator(".signs .rich .ed")
    expect(words).to_be_visible()
    page.get_by_role("button", name="{agent.name}").click()
    expect(words).to_have_text("{agent.name}")
    assert not accessibility_violations(page)
