"""Every page and state of the inbox as axe-core judges it, light and dark, desk and phone; and nothing scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.people import House, make_house, open_ticket, receive
from tests.support.browser import OpenPage, accessibility_violations, write
from tests.support.live import LiveStack
from tickets.actions import add_note, add_tag, assign_ticket, reply, set_priority
from tickets.inbound import Address
from tickets.models import Ticket

# "zoomed" is a desk at 200 %: half as many pixels, each twice as large.
SIZES = {"desk": (1440, 900), "zoomed": (720, 450), "drawer": (1024, 768), "phone": (390, 844), "narrow": (320, 640)}
KEYS = {"assign": "a", "tag": "t", "status": "s", "priority": "p", "snooze": "h"}
LOOKS = [("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark")]


@pytest.fixture
def ticket(live_stack: LiveStack) -> Ticket:
    """One ticket with a bit of everything, among others."""
    house = make_house()
    for number in range(3):
        open_ticket(house.channel, subject=f"Other {number}", sender=Address("", f"other{number}@c.example"))
    ticket = open_ticket(house.channel, cc=(Address("Anna Berg", "anna@customer.example"),))
    assign_ticket(ticket.pk, by=house.ben, assignee=house.olena)
    add_tag(ticket.pk, by=house.ben, name="late parcel")
    set_priority(ticket.pk, by=house.ben, priority=40)
    add_note(ticket.pk, by=house.ben, text="Ask the courier, https://courier.example/7.")
    reply(ticket.pk, by=house.ben, text="We look into it.")
    receive(
        house.channel, subject="Re: Where is my parcel?", text="Thank you\n\n> We look into it.", quoted=((11, 29),)
    )
    ticket.refresh_from_db()
    ticket.house = house  # type: ignore[attr-defined]
    return ticket


# Those that turn for ever (a light that breathes) are as they are at any moment.
SETTLED = (
    "Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime < 1e6).map(a => a.finished))"
)


def judge(page: Page, state: str) -> None:
    page.wait_for_timeout(200)
    page.evaluate(f"{SETTLED}.catch(() => 0).then(() => 0)")  # colours fade in; axe would judge them half way
    assert (state, accessibility_violations(page)) == (state, [])
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert (state, page.evaluate(sideways)) == (state, 0)


def opened(open_page: OpenPage, ticket: Ticket, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    house: House = ticket.house  # type: ignore[attr-defined]
    touch = {"has_touch": True, "is_mobile": True} if width < 768 else {}
    page = open_page(house.olena, viewport={"width": width, "height": height}, color_scheme=scheme, **touch)
    page.goto(f"/inbox/open/{ticket.pk}/")
    expect(page.locator(".comp .sum")).to_contain_text("Zoe")
    return page


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_no_violations_in_any_state(size: str, scheme: str, ticket: Ticket, open_page: OpenPage) -> None:
    page = opened(open_page, ticket, size, scheme)
    judge(page, "ticket")
    page.locator("#timeline .msg details summary").first.click()
    page.locator("[data-cmd=recipients]").click()
    page.locator("#rcp-cc").fill("courier@post.example, nonsense,")
    write(page, "One moment")
    judge(page, "details and recipients")
    page.locator("[data-cmd=formatting]").click()
    expect(page.locator(".rich #words")).to_be_visible()
    page.locator("[data-format=link]").click()
    judge(page, "formatting and a link")
    page.locator("[data-mode-to=note]").click()
    judge(page, "note")
    for menu in (*KEYS, "more", "send"):
        if menu == "send":
            page.locator("[data-mode-to=reply]").click()
        page.locator("body").evaluate("document.activeElement.blur()")
        if menu in KEYS:
            page.keyboard.press(KEYS[menu])
        else:
            page.locator(f"[data-menu={menu}]").click()
        expect(page.locator(f"#menu-{menu}")).to_be_visible()
        judge(page, f"menu {menu}")
        page.keyboard.press("Escape")
        expect(page.locator(f"#menu-{menu}")).to_be_hidden()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_no_violations_in_dialogs_and_pages(size: str, scheme: str, ticket: Ticket, open_page: OpenPage) -> None:
    page = opened(open_page, ticket, size, scheme)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    judge(page, "palette")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    judge(page, "keys")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("]")
    page.wait_for_timeout(400)
    judge(page, "customer pane")
    page.keyboard.press("]")
    write(page, "To somebody else")
    page.locator("[data-cmd=recipients]").click()
    page.locator("#rcp-cc").fill("courier@post.example")
    page.locator("[data-send]").click()
    expect(page.locator("#outside")).to_be_visible()
    judge(page, "outside")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove courier@post.example").click()
    house: House = ticket.house  # type: ignore[attr-defined]
    add_note(ticket.pk, by=house.ben, text="Wait a moment")
    page.locator("[data-send]").click()
    expect(page.locator("#stale")).to_be_visible()
    judge(page, "stale")
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#toast")).to_contain_text("Sending in")
    judge(page, "toast")
    for address in (
        "/inbox/open/",
        "/inbox/snoozed/",
        "/search/?q=parcel",
        "/search/?q=zzz",
        "/views/",
        "/notifications/",
    ):
        page.goto(address)
        judge(page, address)


def test_the_customer_is_a_drawer_where_there_is_no_room(ticket: Ticket, open_page: OpenPage) -> None:
    page = opened(open_page, ticket, "drawer", "dark")
    expect(page.locator("#customer")).to_be_hidden()
    page.keyboard.press("]")
    expect(page.get_by_role("button", name="Close the customer pane")).to_be_focused()
    page.wait_for_timeout(300)
    judge(page, "drawer")
    page.keyboard.press("Escape")
    expect(page.locator("#customer")).to_be_hidden()
    expect(page.locator("#subject")).to_be_visible()


def test_nothing_scrolls_sideways_at_320(ticket: Ticket, open_page: OpenPage) -> None:
    page = opened(open_page, ticket, "narrow", "light")
    judge(page, "ticket")
    page.locator("#thread-head [data-cmd=customer]").click()
    page.wait_for_timeout(400)
    judge(page, "customer")
    page.locator("#customer .close").click()
    page.locator(".btn.back").click()
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator(".tabbar")).to_be_visible()
    judge(page, "list")


def test_at_200_percent_everything_is_there_and_nothing_scrolls_sideways(ticket: Ticket, open_page: OpenPage) -> None:
    house: House = ticket.house  # type: ignore[attr-defined]
    width, height = SIZES["zoomed"]
    page = open_page(house.olena, viewport={"width": width, "height": height}, device_scale_factor=2)
    page.goto("/inbox/open/")
    judge(page, "list")
    page.locator(f"#row-{ticket.pk} a").click()
    expect(page.locator(".comp .sum")).to_contain_text("Zoe")
    judge(page, "ticket")
    write(page, "Read at twice the size.")
    for wanted in ("[data-send]", "#thread-head [data-cmd=customer]", "#thread-head [data-menu=more]"):
        page.locator(wanted).scroll_into_view_if_needed()
        expect(page.locator(wanted)).to_be_in_viewport()
    page.locator("#thread-head [data-cmd=customer]").click()
    page.wait_for_timeout(400)
    judge(page, "customer")
    page.locator("#customer .close").click()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    judge(page, "palette")
    page.keyboard.press("Escape")
    for address in ("/inbox/new/", "/search/?q=parcel", "/profile/"):
        page.goto(address)
        judge(page, address)


def test_nothing_moves_for_who_asked_for_that(ticket: Ticket, open_page: OpenPage) -> None:
    """A new row, a menu, a dialog and a drawer stand there at once."""
    house: House = ticket.house  # type: ignore[attr-defined]
    moving = """() => document.getAnimations()
        .filter(one => one.effect.getComputedTiming().activeDuration > 0 && one.effect.target)
        .map(one => `${one.effect.target.tagName}.${one.effect.target.className} ${one.animationName ?? one.transitionProperty}`)"""
    page = open_page(house.olena, reduced_motion="reduce", viewport={"width": 1024, "height": 768})
    page.goto(f"/inbox/open/{ticket.pk}/")
    expect(page.locator("html[data-connected] #rows")).to_have_count(1)
    open_ticket(house.channel, subject="Just now", sender=Address("", "now@c.example"))
    expect(page.locator("#rows")).to_contain_text("Just now")
    assert page.evaluate(moving) == []
    for key, opened in (("s", "#menu-status"), ("Control+k", "#palette"), ("?", "#keys"), ("]", "#customer")):
        page.keyboard.press(key)
        expect(page.locator(opened)).to_be_visible()
        assert (opened, page.evaluate(moving)) == (opened, [])
        page.keyboard.press("Escape")
        expect(page.locator(opened)).to_be_hidden()


def test_theme_and_row_height_are_kept(ticket: Ticket, open_page: OpenPage) -> None:
    page = opened(open_page, ticket, "desk", "light")
    page.get_by_role("button", name="Row height").click()
    with page.expect_response("**/profile/looks/"):
        page.get_by_role("button", name="Light or dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
