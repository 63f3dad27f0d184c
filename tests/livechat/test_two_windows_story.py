"""Several windows of one person: a visitor is greeted once between them, an agent told once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from livechat.models import Greeting
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import NOTICES, OPEN_ROOTS, PATIENCE, live
from tests.people import House, make_house
from tests.support.browser import sign_in
from tests.support.live import LiveStack
from tickets.realtime import announce_to_agent

WINDOWS, ROUNDS = 3, 5


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def load_at_once(pages: list[Page], url: str) -> None:
    """All their frames that ask whether the greeting may be said get their script in the same moment."""
    held: list[Route] = []
    pages[0].context.route("**/widget-ask*.js", lambda route: held.append(route))
    for page in pages:
        page.goto(url)
    for _ in range(600):
        if len(held) == len(pages):
            break
        pages[0].wait_for_timeout(50)
    assert len(held) == len(pages), "each of them asks"
    for route in held:
        route.continue_()
    pages[0].context.unroute("**/widget-ask*.js")


def forget(context: BrowserContext) -> None:
    for page in context.pages:
        for frame in page.frames:
            if frame.url.startswith("http"):
                frame.evaluate("localStorage.clear()")
        page.goto("about:blank")


def test_windows_that_open_at_once_greet_once_between_them(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    Greeting.objects.create(channel_id=connection.channel_id, name="Any", texts={"en": "Questions?"}, after_seconds=0)
    shop.embed(live_stack.url, connection.key)
    context = chromium.new_context()
    context.add_init_script(OPEN_ROOTS)
    pages = [context.new_page() for _ in range(WINDOWS)]
    greeted = []
    for _ in range(ROUNDS):
        load_at_once(pages, shop.url)
        pages[0].wait_for_timeout(2500)  # two looks of the loader's
        greeted.append(sum(page.locator("helpdesk-widget p").count() for page in pages))
        forget(context)
    context.close()
    assert greeted == [1] * ROUNDS


def test_an_agents_windows_tell_of_a_chat_once_between_them(
    live_stack: LiveStack, house: House, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=live_stack.url)
    context.set_default_timeout(PATIENCE)
    sign_in(context, house.olena, live_stack.url)
    context.add_init_script(NOTICES)
    windows = [context.new_page() for _ in range(WINDOWS)]
    windows[0].goto("/profile/")
    windows[0].get_by_label("Show a notification of the browser").check()
    for page in windows:
        page.goto("/inbox/open/")
        live(page)
    for number in range(1, 21):
        announce_to_agent(house.olena.pk, "chat", ticket=number, fresh=True, about=f"Iryna · #{number}")
        windows[0].wait_for_timeout(100)
    windows[0].wait_for_timeout(1000)
    told = [body for page in windows for _title, body in page.evaluate("shown")]
    context.close()
    assert sorted(told) == sorted(f"Iryna · #{number}" for number in range(1, 21))
