"""The story of a question in real browsers: an article answers, it does not help, a person joins, the bot is silent."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from assistant.models import Bot
from tests.assistant.house import open_shelf
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_stories import at_desk, open_ticket
from tests.livechat.test_story import PATIENCE, frame_of, say
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations, write
from tests.support.live import LiveStack
from tickets.models import AutoKind, Message


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def test_a_question_an_article_and_a_person(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage
) -> None:
    open_shelf()
    chat, _secret = make_chat(house, shop.url)
    Bot.objects.create(channel=chat.channel, when="always", languages=["en"])
    shop.embed(live_stack.url, chat.key)
    olena, visitor = at_desk(open_page, house.olena), open_page()
    visitor.set_default_timeout(PATIENCE)
    visitor.goto(shop.url)
    visitor.wait_for_selector("helpdesk-widget", state="attached")
    visitor.evaluate("helpdesk.open()")
    frame = frame_of(visitor)
    frame.locator(".go").click()
    say(frame, "How can I return my boots?")
    answer = frame.locator(".them.bot")
    expect(answer).to_contain_text("How to return boots", timeout=PATIENCE)
    expect(answer).to_contain_text("Automatic answer")
    expect(frame.locator(".person")).to_have_text("Talk to a person")
    shots = os.environ.get("HELPDESK_SHOTS")
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert accessibility_violations(frame) == []
        if shots:
            visitor.screenshot(path=f"{shots}/bot-widget-{scheme}.png")
    answer.get_by_role("button", name="It did not help").press("Enter")
    expect(frame.locator(".log")).to_contain_text("I am passing this on to a person", timeout=PATIENCE)
    expect(frame.locator(".person")).to_be_hidden()
    open_ticket(olena, "How can I return my boots?")
    summary = olena.locator(".bot-summary")
    expect(summary).to_contain_text("the answer did not help")
    expect(summary).to_contain_text("How to return boots")
    for scheme in ("light", "dark"):
        olena.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        olena.wait_for_timeout(500)  # colours pass over
        assert accessibility_violations(olena) == []
        if shots:
            olena.screenshot(path=f"{shots}/bot-desk-{scheme}.png")
    write(olena, "Olena here, let me look.")
    olena.keyboard.press("Control+Enter")
    expect(frame.locator(".joins")).to_contain_text("Olena joined", timeout=PATIENCE)
    before = Message.objects.filter(auto_kind=AutoKind.BOT).count()
    say(frame, "How can I return my boots?")
    expect(olena.locator("#timeline .msg").last).to_contain_text("How can I return my boots?", timeout=PATIENCE)
    visitor.wait_for_timeout(2_000)
    assert Message.objects.filter(auto_kind=AutoKind.BOT).count() == before
