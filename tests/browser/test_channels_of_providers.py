"""Conversations of other channels in the inbox, and the pages that connect them, as axe-core judges them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import expect

from channels_inbound.hooks.connections import add_connection
from channels_inbound.models import Connection
from channels_inbound.phone.log import log_call
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.people import House, make_house, receive
from tests.support.browser import OpenPage, write
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.actions.changes import message_edited, message_reacted, message_read, message_unsent
from tickets.inbound import Address
from tickets.models import Message, OutboxState, Ticket


@pytest.fixture
def shop(live_stack: LiveStack) -> Iterator[dict[str, Any]]:
    house = make_house()
    with override_settings(CREDENTIALS_KEYS=[Fernet.generate_key().decode()]):
        meta = {"token": "t", "app_secret": "s" * 32, "page_id": "1001"}
        chat = add_connection("messenger", meta, by=house.adam, name="Our page", team=house.support)
        line = add_connection("line", {"number": "+380440000100"}, by=house.adam, name="Hotline", team=house.support)
    yield {"house": house, "chat": chat, "ticket": conversation(house, chat)}
    assert line.channel_id


def conversation(house: House, chat: Connection) -> Ticket:
    now = timezone.now()

    def say(text: str, minutes: int, **more: Any) -> Message:
        at = now - timedelta(minutes=minutes)
        result = receive(
            chat.channel, text=text, subject="Is this lamp dimmable?", sender=Address("Olena Kovalenko", "messenger:1001:77"),
            identity_kind="page_user", verdict="pass", thread_id="messenger:1001:77", timed_by_provider=True, at=at,
            received_at=at, in_reply_to="", references=(), handle="@olena_k", **more,
        )  # fmt: skip
        return Message.objects.get(pk=result.message_id)

    first = say("Is this lamp dimable?", 50, about="In answer to our story https://cdn.example/ig_story/18001")
    message_edited(first.pk, "Is this lamp dimmable?", at=now)
    answer = reply(first.ticket_id, by=house.olena, text="Yes, with any dimmer.")
    Message.objects.filter(pk=answer.pk).update(outbox=OutboxState.SENT)
    message_read(answer.pk, at=now)
    message_reacted(answer.pk, "❤️", by="77", at=now)
    message_unsent(say("My card number is", 20).pk, at=now)
    say("And a photo", 10, files_to_come=1)
    log_call(
        chat.channel.__class__.objects.get(name="Hotline").pk, by=house.olena, direction="in", number="+380671110022",
        outcome="missed", note="Wants the invoice",
    )  # fmt: skip
    return Ticket.objects.get(pk=first.ticket_id)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_no_violations_on_any_page(
    size: str, scheme: str, shop: dict[str, Any], open_page: OpenPage, tmp_path: Path
) -> None:
    width, height = SIZES[size]
    house, ticket, chat = shop["house"], shop["ticket"], shop["chat"]
    touch = {"has_touch": True, "is_mobile": True} if width < 768 else {}
    page = open_page(house.olena, viewport={"width": width, "height": height}, color_scheme=scheme, **touch)
    page.goto(f"/inbox/open/{ticket.pk}/")
    expect(page.locator(".comp .sum")).to_contain_text("Olena Kovalenko")
    expect(page.locator("#timeline")).to_contain_text("The customer took this message back.")
    expect(page.locator("#timeline")).to_contain_text("1 file is being fetched")
    expect(page.locator("#timeline")).to_contain_text("In answer to our story")
    expect(page.locator(".comp")).to_contain_text("Can be answered until")
    page.screenshot(path=tmp_path / f"thread-{size}-{scheme}.png")
    judge(page, "conversation")
    page.goto("/calls/")
    expect(page.locator("main")).to_contain_text("Wants the invoice")
    page.screenshot(path=tmp_path / f"calls-{size}-{scheme}.png")
    judge(page, "calls")
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme, **touch)
    for path in (
        "/channels/",
        "/channels/connect/",
        "/channels/connect/telegram/",
        f"/channels/{chat.channel_id}/connection/",
    ):
        page.goto(path)
        page.screenshot(path=tmp_path / f"{path.strip('/').replace('/', '-')}-{size}-{scheme}.png", full_page=True)
        judge(page, path)


def test_an_answer_leaves_from_the_same_composer(shop: dict[str, Any], open_page: OpenPage) -> None:
    page = open_page(shop["house"].olena)
    page.goto(f"/inbox/open/{shop['ticket'].pk}/")
    write(page, "It fits every dimmer.")
    page.locator("[data-send]").click()
    expect(page.locator("#timeline")).to_contain_text("It fits every dimmer.")
    expect(page.locator("#toasts, .toast").first).to_contain_text("Undo")
    sent = Message.objects.get(text="It fits every dimmer.")
    assert (sent.outbox, sent.envelope["to"]) == (
        OutboxState.QUEUED, [{"name": "Olena Kovalenko", "address": "messenger:1001:77"}],
    )  # fmt: skip
