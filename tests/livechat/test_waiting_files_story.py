"""A message whose files are still on their way: it waits for them, and loses nothing when they do not come."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Frame, Page, Route, expect

from tests.livechat.overhearing import street
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_story import PATIENCE, say, visit
from tests.livechat.test_widget_story import address, come, delivered
from tests.people import House, make_house
from tests.support.live import LiveStack
from tickets.models import Attachment, Message

BOOTS = {"name": "boots.txt", "mimeType": "text/plain", "buffer": b"These"}


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def hold_uploads(page: Page) -> list[Route]:
    """They do not arrive until they are let go."""
    held: list[Route] = []
    page.route("**/upload/", lambda route: held.append(route))
    return held


def arrives(page: Page, held: list[Route], count: int = 1) -> None:
    for _ in range(300):
        if len(held) == count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(held)} uploads")


def choose(frame: Frame) -> None:
    frame.locator("input[type=file]").set_input_files([BOOTS])  # type: ignore[list-item]
    expect(frame.locator(".chosen li.busy")).to_have_count(1)


def test_sent_before_its_file_has_arrived_it_waits_and_goes_with_it(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    with street(chromium) as (page, _heard):
        frame = come(page, shop)
        held = hold_uploads(page)
        choose(frame)
        say(frame, "I mean these")
        waiting = frame.locator(".log .me.waiting")
        expect(waiting.locator("p").first).to_have_text("I mean these boots.txt")
        expect(waiting.locator(".state")).to_have_text("Sending…")
        expect(frame.locator("#text")).to_have_value("")
        expect(frame.locator(".chosen li")).to_have_count(0)
        say(frame, "And nothing else")
        expect(waiting).to_have_count(2)
        page.wait_for_timeout(1000)
        assert not Message.objects.exists()
        arrives(page, held)
        held[0].continue_()
        delivered(frame, "And nothing else")
        expect(frame.locator(".log .me .file")).to_have_text("boots.txt")
    assert list(Message.objects.order_by("sequence").values_list("text", flat=True)) == [
        "I mean these", "And nothing else",
    ]  # fmt: skip
    assert Attachment.objects.get().message.text == "I mean these"


def test_where_the_file_does_not_arrive_words_and_file_can_be_tried_again(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    with street(chromium) as (page, _heard):
        frame = come(page, shop)
        held = hold_uploads(page)
        choose(frame)
        say(frame, "I mean these")
        arrives(page, held)
        held[0].abort("connectionreset")
        failed = frame.locator(".log .me.failed")
        expect(failed).to_contain_text("I mean these")
        expect(failed.locator(".state")).to_have_text("Could not be sent")
        # What was said after it does not wait for that.
        say(frame, "And nothing else")
        delivered(frame, "And nothing else")
        failed.get_by_role("button", name="Try again").click()
        expect(frame.locator("#text")).to_have_value("I mean these")
        expect(frame.locator(".chosen li.busy")).to_have_text("boots.txt")
        arrives(page, held, 2)
        held[1].continue_()
        expect(frame.locator(".chosen li.busy")).to_have_count(0)
        frame.locator("#text").press("Enter")
        delivered(frame, "I mean these")
    assert Attachment.objects.get().message.text == "I mean these"
    assert Message.objects.count() == 2


def test_a_file_that_is_refused_says_why_beside_its_message(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    with street(chromium) as (page, _heard):
        frame = come(page, shop)
        held = hold_uploads(page)
        page_of_mine = {"name": "a.html", "mimeType": "text/html", "buffer": b"<!doctype html><html><script></script>"}
        frame.locator("input[type=file]").set_input_files([page_of_mine])  # type: ignore[list-item]
        say(frame, "Look at this")
        arrives(page, held)
        held[0].continue_()
        failed = frame.locator(".log .me.failed")
        expect(failed.locator(".state")).to_have_text("This kind of file cannot be sent")
        # Where nobody pressed Enter yet, the words stay where they are and the file's name is told.
        frame.locator("#text").fill("Once more")
        frame.locator("input[type=file]").set_input_files([page_of_mine])  # type: ignore[list-item]
        arrives(page, held, 2)
        held[1].continue_()
        expect(frame.locator(".trouble")).to_contain_text("This kind of file cannot be sent")
        expect(frame.locator(".chosen li")).to_have_count(0)
        expect(frame.locator("#text")).to_have_value("Once more")
        failed.get_by_role("button", name="Discard").click()
        expect(failed).to_have_count(0)
    assert not Message.objects.exists()


def test_left_before_its_file_has_arrived_the_words_are_there_on_the_next_page(
    live_stack: LiveStack, house: House, shop: Shop, chromium: Browser
) -> None:
    connection, _ = make_chat(house, shop.url)
    shop.embed(live_stack.url, connection.key)
    with street(chromium) as (page, _heard):
        frame = come(page, shop)
        held = hold_uploads(page)
        choose(frame)
        say(frame, "I mean these")
        arrives(page, held)
        page.reload()
        page.unroute_all(behavior="ignoreErrors")
        frame = visit(page, shop)
        failed = frame.locator(".log .me.failed")
        expect(failed).to_contain_text("I mean these", timeout=PATIENCE)
        failed.get_by_role("button", name="Try again").click()
        expect(frame.locator(".trouble")).to_have_text("Files wait for an hour only. Choose them again, please.")
        expect(frame.locator("#text")).to_have_value("I mean these")
        choose_again(frame)
        address(frame)
        frame.locator("#text").press("Enter")
        delivered(frame, "I mean these")
    assert Attachment.objects.get().message.text == "I mean these"


def choose_again(frame: Frame) -> None:
    frame.locator("input[type=file]").set_input_files([BOOTS])  # type: ignore[list-item]
    expect(frame.locator(".chosen li:not(.busy)")).to_have_count(1)
