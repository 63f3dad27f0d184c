"""The form before the first message in real browsers: by keyboard, on a phone, from right to left; nothing typed is
lost when something is wrong."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Frame, expect

from livechat.channels import change_chat_channel
from livechat.widget_settings import WidgetSettings
from tests.livechat.shop import Shop, make_chat
from tests.livechat.test_story import PATIENCE, frame_of, say, visit
from tests.people import House, make_house
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tickets.actions import reply
from tickets.actions.fields import save_field
from tickets.models import Attachment, FieldValue, Ticket, TicketField

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"}


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


@pytest.fixture
def fields(house: House) -> list[TicketField]:
    wanted = (
        ("What is it about?", "choice", ["Delivery", "Return"]), ("Amount", "number", []), ("Bought on", "date", []),
        ("A gift", "checkbox", []),
    )  # fmt: skip
    return [save_field(None, by=house.adam, name=name, kind=kind, choices=choices) for name, kind, choices in wanted]


def asking(house: House, shop: Shop, live_stack: LiveStack, fields: list[TicketField]) -> Any:
    asks = {"name": False, "email": True, "order": True, str(fields[0].pk): True}
    asks |= {str(one.pk): False for one in fields[1:]}
    connection, _ = make_chat(house, shop.url, asks=asks)
    shop.embed(live_stack.url, connection.key)
    return connection


def png() -> bytes:
    made = BytesIO()
    Image.new("RGB", (4, 4), "red").save(made, "PNG")
    return made.getvalue()


def wrongs(frame: Frame) -> list[str]:
    return [text for text in frame.locator(".wrong").all_inner_texts() if text]


def test_the_form_by_keyboard_and_what_is_wrong_beside_its_question(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, fields: list[TicketField]
) -> None:
    asking(house, shop, live_stack, fields)
    desk, visitor = open_page(house.olena), open_page()
    desk.goto("/inbox/open/")
    frame = visit(visitor, shop)
    expect(frame.locator(".asks")).to_be_visible()
    expect(frame.locator("#ask-name")).to_be_focused()
    assert accessibility_violations(frame) == []
    frame.locator("#text").fill("Where is my parcel?")
    frame.locator("input[type=file]:not(.asks input)").set_input_files(
        [{"name": "label.txt", "mimeType": "text/plain", "buffer": b"TR-77"}]
    )
    expect(frame.locator(".chosen li:not(.busy)")).to_have_count(1)
    expect(frame.locator(".chosen img")).to_have_count(0)
    frame.locator("#text").press("Enter")
    assert wrongs(frame) == ["Please fill this in"] * 3
    expect(frame.locator("#ask-email")).to_be_focused()
    assert frame.locator("#ask-email").get_attribute("aria-describedby") == "ask-email-wrong"
    assert accessibility_violations(frame) == []
    # On with the keyboard alone: address, order, what about, amount; Enter in a field goes on to the message.
    keys = visitor.keyboard
    keys.type("zoe@customer.example")
    keys.press("Tab")
    keys.type("1042")
    keys.press("Tab")
    keys.type("Ret")
    keys.press("Tab")
    keys.type("many")
    assert wrongs(frame) == []
    keys.press("Enter")
    expect(frame.locator("#text")).to_be_focused()
    keys.press("Enter")
    # What only the helpdesk can tell: words and file stand in the composer again.
    expect(frame.locator(f"#ask-{fields[1].pk}-wrong")).to_have_text("“Amount” is a number.", timeout=PATIENCE)
    expect(frame.locator(f"#ask-{fields[1].pk}")).to_be_focused()
    expect(frame.locator("#text")).to_have_value("Where is my parcel?")
    expect(frame.locator(".chosen li")).to_contain_text("label.txt")
    expect(frame.locator(".log > div")).to_have_count(0)
    assert not Ticket.objects.exists()
    frame.locator(f"#ask-{fields[1].pk}").fill("12,5")
    frame.locator("#text").press("Enter")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    expect(frame.locator(".asks")).to_be_hidden()
    kept = dict(FieldValue.objects.filter(ticket=Ticket.objects.get()).values_list("field__name", "value"))
    assert kept == {"What is it about?": "Return", "Amount": "12.5"}
    assert Attachment.objects.get().filename == "label.txt"
    # A picture is seen before it goes; what the page's script was promised comes true.
    frame.locator("input[type=file]").set_input_files([{"name": "a.png", "mimeType": "image/png", "buffer": png()}])
    expect(frame.locator(".chosen img")).to_have_count(1)
    assert frame.locator(".chosen img").evaluate("e => e.decode().then(() => e.naturalWidth)") == 4
    visitor.evaluate("globalThis.told = []; helpdesk.on('message', (said) => told.push(said))")
    say(frame, "Hello?")
    expect(frame.locator(".log .me")).to_have_count(2)
    reply(Ticket.objects.get().pk, by=house.olena, text="Here I am.")
    expect(frame.locator(".log .them")).to_contain_text("Here I am.", timeout=PATIENCE)
    assert visitor.evaluate("told") == [{"text": "Here I am.", "name": "Olena"}]
    visitor.evaluate("helpdesk.setLanguage('de')")
    expect(frame_of(visitor).locator("#text")).to_have_attribute("placeholder", "Nachricht schreiben", timeout=PATIENCE)
    # Who comes back is asked nothing.
    frame = visit(visitor, shop)
    expect(frame.locator(".log .me")).to_have_count(2, timeout=PATIENCE)
    expect(frame.locator(".asks")).to_be_hidden()


def test_on_a_phone_from_right_to_left_and_when_the_questions_change_meanwhile(
    live_stack: LiveStack, house: House, shop: Shop, open_page: OpenPage, fields: list[TicketField]
) -> None:
    connection = asking(house, shop, live_stack, fields)
    visitor = open_page(**PHONE)
    frame = visit(visitor, shop)
    expect(frame.locator(".asks")).to_be_visible()
    frame.evaluate("document.documentElement.dir = 'rtl'")
    assert frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert frame.evaluate("[innerWidth, innerHeight]") == [390, 780], "the whole screen"
    # The message box is in sight however long the form is.
    box = frame.locator("#text").bounding_box()
    assert box is not None and box["y"] + box["height"] <= 780
    tick, label = (frame.locator(f".tick {what}").bounding_box() for what in ("input", "label"))
    assert tick is not None and label is not None and tick["x"] > label["x"] + label["width"] - 1
    assert accessibility_violations(frame) == []
    frame.evaluate("document.documentElement.dir = 'ltr'")
    frame.locator("#ask-email").fill("zoe@customer.example")
    frame.locator("#ask-order").fill("1042")
    frame.locator(f"#ask-{fields[0].pk}").select_option("Delivery")
    kept = WidgetSettings.read(connection.settings)
    change_chat_channel(
        connection.channel_id, by=house.adam, name="Shop chat", team=house.support, locale="en", is_active=True,
        settings={"origins": kept.origins, "color": kept.color, "asks": {"name": True, "email": True}},
    )  # fmt: skip
    say(frame, "Where is my parcel?")
    expect(frame.locator("#ask-name-wrong")).to_have_text("Please fill this in", timeout=PATIENCE)
    expect(frame.locator("#ask-email")).to_have_value("zoe@customer.example")
    expect(frame.locator("#ask-order")).to_have_count(0)
    expect(frame.locator("#text")).to_have_value("Where is my parcel?")
    frame.locator("#ask-name").fill("Zoe")
    frame.locator("#text").press("Enter")
    expect(frame.locator(".log .me .state")).to_contain_text("Delivered", timeout=PATIENCE)
    assert Ticket.objects.get().subject == "Where is my parcel?"
