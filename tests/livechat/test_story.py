"""Live chat as its people live it: two real browsers of two origins, one conversation, mail when the visitor is gone.

Real processes all the way: pages, sockets, worker, SMTP in and out.
"""

from __future__ import annotations

import contextlib
import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, expect

from livechat.models import UnseenReplies
from tests.livechat.shop import HOSTILE, Shop, make_chat
from tests.people import House, assert_gapless, events_of, make_house
from tests.support.browser import OpenPage, accessibility_violations, expect_words, sign_in, write
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.models import Message, MessageKind, Ticket

PATIENCE = 30_000


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def frame_of(page: Page) -> Frame:
    for _ in range(300):
        for frame in page.frames:
            if "/widget/" in frame.url and "/frame/" in frame.url:
                return frame
        page.wait_for_timeout(100)
    raise AssertionError(f"no chat frame among {[frame.url for frame in page.frames]}")


def visit(page: Page, shop: Shop) -> Frame:
    page.set_default_timeout(PATIENCE)
    page.goto(shop.url)
    page.wait_for_selector("helpdesk-widget", state="attached")
    page.evaluate("helpdesk.open()")
    frame = frame_of(page)
    frame.wait_for_selector(".go:visible, #text:visible")
    if frame.locator(".go").is_visible():
        frame.locator(".go").click()
    frame.wait_for_selector("#text:visible")
    return frame


def say(frame: Frame, text: str) -> None:
    frame.locator("#text").fill(text)
    frame.locator("#text").press("Enter")


def keep_typing_until(frame: Frame, seen: Locator, words: str) -> None:
    """Who stops is no longer shown as typing, and a crowded machine may show it only after that."""
    for _ in range(PATIENCE // 1000):
        frame.locator("#text").press_sequentially("r", delay=20)
        with contextlib.suppress(AssertionError):
            expect(seen).to_contain_text(words, timeout=1000)
            return
    expect(seen).to_contain_text(words)


def live(page: Page) -> None:
    page.wait_for_function("!document.documentElement.hasAttribute('data-offline') && document.querySelector('#rows')")


def test_a_visitor_and_an_agent_talk_and_mail_goes_on_where_the_chat_ended(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, smtp_sink: SmtpSink
) -> None:
    connection, _ = make_chat(house, shop.url, unseen_minutes=1)
    shop.embed(live_stack.url, connection.key)
    olena, mallory, visitor = open_page(house.olena), open_page(house.mallory), open_page()
    for page in (olena, mallory):
        page.set_default_timeout(PATIENCE)
        page.goto("/inbox/open/")
        live(page)

    frame = visit(visitor, shop)
    expect(frame.locator(".status")).to_contain_text("We are here", timeout=PATIENCE)
    say(frame, "Do the boots come in 42? <img src=x onerror=alert(1)>")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered")

    # It comes without reloading, only to the team; markup is text.
    row = olena.locator("#rows .row")
    expect(row).to_contain_text("Do the boots come in 42?", timeout=PATIENCE)
    row.locator("a").first.click()
    expect(olena.locator("#timeline")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(olena.locator("#panel")).to_contain_text("Visitor is here")
    expect(olena.locator("#panel")).to_contain_text("Fjellrev boots")
    expect(olena.locator("#panel")).to_contain_text("Anonymous")
    expect(mallory.locator("#rows .row")).to_have_count(0)
    assert accessibility_violations(frame) == []

    # Both see each other typing; the answer comes at once.
    olena.locator("#words").press_sequentially("Yes", delay=20)
    expect(frame.locator(".typing")).to_contain_text("Olena is typing")
    write(olena, "Yes, <b>42</b> is here.")
    olena.keyboard.press("Control+Enter")
    expect(frame.locator(".log .them")).to_contain_text("Yes, <b>42</b> is here.", timeout=PATIENCE)
    keep_typing_until(frame, olena.locator("#panel"), "is typing")
    say(frame, "Great, thank you!")
    expect(olena.locator("#timeline")).to_contain_text("Great, thank you!", timeout=PATIENCE)
    ticket = Ticket.objects.get()
    assert ticket.channel_id == connection.channel_id

    # Before leaving the visitor gives an address.
    frame.locator("#leaving").fill("iryna@customer.example")
    frame.locator(".leaving button").click()
    expect(frame.locator(".leaving")).to_contain_text("iryna@customer.example")
    visitor.goto("about:blank")
    expect(olena.locator("#panel")).to_contain_text("Visitor left", timeout=PATIENCE)
    write(olena, "We keep a pair for you until Friday.")
    olena.keyboard.press("Control+Enter")

    # What was not seen goes by mail, without a word of the visitor's, and the answer comes back to the same ticket.
    [received] = smtp_sink.wait_for(1, timeout=100)
    body = received.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert received.rcpt_tos == ("iryna@customer.example",)
    assert "We keep a pair for you until Friday." in body
    assert "thank you" not in body and "is here" not in body
    [reply_to] = received.message["Reply-To"].addresses
    answer = EmailMessage()
    answer["From"], answer["To"] = "Iryna <iryna@customer.example>", reply_to.addr_spec
    answer["Subject"], answer["Message-ID"] = "Re: our chat", "<back@customer.example>"
    answer["In-Reply-To"] = str(received.message["Message-ID"])
    answer.set_content("I come on Thursday.")
    with smtplib.SMTP(*live_stack.smtp_address, timeout=30) as smtp:
        smtp.sendmail("iryna@customer.example", [reply_to.addr_spec], answer.as_bytes())
    expect(olena.locator("#timeline")).to_contain_text("I come on Thursday.", timeout=PATIENCE)
    assert Ticket.objects.count() == 1
    assert not UnseenReplies.objects.exists()
    said = list(
        Message.objects.filter(ticket=ticket).order_by("sequence").values_list("kind", "thread_layer", "pending")
    )
    assert said == [
        ("inbound", "new", False), ("outbound", "agent", False), ("inbound", "external_id", False),
        ("outbound", "agent", False), ("outbound", "automatic", False), ("inbound", "token", False),
    ]  # fmt: skip

    # Returning, the visitor finds the conversation; that mail went on is said, its words are not shown: typing an
    # address proves nothing.
    frame = visit(visitor, shop)
    expect(frame.locator(".log > div")).to_have_count(5)
    expect(frame.locator(".log")).to_contain_text("until Friday")
    expect(frame.locator(".log")).to_contain_text("This part went on by email")
    expect(frame.locator(".log")).not_to_contain_text("Thursday")
    assert_gapless(ticket.pk)
    assert accessibility_violations(olena) == []


def test_nothing_is_lost_or_doubled_while_the_web_process_restarts(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key, css=HOSTILE)
    # Contexts of their own: browsers complain of refused connections here, rightly.
    desk, street = chromium.new_context(base_url=live_stack.url), chromium.new_context()
    sign_in(desk, house.olena, live_stack.url)
    olena, visitor = desk.new_page(), street.new_page()
    olena.set_default_timeout(PATIENCE)
    olena.goto("/inbox/open/")
    live(olena)
    frame = visit(visitor, shop)
    wanted = []
    expect(frame.locator(".status")).to_contain_text("We are here", timeout=PATIENCE)
    say(frame, "m0")
    expect(olena.locator("#rows .row")).to_have_count(1, timeout=PATIENCE)
    olena.locator("#rows .row a").first.click()
    expect(olena.locator("#timeline")).to_contain_text("m0")
    wanted.append("m0")
    for number in range(1, 11):
        if number == 4:
            live_stack.kill("web")
        say(frame, f"m{number}")
        wanted.append(f"m{number}")
        if number == 6:
            live_stack.revive()
    expect(frame.locator(".log .me")).to_have_count(11, timeout=PATIENCE)
    expect(frame.locator(".waiting")).to_have_count(0, timeout=60_000)
    expect(olena.locator("#timeline")).to_contain_text("m10", timeout=60_000)
    for number in range(3):
        expect(olena.locator("#timeline .sending")).to_have_count(0, timeout=PATIENCE)
        write(olena, f"a{number}")
        expect_words(olena, f"a{number}")
        olena.keyboard.press("Control+Enter")
        expect(frame.locator(".log .them").nth(number)).to_contain_text(f"a{number}", timeout=PATIENCE)
    stored = Message.objects.filter(kind=MessageKind.INBOUND).order_by("sequence").values_list("text", flat=True)
    assert list(stored) == wanted
    shown = frame.locator(".log .me .bubble p").all_inner_texts()
    assert shown == wanted
    assert Ticket.objects.count() == 1
    outbound = Message.objects.filter(kind=MessageKind.OUTBOUND).order_by("sequence").values_list("text", flat=True)
    assert list(outbound) == ["a0", "a1", "a2"]
    # The hostile page's styles have not reached the button or the frame.
    assert visitor.locator("helpdesk-widget").evaluate("e => getComputedStyle(e).position") == "fixed"
    assert frame.locator(".talk h1").evaluate("e => getComputedStyle(e).fontSize") == "15px"
    assert events_of(Ticket.objects.get().pk)[0] == "ticket.opened"
    desk.close()
    street.close()
