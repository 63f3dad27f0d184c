"""The widget in the visitor's browser, where things go wrong: idle for half a day, signed out and gone in one breath, on
pages that replace their body, on pages that change by loading, with gaps, replies set for later, files that waited."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Error, Frame, Page, Route, expect

from livechat.doors import door_for, write_pass
from livechat.models import VisitorKey
from livechat.signed import make_token
from livechat.visitors import digest_of
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_api import claims, fill
from tests.livechat.test_stories import answer, at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, frame_of, say, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.models import Message, Ticket

SECRET = "Object.entries(localStorage).find(([name]) => name.endsWith(':secret'))[1]"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def come(page: Page, shop: Shop) -> Frame:
    """As `visit`, with an address, which is asked for while nobody is there."""
    frame = visit(page, shop)
    address(frame)
    return frame


def address(frame: Frame) -> None:
    frame.locator(".status", has_text="Nobody is here").wait_for()
    frame.locator("#ask-email").fill("iryna@customer.example")


def delivered(frame: Frame, text: str) -> None:
    expect(frame.locator(".log .me:not(.waiting)", has_text=text)).to_be_visible(timeout=PATIENCE)


def land(page: Page, url: str) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.wait_for_selector("helpdesk-widget", state="attached")


def test_after_an_idle_night_words_go_out_by_a_new_pass(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    then = time.time() - 13 * 3600
    with monkeypatch.context() as past:
        past.setattr(time, "time", lambda: then)
        old = write_pass(door_for(connection.key, shop.url))
    street = chromium.new_context()  # of its own: browsers complain of refused lines here, rightly
    visitor = street.new_page()
    renewed: list[str] = []

    def with_the_old_pass(route: Route) -> None:
        with contextlib.suppress(Error):  # a question on its way when the test ends
            put(route)

    def put(route: Route) -> None:
        heard = route.fetch()
        if route.request.method == "GET":
            body = heard.text()
            fresh = body.split('"pass": "')[1].split('"')[0]
            route.fulfill(response=heard, body=body.replace(fresh, old))
            return
        said = heard.json()
        route.fulfill(response=heard, json=said | ({"pass": old} if "pass" in said else {}))

    visitor.route("**/widget/*/frame/*", with_the_old_pass)
    visitor.route("**/widget/*/sync/", with_the_old_pass)
    visitor.on("request", lambda request: renewed.append(request.url) if request.url.endswith("/renew/") else None)
    frame = come(visitor, shop)
    say(frame, "Still here in the morning")
    expect(frame.locator(".failed")).to_have_count(0)
    delivered(frame, "Still here in the morning")
    assert renewed and Message.objects.get().text == "Still here in the morning"
    street.close()


def test_a_page_that_says_a_lot_of_itself_dials_once(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    olena, visitor = at_desk(open_page, house.olena), open_page()
    dialled: list[str] = []
    visitor.on("websocket", lambda socket: dialled.append(socket.url))
    land(visitor, f"{shop.url}/boots?{'utm=x&' * 500}")
    visitor.evaluate(
        """() => { document.title = 'Boots '.repeat(2000);
        helpdesk.setContext({order: '4'.repeat(3000), cart: {value: 189, currency: 'EUR', items: 2,
          lines: Array.from({length: 200}, (_, n) => ({sku: `boot-${n}`, title: 'Warm and dry'.repeat(9)}))}});
        helpdesk.open('talk'); }"""
    )
    frame = frame_of(visitor)
    frame.wait_for_selector("#text:visible")
    say(frame, "A full cart")
    delivered(frame, "A full cart")
    open_ticket(olena, "A full cart")
    expect(olena.locator("#panel")).to_contain_text("189 EUR")
    visitor.wait_for_timeout(4000)
    assert len(dialled) == 1


def test_a_line_refused_for_what_was_said_is_not_dialled_at_once_again(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    street = chromium.new_context()
    visitor = street.new_page()
    dialled: list[float] = []

    def refuse(socket: Any) -> None:
        dialled.append(time.monotonic())
        socket.send('{"kind": "hello"}')
        socket.on_message(lambda said: socket.close(code=4400))

    visitor.route_web_socket("**/ws/chat/**", refuse)
    frame = come(visitor, shop)
    visitor.wait_for_timeout(6000)
    assert len(dialled) == 1
    say(frame, "Goes all the same")
    delivered(frame, "Goes all the same")
    expect(frame.locator(".trouble")).to_be_hidden()
    street.close()


def test_who_signs_out_and_leaves_in_one_breath_leaves_nothing(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    say(frame, "ALPHA-CANARY")
    delivered(frame, "ALPHA-CANARY")
    frame.locator("#text").fill("half a CANARY")
    digest = digest_of(frame.evaluate(SECRET))
    assert VisitorKey.objects.filter(digest=digest).exists()
    # The page is left in the same moment, and the helpdesk hears nothing of it.
    visitor.route("**/goodbye/", lambda route: route.abort())
    visitor.evaluate("helpdesk.logout(); location = '/signed-out'")
    visitor.wait_for_url("**/signed-out")
    visitor.unroute("**/goodbye/")
    shown: list[str] = []
    visitor.on("response", lambda said: shown.append(said.text()) if "/sync/" in said.url else None)
    land(visitor, shop.url)
    visitor.evaluate("helpdesk.open('talk')")
    frame = frame_of(visitor)
    frame.wait_for_selector("#text:visible")
    visitor.wait_for_timeout(1500)
    expect(frame.locator(".log > div")).to_have_count(0)
    expect(frame.locator("#text")).to_have_value("")
    assert "CANARY" not in "".join(shown) + frame.evaluate("JSON.stringify(localStorage)")
    assert digest_of(frame.evaluate(SECRET)) != digest
    for _ in range(100):
        if not VisitorKey.objects.filter(digest=digest).exists():
            break
        visitor.wait_for_timeout(100)
    assert not VisitorKey.objects.filter(digest=digest).exists()
    # Once it is done it is not done again.
    address(frame)
    say(frame, "BETA")
    delivered(frame, "BETA")
    visitor.reload()
    expect(visit(visitor, shop).locator(".log .me")).to_have_count(1, timeout=PATIENCE)


def test_signing_out_and_in_at_once_is_done_in_that_order(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, secret = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)

    def token(who: str) -> str:
        return make_token(secret, claims(connection, sub=who, name=who.title()))

    at_desk(open_page, house.olena)
    visitor = open_page()
    land(visitor, shop.url)
    visitor.evaluate("token => { helpdesk.identify(token); helpdesk.open('talk'); }", token("alpha"))
    frame = frame_of(visitor)
    frame.wait_for_selector("#text:visible")
    say(frame, "of alpha")
    delivered(frame, "of alpha")
    visitor.evaluate("token => { helpdesk.logout(); helpdesk.identify(token); }", token("beta"))
    expect(frame.locator(".log > div")).to_have_count(0, timeout=PATIENCE)
    say(frame, "of beta")
    delivered(frame, "of beta")
    wrote = {
        message.text: message.identity.display_name  # type: ignore[union-attr]
        for message in Message.objects.select_related("identity")
    }
    assert wrote == {"of alpha": "Alpha", "of beta": "Beta"}
    # And the other way round nobody is signed in.
    visitor.evaluate("token => { helpdesk.identify(token); helpdesk.logout(); }", token("gamma"))
    expect(frame.locator(".log > div")).to_have_count(0, timeout=PATIENCE)
    say(frame, "of nobody")
    delivered(frame, "of nobody")
    assert Message.objects.get(text="of nobody").identity.display_name.startswith("Visitor ")  # type: ignore[union-attr]


def test_a_refused_token_is_told_to_the_page_and_not_shown(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    warned: list[str] = []
    visitor.on("console", lambda said: warned.append(said.text) if said.type == "warning" else None)
    land(visitor, shop.url)
    forged = make_token("another secret", claims(connection))
    visitor.evaluate(
        """token => { globalThis.told = []; helpdesk.on('error', (what) => told.push(what));
        helpdesk.identify(token); }""",
        forged,
    )
    visitor.wait_for_function("() => told.length === 1")
    assert visitor.evaluate("told") == [{"what": "identify", "status": 403, "code": "refused"}]
    assert len(warned) == 1 and forged not in warned[0] and "identify" in warned[0]


@pytest.mark.parametrize(
    "swap",
    [
        "document.documentElement.replaceChild(document.createElement('body'), document.body)",
        "document.body.innerHTML = '<h1>Another page</h1>'",
    ],
    ids=["another body", "another content"],
)
def test_it_stays_where_a_router_replaces_the_page(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, swap: str
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    say(frame, "Before the page went")
    delivered(frame, "Before the page went")
    frame.locator("#text").fill("half a sent")
    for _ in range(2):
        visitor.evaluate(f"history.pushState({{}}, '', '/next-{uuid4().hex[:4]}'); {swap}; helpdesk.setContext({{}})")
        visitor.wait_for_selector("helpdesk-widget[open]", state="attached")
        frame = frame_of(visitor)
        expect(frame.locator("#text")).to_have_value("half a sent", timeout=PATIENCE)
        expect(frame.locator(".log .me")).to_contain_text("Before the page went", timeout=PATIENCE)
    assert visitor.locator("helpdesk-widget").count() == 1
    visitor.evaluate("helpdesk.close()")
    expect(visitor.locator("helpdesk-widget[open]")).to_have_count(0)


def test_on_the_next_page_it_is_open_as_it_was_with_what_was_being_written(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    frame.locator("#text").fill("What about the si")
    land(visitor, f"{shop.url}/sizes")
    frame = frame_of(visitor)
    expect(frame.locator("#text")).to_be_visible(timeout=PATIENCE)
    expect(frame.locator("#text")).to_have_value("What about the si")
    assert visitor.evaluate("document.activeElement === document.body"), "what loads by itself takes no focus"
    address(frame)
    say(frame, "What about the sizes?")
    visitor.evaluate("helpdesk.close()")
    land(visitor, f"{shop.url}/sizes")
    frame = frame_of(visitor)  # there is a conversation, so it is asked for news
    expect(frame.locator("#text")).to_have_value("")
    expect(visitor.locator("helpdesk-widget[open]")).to_have_count(0)
    # A phone shows nothing but the chat: there a new page is a new page.
    phone = open_page(viewport={"width": 390, "height": 800})
    visit(phone, shop)
    land(phone, f"{shop.url}/sizes")
    phone.wait_for_timeout(500)
    expect(phone.locator("helpdesk-widget[open]")).to_have_count(0)


def test_who_was_away_for_450_words_reads_all_of_them(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    say(frame, "m000")
    delivered(frame, "m000")
    visitor.context.set_offline(True)
    fill(Ticket.objects.get(), 450)
    visitor.context.set_offline(False)
    words = frame.locator(".log .bubble p")
    expect(words).to_have_count(451, timeout=PATIENCE)
    every = [f"m{number:03}" for number in range(451)]
    assert words.all_inner_texts() == every
    # Anew there are the latest, and what was before them is asked for.
    frame = visit(visitor, shop)
    words, button = frame.locator(".log .bubble p"), frame.get_by_role("button", name="Earlier messages")
    expect(words).to_have_count(60, timeout=PATIENCE)
    expect(words.last).to_have_text("m450")
    assert accessibility_violations(frame) == []
    for count in (120, 180, 240, 300, 360, 420, 451):
        button.press("Enter")
        expect(words).to_have_count(count, timeout=PATIENCE)
    expect(button).to_be_hidden()
    assert words.all_inner_texts() == every


def test_a_reply_set_for_later_is_unread_and_stands_where_it_left(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    olena, visitor = at_desk(open_page, house.olena), open_page()
    frame = visit(visitor, shop)
    say(frame, "When do they come?")
    delivered(frame, "When do they come?")
    ticket = Ticket.objects.get()
    late = reply(ticket.pk, by=house.olena, text="They are here now.", send_at=timezone.now() + timedelta(hours=1))
    open_ticket(olena, "When do they come?")
    answer(olena, "In an hour.")
    expect(frame.locator(".log .them")).to_contain_text("In an hour.", timeout=PATIENCE)
    visitor.evaluate("helpdesk.on('unread', (n) => (globalThis.unread = n)); helpdesk.close()")
    soon = timezone.now() + timedelta(seconds=6)
    Message.objects.filter(pk=late.pk).update(not_before=soon, scheduled_for=soon)
    visitor.wait_for_function("() => globalThis.unread === 1", timeout=60_000)
    late.refresh_from_db()
    assert "read_at" not in late.marks
    visitor.evaluate("helpdesk.open('talk')")
    expect(frame.locator(".log .bubble p")).to_have_text(["When do they come?", "In an hour.", "They are here now."])
    visitor.wait_for_function("() => globalThis.unread === 0")
    for _ in range(100):
        late.refresh_from_db()
        if "read_at" in late.marks:
            break
        visitor.wait_for_timeout(100)
    assert "read_at" in late.marks


def test_an_answer_in_the_ticket_before_is_told_to_who_began_anew(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    frame = come(visitor, shop)
    say(frame, "The first matter")
    delivered(frame, "The first matter")
    first = Ticket.objects.get()
    Ticket.objects.update(status="closed")
    say(frame, "Another matter")
    delivered(frame, "Another matter")
    Ticket.objects.update(status="open")
    second = Ticket.objects.exclude(pk=first.pk).get()
    # Shut it asks for nothing by itself as long as its line holds: what comes is told.
    visitor.evaluate("helpdesk.on('unread', (n) => (globalThis.unread = n)); helpdesk.close()")
    reply(first.pk, by=house.olena, text="About the first")
    visitor.wait_for_function("() => globalThis.unread === 1", timeout=PATIENCE)
    reply(second.pk, by=house.olena, text="About the other")
    visitor.wait_for_function("() => globalThis.unread === 2", timeout=PATIENCE)
    visitor.evaluate("helpdesk.open('talk')")
    for text in ("About the first", "About the other"):
        expect(frame.locator(".log .them", has_text=text)).to_be_visible()
    visitor.wait_for_function("() => globalThis.unread === 0")
