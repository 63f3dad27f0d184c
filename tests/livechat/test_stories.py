"""Further stories of chats in real browsers: handed over and ended, two tabs, nobody there, a flood, blocked sockets,
a greeting, a foreign page, and shops whose styles are unlike each other."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from events.doorbell import probe_client
from events.models import Event
from livechat.models import Greeting, Round
from metrics.models import BusinessCalendar
from tests.browser.test_pages import LOOKS, look_at
from tests.livechat.shop import HOSTILE, Shop, make_chat
from tests.livechat.test_story import PATIENCE, frame_of, live, say, visit
from tests.people import House, events_of, make_house
from tests.support.browser import OpenPage, accessibility_violations, sign_in, write
from tests.support.live import LiveStack
from tickets.models import Message, MessageKind, Ticket

# So that a test may look into the widget's root, which is closed to pages.
OPEN_ROOTS = """{const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: 'open'}); };}"""
BOOTSTRAP = """*,::before,::after{box-sizing:border-box}body{margin:0;font-family:Georgia,serif;font-size:1rem;line-height:1.5;
color:#212529;background:#fff}button{border-radius:0;font-family:inherit;text-transform:none}button:focus-visible{outline:0}
iframe,img,svg{vertical-align:middle}h1{font-size:2.5rem;margin-bottom:.5rem}b{font-weight:bolder}p{margin:0 0 1rem}
button:not(:disabled){cursor:pointer}iframe{border:9px solid red;width:100%}"""
TAILWIND = """*,::before,::after,::backdrop{box-sizing:border-box;margin:0;padding:0;border:0 solid}html{line-height:1.5;
font-family:ui-monospace,monospace}body{background:#fff}h1{font-size:inherit;font-weight:inherit}button{font:inherit;
letter-spacing:.3em;color:inherit;border-radius:0;background-color:transparent;opacity:1}img,svg,iframe{display:block;
vertical-align:middle;max-width:100%;height:auto}[hidden]:where(:not([hidden=until-found])){display:none!important}"""


SHIFTS = """new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 100);
})"""
NOTICES = """globalThis.shown = [];
globalThis.Notification = class extends EventTarget {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { super(); globalThis.shown.push([title, options.body]); }
};
document.hasFocus = () => false;"""


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def at_desk(open_page: OpenPage, agent: Any) -> Page:
    page = open_page(agent)
    page.set_default_timeout(PATIENCE)
    page.goto("/inbox/open/")
    live(page)
    return page


def open_ticket(desk: Page, text: str) -> None:
    row = desk.locator("#rows .row", has_text=text)
    expect(row).to_have_count(1, timeout=PATIENCE)
    row.locator("a").first.click()
    expect(desk.locator("#panel .chat-state")).to_be_visible()


def answer(desk: Page, text: str) -> None:
    write(desk, text)
    desk.keyboard.press("Control+Enter")
    # Or what is wrong is here, and not on its way: held back, say, and asked about.
    expect(desk.locator("dialog[open]")).to_have_count(0)
    expect(desk.locator("#timeline")).to_contain_text(text, timeout=PATIENCE)


def test_a_chat_is_taken_handed_over_ended_and_rated(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url, shows_drafts=True)
    shop.embed(live_stack.url, connection.key)
    olena, mallory = at_desk(open_page, house.olena), at_desk(open_page, house.mallory)
    visitor = open_page()
    visitor.set_default_timeout(PATIENCE)
    visitor.goto(shop.url)
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.setContext({cart: {value: 189, currency: 'EUR'}, order: '48213'}); helpdesk.open()")
    frame = frame_of(visitor)

    # Home: who is here, by first names alone; nothing wrong with it by axe, light and dark.
    expect(frame.locator(".standing")).to_contain_text("Here now: Olena", timeout=PATIENCE)
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert accessibility_violations(frame) == []
    frame.locator(".go").press("Enter")
    say(frame, "I want to return the boots")
    expect(frame.locator(".queued")).to_have_text("You are number 1 in the queue", timeout=PATIENCE)

    # The agent sees where they stand and what they write, waits tick, and takes the chat.
    open_ticket(olena, "I want to return the boots")
    panel = olena.locator("#panel")
    expect(panel).to_contain_text("189 EUR")
    expect(panel).to_contain_text("Order 48213")
    expect(panel.locator("time[data-waits]")).to_contain_text("s")
    frame.locator("#text").press_sequentially("They are too", delay=20)
    expect(panel).to_contain_text("They are too", timeout=PATIENCE)
    expect(frame.locator(".watched")).to_be_visible()
    panel.get_by_role("button", name="Accept").click()
    expect(panel.get_by_role("button", name="Accept")).to_have_count(0)
    expect(frame.locator(".queued")).to_be_hidden(timeout=PATIENCE)
    for scheme in ("dark", "light"):
        olena.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        olena.wait_for_timeout(300)  # colours fade in; axe would judge them half way
        assert accessibility_violations(olena) == []

    # Handed to another team's agent, with a note the visitor never sees; by keyboard.
    panel.get_by_role("button", name="Hand over").press("Enter")
    dialog = olena.locator("#hand-over")
    dialog.get_by_label("To whom").select_option(label="Mallory (another team)")
    dialog.get_by_label("Note for them").fill("NOTE: wants a return")
    assert accessibility_violations(olena) == []
    dialog.get_by_role("button", name="Transfer").press("Enter")
    expect(dialog).to_have_count(0)
    open_ticket(mallory, "I want to return the boots")
    expect(mallory.locator("#timeline")).to_contain_text("NOTE: wants a return")
    answer(mallory, "Of course. I send you a label.")
    expect(frame.locator(".joins")).to_have_text("Mallory joined", timeout=PATIENCE)
    expect(frame.locator("body")).not_to_contain_text("NOTE")

    # Ended by the agent, rated by the visitor, told in the timeline.
    mallory.locator("#panel").get_by_role("button", name="End chat").click()
    over = frame.locator(".over")
    expect(over).to_contain_text("The chat has ended", timeout=PATIENCE)
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert accessibility_violations(frame) == []
    over.get_by_role("radio", name="Very good").check(force=True)
    over.get_by_label("Tell us more").fill("Quick!")
    over.get_by_role("button", name="Send", exact=True).click()
    expect(over).to_contain_text("Thank you")
    expect(mallory.locator("#timeline")).to_contain_text("“Quick!”", timeout=PATIENCE)
    row = Round.objects.get()
    assert (row.score, row.comment) == (5, "Quick!")
    kinds = events_of(Ticket.objects.get().pk)
    assert [kind for kind in kinds if kind.startswith("chat.")] == ["chat.ended", "chat.rated", "chat.rated"]
    frame.locator(".talk .back").click()
    expect(frame.locator(".go")).to_contain_text("Your conversation")
    assert accessibility_violations(frame) == []


def test_an_agent_who_wants_it_is_told_by_the_browser(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    olena, ben = open_page(house.olena), open_page(house.ben)
    for page in (olena, ben):
        page.add_init_script(NOTICES)
    olena.goto("/profile/")
    olena.get_by_label("Show a notification of the browser").check()
    olena.get_by_label("Play a sound").check()
    for page in (olena, ben):
        page.goto("/inbox/open/")
        live(page)
    frame = visit(open_page(), shop)
    expect(frame.locator(".status")).to_contain_text("We are here", timeout=PATIENCE)
    say(frame, "Hello?")
    olena.wait_for_function("() => shown.length === 1", timeout=PATIENCE)
    ticket = Ticket.objects.select_related("customer").get()
    about = f"{ticket.customer.name} · Fjellrev boots · #{ticket.pk}"
    assert olena.evaluate("shown") == [["Somebody waits in the chat", about]]
    expect(ben.locator("#rows .row")).to_have_count(1, timeout=PATIENCE)
    assert ben.evaluate("shown") == []  # off until switched on


def test_two_tabs_of_one_visitor_stay_in_step(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    olena, one = at_desk(open_page, house.olena), open_page()
    first = visit(one, shop)
    other = one.context.new_page()
    second = visit(other, shop)
    say(first, "from the first tab")
    expect(second.locator(".log .me")).to_contain_text("from the first tab", timeout=PATIENCE)
    say(second, "from the second tab")
    for frame in (first, second):
        expect(frame.locator(".log .me .bubble p")).to_have_text(
            ["from the first tab", "from the second tab"], timeout=PATIENCE
        )
    other.evaluate("helpdesk.close()")
    open_ticket(olena, "from the first tab")
    answer(olena, "seen in one, seen in all")
    expect(first.locator(".log .them")).to_contain_text("seen in one", timeout=PATIENCE)
    expect(second.locator(".log .them")).to_contain_text("seen in one", timeout=PATIENCE)
    assert Ticket.objects.count() == 1
    # Signing out in one tab leaves nothing in the other.
    one.evaluate("helpdesk.logout()")
    other.wait_for_timeout(500)
    expect(frame_of(other).locator(".log > div")).to_have_count(0, timeout=PATIENCE)


DROP = """(name) => {
  const data = new DataTransfer();
  data.items.add(new File(['These'], name, {type: 'text/plain'}));
  return ['dragover', 'drop'].map((kind) =>
    document.querySelector('.log').dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})));
}"""


def test_a_file_dropped_on_the_conversation_is_sent_with_it(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    desk, visitor = at_desk(open_page, house.olena), open_page()
    frame = visit(visitor, shop)
    assert frame.evaluate(DROP, "boots.txt") == [False, False], "the browser does not leave the chat for the file"
    expect(frame.locator(".chosen li:not(.busy)")).to_contain_text("boots.txt", timeout=PATIENCE)
    expect(frame.locator(".write.drop")).to_have_count(0)
    say(frame, "I mean these")
    open_ticket(desk, "I mean these")
    expect(desk.locator("#timeline")).to_contain_text("boots.txt")


def day_of(moment: datetime) -> str:
    """As the visitor's browser says it, whose days are those of Kyiv."""
    day = timezone.localtime(moment, ZoneInfo("Europe/Kyiv"))
    return f"{day:%A}, {day:%B} {day.day}"


def test_who_returns_on_another_day_reads_when_it_was_said(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    at_desk(open_page, house.olena)
    visitor = open_page()
    frame = visit(visitor, shop)
    say(frame, "Long ago")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    expect(frame.locator(".dated")).to_have_count(0)
    then = timezone.now() - timedelta(days=2)
    Message.objects.update(at=then)
    visitor.reload()
    frame = visit(visitor, shop)
    day = day_of(then)
    expect(frame.locator(".dated")).to_have_text(day, timeout=PATIENCE)
    say(frame, "And now")
    expect(frame.locator(".dated")).to_have_text([day, day_of(timezone.now())], timeout=PATIENCE)
    assert accessibility_violations(frame) == []


def test_nobody_there_is_said_and_an_address_asked_for(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    week = BusinessCalendar.objects.create(name="Shop", time_zone="Europe/Kyiv", weekly=[[[540, 1080]]] * 5 + [[], []])
    connection, _ = make_chat(house, shop.url, away={"en": "We sleep until nine."}, calendar=week.pk)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()
    visitor.goto(shop.url)
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.open()")
    frame = frame_of(visitor)
    expect(frame.locator(".standing")).to_contain_text("We sleep until nine.", timeout=PATIENCE)
    expect(frame.locator(".standing")).to_contain_text("Mon–Fri 09:00 AM–06:00 PM (Europe/Kyiv)")
    assert accessibility_violations(frame) == []
    if shots := os.environ.get("HELPDESK_SHOTS"):
        frame.locator("body").screenshot(path=f"{shots}/away.png")
    frame.locator(".go").click()
    say(frame, "Is anybody there?")
    expect(frame.locator("#ask-email-wrong")).to_contain_text("Please fill this in")
    frame.locator("#ask-email").fill("iryna")
    frame.locator("#text").press("Enter")
    expect(frame.locator("#ask-email-wrong")).to_contain_text("does not look like an email")
    assert not Ticket.objects.exists()
    frame.locator("#ask-email").fill("iryna@customer.example")
    frame.locator("#text").press("Enter")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    expect(frame.locator(".leaving")).to_contain_text("iryna@customer.example")
    assert Ticket.objects.count() == 1


def test_a_flood_is_slowed_and_nothing_of_it_lost(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    street = chromium.new_context()  # of its own: browsers complain of refusals here, rightly
    frame = visit(street.new_page(), shop)
    frame.locator("#ask-email").fill("iryna@customer.example")
    wanted = [f"m{number}" for number in range(24)]
    for text in wanted:
        say(frame, text)
    expect(frame.locator(".trouble")).to_contain_text("Too many messages", timeout=PATIENCE)
    assert Message.objects.count() <= 20
    for key in probe_client().scan_iter("chat:say:*", count=1000):
        probe_client().delete(key)
    frame.page.reload()  # what was not sent yet is kept by the browser
    frame = visit(frame.page, shop)
    expect(frame.locator(".waiting")).to_have_count(0, timeout=90_000)
    stored = Message.objects.filter(kind=MessageKind.INBOUND).order_by("sequence").values_list("text", flat=True)
    assert list(stored) == wanted
    street.close()


def test_with_sockets_blocked_it_works_by_asking(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    olena = at_desk(open_page, house.olena)
    street = chromium.new_context()
    visitor = street.new_page()
    visitor.route_web_socket("**/ws/chat/**", lambda socket: socket.close())
    frame = visit(visitor, shop)
    say(frame, "no sockets here")
    open_ticket(olena, "no sockets here")
    answer(olena, "polled all the same")
    expect(frame.locator(".log .them")).to_contain_text("polled all the same", timeout=PATIENCE)
    street.close()


def test_a_greeting_is_said_once_without_loading_the_chat_and_to_nobody_in_conversation(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    connection, _ = make_chat(house, shop.url)
    greeting = Greeting.objects.create(
        channel_id=connection.channel_id, name="Cart", texts={"en": "Questions about the boots?"}, after_seconds=0,
        min_cart=100, path="/boots*",
    )  # fmt: skip
    shop.embed(live_stack.url, connection.key)
    olena, visitor = at_desk(open_page, house.olena), open_page()
    visitor.set_default_timeout(PATIENCE)
    visitor.add_init_script(OPEN_ROOTS)
    visitor.goto(shop.url)
    bubble = visitor.locator("helpdesk-widget p")
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.setContext({cart: {value: 189, currency: 'EUR'}})")
    visitor.wait_for_timeout(1500)  # two looks of the loader's
    expect(bubble).to_have_count(0)
    # The shop's pages change without loading; this one is meant.
    visitor.evaluate("history.pushState({}, '', '/boots/42')")
    expect(bubble).to_contain_text("Questions about the boots?")
    asked = [frame for frame in visitor.frames if "/widget/" in frame.url]
    assert [frame.url.split("?")[0].split("/")[-2] for frame in asked] == ["ask"], "of the chat no more than that"
    assert accessibility_violations(visitor) == []
    visitor.reload()
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.setContext({cart: {value: 189, currency: 'EUR'}})")
    visitor.wait_for_timeout(1500)
    expect(bubble).to_have_count(0)  # said a moment ago

    [asked_again] = [frame for frame in visitor.frames if "/ask/" in frame.url]
    asked_again.evaluate("localStorage.clear()")
    visitor.evaluate("localStorage.clear()")
    visitor.reload()
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.setContext({cart: {value: 189, currency: 'EUR'}})")
    bubble.locator("button").first.click()
    frame = frame_of(visitor)
    expect(frame.locator(".hello")).to_have_text("Questions about the boots?")
    say(frame, "Yes: are they warm?")
    open_ticket(olena, "Yes: are they warm?")
    expect(olena.locator("#timeline")).to_contain_text("answered our greeting: “Questions about the boots?”")
    assert Event.objects.get(kind="chat.greeted").data["greeting"] == greeting.pk
    # In conversation none is said, whatever the rules.
    Greeting.objects.update(path="", min_cart=0)
    Greeting.objects.create(channel_id=connection.channel_id, name="Any", texts={"en": "Hello?"}, after_seconds=0)
    visitor.reload()
    frame_of(visitor)
    visitor.wait_for_timeout(2500)
    expect(bubble).to_have_count(0)


def test_a_page_of_another_origin_gets_nothing(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, "https://shop.example")
    shop.embed(live_stack.url, connection.key, policy=False)
    street = chromium.new_context()
    page = street.new_page()
    answers: list[int] = []

    def heard(answer: Any) -> None:
        if "/widget/" in answer.url:
            answers.append(answer.status)

    page.on("response", heard)
    page.goto(shop.url)
    page.wait_for_function("Boolean(window.helpdesk?.open)")
    page.wait_for_timeout(500)
    assert page.locator("helpdesk-widget").count() == 0
    assert answers in ([403], [])  # a refusal without CORS may not even be shown as an answer
    assert (
        page.evaluate(f"fetch('{live_stack.url}/widget/{connection.key}/facts/').then(() => 'read', () => 'blocked')")
        == "blocked"
    )
    street.close()


def picture(page: Page) -> Image.Image:
    """The widget as it is seen: its button and its open frame."""
    box = page.locator("helpdesk-widget").bounding_box()
    assert box
    return Image.open(BytesIO(page.screenshot(clip=box, animations="disabled", caret="hide"))).convert("RGB")  # type: ignore[arg-type]


@pytest.mark.parametrize("refused", ["**/widget.js", "**/facts/*", "**/frame/*"])
def test_where_a_blocker_refuses_it_the_page_stands_as_without_it(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, refused: str
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    visitor = open_page()  # which complains of every error that reaches the page
    visitor.add_init_script("globalThis.helpdesk = {q: [['setContext', {order: '1042'}]]}")
    visitor.route(refused, lambda route: route.abort("blockedbyclient"))
    visitor.goto(shop.url)
    expect(visitor.locator("h1")).to_have_text("Fjellrev boots")
    visitor.wait_for_load_state("networkidle")
    assert visitor.locator("helpdesk-widget").count() == (1 if "frame" in refused else 0)
    visitor.evaluate("helpdesk.open?.()")
    visitor.evaluate("helpdesk.close?.()")
    assert visitor.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_it_looks_the_same_on_three_unlike_pages(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    pictures = []
    for css in ("body{background:#fff}", BOOTSTRAP, TAILWIND, HOSTILE + "html,body{background:#fff!important}"):
        shop.embed(live_stack.url, connection.key, css=css)
        context = chromium.new_context(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(OPEN_ROOTS)
        page.goto(shop.url)
        page.wait_for_selector("helpdesk-widget", state="attached")
        assert page.evaluate(SHIFTS) == 0
        page.evaluate("helpdesk.open()")
        frame = frame_of(page)
        expect(frame.locator(".standing")).to_contain_text("Nobody is here", timeout=PATIENCE)
        assert page.locator("helpdesk-widget iframe").bounding_box()["width"] == 384  # type: ignore[index]
        pictures.append(picture(page))
        context.close()
    for other in pictures[1:]:
        assert other.size == pictures[0].size
        assert ImageChops.difference(pictures[0], other).getbbox() is None


def test_fifty_messages_survive_restarts_and_a_flushed_redis(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    desk, street = chromium.new_context(base_url=live_stack.url), chromium.new_context()
    sign_in(desk, house.olena, live_stack.url)
    olena, visitor = desk.new_page(), street.new_page()
    olena.set_default_timeout(PATIENCE)
    olena.goto("/inbox/open/")
    live(olena)
    frame = visit(visitor, shop)
    expect(frame.locator(".status")).to_contain_text("We are here", timeout=PATIENCE)
    say(frame, "v00")
    open_ticket(olena, "v00")
    for number in range(1, 25):
        if number in (6, 15):
            live_stack.kill("web")
        if number in (9, 20):
            probe_client().flushall()
        say(frame, f"v{number:02}")
        if number in (8, 17):
            live_stack.revive()
            live_stack.wait_until_ready()
        if number not in (6, 7, 15, 16):
            # A reply to what one has not seen is held back, rightly.
            expect(olena.locator("#timeline")).to_contain_text(f"v{number:02}", timeout=90_000)
            answer(olena, f"a{number:02}")
            expect(frame.locator(".log")).to_contain_text(f"a{number:02}", timeout=90_000)
    for number in (0, 6, 7, 15, 16):
        expect(olena.locator("#timeline .sending")).to_have_count(0, timeout=PATIENCE)
        answer(olena, f"a{number:02}")
        expect(frame.locator(".log")).to_contain_text(f"a{number:02}", timeout=PATIENCE)
    expect(frame.locator(".waiting")).to_have_count(0, timeout=90_000)
    expect(frame.locator(".log > div")).to_have_count(50, timeout=90_000)
    expect(olena.locator("#timeline")).to_contain_text("v24", timeout=90_000)
    # What one sends stands there twice until its answer came, however slow that is.
    expect(olena.locator("#timeline .sending")).to_have_count(0, timeout=90_000)
    stored = list(Message.objects.order_by("sequence").values_list("text", flat=True))
    assert sorted(stored) == sorted([f"{who}{number:02}" for who in "va" for number in range(25)])
    assert [text for text in stored if text[0] == "v"] == [f"v{number:02}" for number in range(25)]
    assert frame.locator(".log .bubble p").all_inner_texts() == stored
    shown = [text.strip() for text in olena.locator("#timeline .body").all_inner_texts()]
    assert [text for text in shown if text[:1] in ("v", "a")] == stored
    assert Ticket.objects.count() == 1
    desk.close()
    street.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_managers_pages_are_for_everybody(
    live_stack: LiveStack, house: House, open_page: OpenPage, width: int, scheme: str
) -> None:
    connection, _ = make_chat(house, "https://shop.example")
    greeting = Greeting.objects.create(channel_id=connection.channel_id, name="Cart", texts={"en": "Hello?"})
    admin = open_page(house.adam, viewport={"width": width, "height": 900}, color_scheme=scheme)
    base = f"/channels/chat/{connection.channel_id}/"
    pages = (base, f"{base}greetings/", f"{base}greetings/{greeting.pk}/", f"{base}routing/")
    assert [problem for page in pages for problem in look_at(admin, page)] == []
