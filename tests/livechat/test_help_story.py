"""The help centre inside the chat, in real browsers: searched with a typing mistake, read, judged, left for a message;
closed, broken and hostile ones; links of messages that open there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, Route, expect

from knowledge.models import Article, ArticleFeedback, ArticleTranslation, HelpCentre, SearchMiss
from knowledge.pictures import add_picture
from tests.knowledge.shelf import article, open_centre, shelf
from tests.livechat.shop import Shop, make_chat, open_shop
from tests.livechat.test_story import PATIENCE, frame_of, say
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.models import Message, MessageKind, Ticket

BODY = """<p>Most parcels within the country come <b>two working days</b> after they left us.</p>
<h2>Follow it</h2><ol><li>Open the mail that says it is on its way.</li><li>Press <i>Follow my parcel</i>.</li></ol>
<p><img src="cid:{picture}" alt="The mail with its button" width="640"></p>
<h2>Abroad</h2><table><tr><th>Where</th><th>Days</th></tr><tr><td>Poland</td><td>3 to 5</td></tr></table>
<p>Not there after a week? Read <a href="/help/en/articles/a-parcel-is-lost/">A parcel is lost</a>, or ask
<a href="https://carrier.example/track">the carrier</a>. <a href="#follow-it">How to follow it</a></p>"""
HOSTILE = """<p onclick="alert(1)">Kept &lt;img src=x onerror=alert(1)&gt;</p><script>alert(1)</script><style>body{display:none}</style>
<img src="https://evil.example/p.png" alt="x"><img src="/inbox/" alt="y"><svg><a href="javascript:alert(1)">s</a></svg>
<a href="javascript:alert(1)">pressed</a><form action="/x"><input name="p"></form><iframe src="/inbox/"></iframe>
<h2 id="settings">Part</h2>"""


# Letter by letter and faster than any pause, however slow the machine.
TYPED = """words => {
  const field = document.querySelector('#seek');
  for (let end = 1; end <= words.length; end++) {
    field.value = words.slice(0, end);
    field.dispatchEvent(new Event('input'));
  }
}"""


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def shop(live_stack: LiveStack, house: House) -> Iterator[Shop]:
    with open_shop() as shop:
        shop.embed(live_stack.url, make_chat(house, shop.url, brand="Nordvik Outdoor")[0].key)
        yield shop


@pytest.fixture
def parcel(house: House) -> Article:
    """A help centre of four articles; where a parcel is, with a picture and links."""
    open_centre()
    place = shelf()
    wanted = article(place, en=("Where is my parcel?", "<p>Soon.</p>"))
    drawing = BytesIO()
    Image.new("RGB", (640, 200), "#cfe0d2").save(drawing, "PNG")
    body = BODY.format(picture=add_picture(wanted.pk, drawing.getvalue(), "mail.png", by=house.adam).pk)
    ArticleTranslation.objects.filter(article=wanted).update(body=body)
    article(place, en=("A parcel is lost", "<p>We look for it and send another one.</p>"))
    article(place, en=("Exchange for another size", "<p>Within sixty days.</p>"))
    article(place, en=("When will I get my refund?", "<p>Five days after we have your parcel.</p>"))
    return wanted


def at_home(page: Page, shop: Shop) -> Frame:
    page.set_default_timeout(PATIENCE)
    page.goto(shop.url)
    page.wait_for_selector("helpdesk-widget", state="attached")
    page.evaluate("helpdesk.open()")
    frame = frame_of(page)
    frame.wait_for_selector(".go:visible")
    return frame


def send(frame: Frame, text: str) -> None:
    """Nobody is at a desk here, so an address is asked for."""
    frame.locator("#ask-email").fill("zoe@customer.example")
    say(frame, text)
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)


def look(page: Page, frame: Frame, name: str) -> None:
    """Nobody is shut out, in either theme, and nothing is wider than the chat."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert accessibility_violations(frame) == []
        assert frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        if shots := os.environ.get("HELPDESK_SHOTS"):
            page.screenshot(path=f"{shots}/help-{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")


def test_a_visitor_finds_reads_judges_and_writes_all_the_same(
    live_stack: LiveStack, shop: Shop, parcel: Article, open_page: OpenPage
) -> None:
    visitor = open_page()
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.goto(shop.url)
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    assert not any("/help/" in url for url in asked)
    frame = at_home(visitor, shop)
    hits, status = frame.locator(".hit"), frame.locator(".help [role=status]")
    expect(hits).to_have_count(3)
    look(visitor, frame, "home")

    # By keyboard, with a typing mistake; what is typed quickly is asked once.
    asked.clear()
    field = frame.get_by_role("searchbox", name="Search for help")
    field.focus()
    frame.evaluate(TYPED, "parsel")
    expect(status).to_have_text("Articles found: 2")
    assert len([url for url in asked if "/help/api/search" in url]) == 1
    look(visitor, frame, "found")
    field.press("Escape")
    expect(field).to_have_value("")
    expect(frame.locator(".help ul")).to_have_attribute("aria-label", "Often read")
    field.fill("parcel")
    wanted = hits.filter(has_text="Where is my parcel?")
    expect(status).to_have_text("Articles found: 3")
    visitor.keyboard.press("Tab")
    expect(hits.first).to_be_focused()
    wanted.press("Enter")

    # The article: its picture, its links, its parts.
    heading = frame.locator(".read h1")
    expect(heading).to_be_focused()
    expect(heading).to_have_text("Where is my parcel?")
    picture = frame.locator(".body img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") == 640
    carrier = frame.get_by_role("link", name="the carrier")
    assert (carrier.get_attribute("target"), carrier.get_attribute("rel")) == ("_blank", "noopener noreferrer nofollow")
    expect(frame.get_by_role("link", name="Open in the help centre")).to_have_attribute(
        "href", "/help/en/articles/where-is-my-parcel/"
    )
    frame.get_by_role("link", name="How to follow it").press("Enter")
    expect(frame.get_by_role("heading", name="Follow it")).to_be_focused()
    frame.locator(".read .scroll").evaluate("e => e.scrollTo(0, 0)")
    look(visitor, frame, "article")

    # Another article by its link, and back.
    frame.get_by_role("link", name="A parcel is lost").press("Enter")
    expect(heading).to_have_text("A parcel is lost")
    frame.get_by_role("button", name="Back").click()
    expect(heading).to_have_text("Where is my parcel?")
    expect(heading).to_be_focused()

    frame.get_by_role("button", name="No", exact=True).click()
    missing = frame.get_by_label("What was missing?")
    expect(missing).to_be_focused()
    assert list(ArticleFeedback.objects.values_list("article", "helped", "comment")) == [(parcel.pk, False, "")]
    look(visitor, frame, "missing")
    missing.fill("How long it takes to Norway")
    frame.locator(".missing button").press("Enter")
    expect(frame.locator(".thanks")).to_be_focused()
    said = ArticleFeedback.objects.values_list("article", "helped", "comment")
    assert list(said) == [(parcel.pk, False, "How long it takes to Norway")]
    look(visitor, frame, "judged")
    frame.get_by_role("button", name="Back").click()
    expect(wanted).to_be_focused()

    # In vain: counted once somebody stands by it, and what was looked for begins the message.
    field.fill("zebra crossing")
    expect(status).to_have_text("We have found nothing for this.")
    look(visitor, frame, "none")
    assert not SearchMiss.objects.exists()
    with visitor.expect_response(lambda answer: "miss=1" in answer.url):
        frame.get_by_role("button", name="Write to us").click()
    expect(frame.locator("#text")).to_have_value("zebra crossing")
    send(frame, "zebra crossing, please")
    assert Message.objects.get(kind=MessageKind.INBOUND).text == "zebra crossing, please"
    assert list(SearchMiss.objects.values_list("query", "count")) == [("zebra crossing", 1)]


def test_links_of_messages_to_our_articles_open_in_the_chat(
    live_stack: LiveStack, house: House, shop: Shop, parcel: Article, open_page: OpenPage
) -> None:
    look_of: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True}
    visitor = open_page(**look_of)
    frame = at_home(visitor, shop)
    expect(frame.locator(".hit")).to_have_count(3)
    look(visitor, frame, "phone-home")
    frame.locator(".go").click()
    send(frame, "Where is it?")
    page = f"{live_stack.url}/help/en/articles/where-is-my-parcel/"
    gone = f"{live_stack.url}/help/en/articles/not-there/"
    words = f"See {page} or {gone} or https://else.example/help/en/articles/a/"
    reply(Ticket.objects.get().pk, by=house.olena, text=words)
    links = frame.locator(".log .them a")
    expect(links).to_have_text(
        ["Read the article", "Read the article", "https://else.example/help/en/articles/a/"], timeout=PATIENCE
    )
    links.first.click()
    heading = frame.locator(".read h1")
    expect(heading).to_be_focused()
    expect(heading).to_have_text("Where is my parcel?")
    frame.evaluate("document.documentElement.dir = 'rtl'")
    look(visitor, frame, "phone-rtl")
    frame.evaluate("document.documentElement.dir = 'ltr'")
    look(visitor, frame, "phone-article")
    frame.get_by_role("button", name="Back").click()
    expect(links.first).to_be_focused()
    # One that cannot be read here opens where it always did.
    with visitor.context.expect_page() as opened:
        links.nth(1).click()
    assert opened.value.url in (gone, "about:blank")
    expect(frame.locator(".talk")).to_be_visible()


@pytest.mark.parametrize("state", ["closed", "empty", "broken"])
def test_without_a_help_centre_the_chat_is_as_ever(
    live_stack: LiveStack, shop: Shop, house: House, open_page: OpenPage, state: str
) -> None:
    open_centre(is_open=state != "closed")
    if state != "empty":
        article(shelf(), en=("Where is my parcel?", "<p>Two days.</p>"))
    visitor = open_page()
    if state == "broken":
        visitor.route("**/help/api/**", lambda route: route.abort())
    with visitor.expect_event(
        "requestfinished" if state != "broken" else "requestfailed", lambda one: "/help/" in one.url
    ):
        frame = at_home(visitor, shop)
    expect(frame.locator(".help")).to_be_hidden()
    assert accessibility_violations(frame) == []
    frame.locator(".go").click()
    send(frame, "Hello?")
    assert Ticket.objects.count() == 1


def test_a_centre_that_stops_answering_says_so_quietly(
    live_stack: LiveStack, shop: Shop, parcel: Article, open_page: OpenPage
) -> None:
    visitor = open_page()
    frame = at_home(visitor, shop)
    expect(frame.locator(".hit")).to_have_count(3)
    # An answer that comes late does not take the place of a later one's.
    held: list[Route] = []
    visitor.route("**/help/api/search?*q=exchange*", lambda route: held.append(route))
    with visitor.expect_request("**/help/api/search?*q=exchange*"):
        frame.locator("#seek").fill("exchange")
    frame.locator("#seek").fill("refund")
    expect(frame.locator(".hit .name")).to_have_text(["When will I get my refund?"])
    with visitor.expect_response("**/help/api/search?*q=exchange*"):
        held[0].continue_()
    expect(frame.locator(".hit .name")).to_have_text(["When will I get my refund?"])
    frame.locator("#seek").press("Escape")
    expect(frame.locator(".hit")).to_have_count(3)

    HelpCentre.objects.update(is_open=False)
    frame.locator(".hit").first.click()
    expect(frame.locator(".none")).to_have_text("The help centre does not answer right now.")
    expect(frame.locator(".home")).to_be_visible()
    frame.locator("#seek").fill("parcel")
    expect(frame.locator(".hit")).to_have_count(0)
    expect(frame.locator(".none")).to_have_text("The help centre does not answer right now.")
    HelpCentre.objects.update(is_open=True)
    frame.locator("#seek").press("Enter")
    expect(frame.locator(".hit")).to_have_count(3)
    expect(frame.locator(".none")).to_be_hidden()


def test_an_article_is_text_whatever_it_holds(
    live_stack: LiveStack, shop: Shop, house: House, chromium: Browser
) -> None:
    """As if it had been written past the cleaning of the help centre: the chat builds it anew all the same."""
    open_centre()
    title = "<img src=x onerror=alert(1)>Ends</script>"
    article(shelf(), en=(title, "<p>Kept</p>"))
    ArticleTranslation.objects.update(body=HOSTILE)
    # A context of its own: the policy complains of what is here, rightly, and refuses it.
    street = chromium.new_context()
    visitor = street.new_page()
    dialogs: list[str] = []
    visitor.on("dialog", lambda dialog: dialogs.append(dialog.message))
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    frame = at_home(visitor, shop)
    expect(frame.locator(".hit")).to_have_text(title)
    frame.locator(".hit").click()
    expect(frame.locator(".read h1")).to_have_text(title)
    body = frame.locator(".body")
    expect(body).to_contain_text("Kept <img src=x onerror=alert(1)>")
    body.get_by_text("Kept").click()
    body.get_by_text("pressed").click()
    assert body.locator("img, script, style, svg, iframe, form, input, a, [id], [onclick]").count() == 0
    assert frame.locator("body").is_visible() and not dialogs
    assert not any("evil.example" in url or url.endswith(("/x", "/inbox/")) for url in asked)
    street.close()
