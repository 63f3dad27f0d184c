"""Calls and chats as they stand in a conversation: looked at in light and dark, at a desk and on a phone; a recording is
listened to."""

from __future__ import annotations

import io
import os
import wave
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import expect

from channels_inbound.hooks.facts import CallHeard
from channels_inbound.phone.calls import call_heard
from channels_inbound.phone.log import log_call
from livechat.chats import end_chat
from people.storage import store_blob
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.livechat.talking import Chat, begin
from tests.people import House, make_house
from tests.support.browser import OpenPage
from tests.support.live import LiveStack
from tickets.actions import add_note, reply
from tickets.models import Attachment, Call, Channel, Ticket

NUMBER = "+380671110022"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def called(house: House) -> Ticket:
    """Called three times: missed with a recording, answered, and called back."""
    line = Channel.objects.create(kind="phone", name="Hotline", address="+380440000100", team=house.support)
    now = timezone.now()
    call_heard(line.pk, CallHeard("C1", "in", "voicemail", NUMBER, line.address, now - timedelta(hours=2),
                                  wait_seconds=31, name="Iryna Kovalenko"), at=now)  # fmt: skip
    first = Call.objects.get()
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000 * 3)
    Attachment.objects.create(
        message_id=first.message_id, ticket_id=first.ticket_id, filename="voice message.wav", content_type="audio/wav",
        size=len(sound.getvalue()), sha256=store_blob(sound.getvalue()),
    )  # fmt: skip
    call_heard(line.pk, CallHeard("C2", "in", "answered", NUMBER, line.address, now - timedelta(hours=1),
                                  wait_seconds=8, talk_seconds=154, agent_name="Ben"), at=now)  # fmt: skip
    log_call(line.pk, by=house.olena, direction="out", number=NUMBER, outcome="missed", seconds=25,
             note="She asked to be rung after six.", callback_at=now + timedelta(hours=4))  # fmt: skip
    return Ticket.objects.get(pk=first.ticket_id)


def chatted(house: House) -> Chat:
    with override_settings(CREDENTIALS_KEYS=[Fernet.generate_key().decode()]):
        chat = begin(house)
    began = timezone.now() - timedelta(minutes=20)
    chat.say("Hello! Do these boots run small?", at=began)
    number = chat.ticket.pk
    reply(number, by=house.olena, text="Hello! Half a size, yes.", at=began + timedelta(minutes=1))
    chat.say("And are they warm?", at=began + timedelta(minutes=2))
    reply(number, by=house.olena, text="Down to minus twenty.", at=began + timedelta(minutes=3))
    add_note(number, by=house.ben, text="She asked the same by mail.", at=began + timedelta(minutes=4))
    chat.say("Thank you", at=began + timedelta(minutes=5))
    end_chat(number, by=house.olena)
    return chat


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_their_shapes(size: str, scheme: str, house: House, open_page: OpenPage) -> None:
    ticket, chat = called(house), chatted(house)
    width, height = SIZES[size]
    touch = {"has_touch": True, "is_mobile": True} if width < 768 else {}
    page = open_page(house.olena, viewport={"width": width, "height": height}, color_scheme=scheme, **touch)
    for number, name in ((ticket.pk, "call"), (chat.ticket.pk, "chat")):
        page.goto(f"/inbox/open/{number}/")
        expect(page.locator("#timeline .msg").first).to_be_visible()
        judge(page, name)
        if shots := os.environ.get("HELPDESK_SHOTS"):
            page.screenshot(path=f"{shots}/{name}-{size}-{scheme}.png")
    expect(page.locator("#timeline .day", has_text="Chat with Olena")).to_contain_text("5 messages")


def test_a_recording_is_heard(house: House, open_page: OpenPage) -> None:
    ticket = called(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    player = page.locator("#timeline audio")
    player.evaluate("async (player) => { player.muted = true; await player.play(); }")
    expect(player).to_have_js_property("duration", 3)
    player.evaluate("(player) => { player.currentTime = 2; }")
    expect(player).to_have_js_property("ended", True)
