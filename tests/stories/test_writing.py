"""An agent writes as people do: with lists, pictures, tables and quotes; the customer's program gets a sound mail."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.people import ZOE, House, make_house, open_ticket
from tests.support.browser import OpenPage, expect_words
from tests.support.smtp_sink import SmtpSink
from tickets.models import Attachment, Draft, Message, MessageKind, Ticket


def picture(width: int = 40, height: int = 30) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(kept, "PNG")
    return kept.getvalue()


PASTE = """([kind, content, name]) => {
  const data = new DataTransfer();
  if (kind === 'file') {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: 'image/png' }));
  } else {
    data.setData(kind, content);
    if (kind === 'text/html') data.setData('text/plain', name);
  }
  const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector('#words').dispatchEvent(event);
}"""


def paste(page: Page, kind: str, content: str, name: str = "") -> None:
    page.evaluate(PASTE, [kind, content, name])


def paste_picture(page: Page, content: bytes, name: str) -> None:
    paste(page, "file", base64.b64encode(content).decode(), name)


def write(page: Page, ticket: Ticket) -> None:
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.locator("#words").click()
    expect(page.locator(".rich #words")).to_be_focused()


@pytest.fixture
def house(live_stack: object) -> House:
    return make_house()


def test_what_is_written_arrives_as_it_was_meant(house: House, open_page: OpenPage, smtp_sink: SmtpSink) -> None:
    ticket = open_ticket(house.channel, subject="Де моя посилка?", external_id="first@customer.example")
    page = open_page(house.olena)
    write(page, ticket)
    keys = page.keyboard
    keys.type("Вітаю, Зоє! Це **важливо.**")
    keys.press("Enter")
    keys.type("- коробка")
    keys.press("Enter")
    keys.type("наклейка")
    keys.press("Enter")
    keys.press("Enter")
    keys.type("> Ви писали")
    keys.press("Enter")
    keys.press("Enter")
    keys.type("Ось так: ")
    paste_picture(page, picture(), "наклейка.png")
    expect(page.locator("#words img.picture")).to_have_attribute("alt", "наклейка.png")
    keys.press("Enter")
    cells = "<table><tr><td>Товар</td><td>Ціна</td></tr><tr><td>Куртка</td><td>1200</td></tr></table>"
    paste(page, "text/html", cells, "Товар\tЦіна")
    expect(page.locator("#words td")).to_have_count(4)
    expect(page.locator(".comp .saved")).to_have_text("Draft saved")
    draft = Draft.objects.get()
    assert "<strong>важливо.</strong>" in draft.html
    assert draft.text.startswith("Вітаю, Зоє! Це важливо.\n\n- коробка\n- наклейка\n\n> Ви писали\n\nОсь так:")

    page.reload()
    expect(page.locator("#words img.picture")).to_have_count(1)
    page.locator("#words").press("Control+Enter")

    expect(page.locator("#timeline .msg:not(.sending) .written strong")).to_have_text("важливо.")
    expect(page.locator("#timeline .msg:not(.sending) .written img")).to_have_js_property("naturalWidth", 40)
    expect_words(page, "")
    (mail,) = smtp_sink.wait_for(1, timeout=40)
    message = mail.message
    assert message["Subject"] == "Re: Де моя посилка?"
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert (
        plain.get_content()
        .replace("\r\n", "\n")
        .startswith(
            "Вітаю, Зоє! Це важливо.\n\n- коробка\n- наклейка\n\n> Ви писали\n\nОсь так: [наклейка.png]\n\n"
            "Товар  | Ціна\nКуртка | 1200\n"
        )
    )
    assert related.get_content_type() == "multipart/related"
    html, image = related.iter_parts()
    assert image.get_content_type() == "image/png"
    assert image.get_content() == picture()
    assert image.get_content_disposition() == "inline"
    assert image.get_filename() == "наклейка.png"
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in html.get_content()
    assert "<strong>важливо.</strong>" in html.get_content()
    assert not Draft.objects.exists()
    assert mail.rcpt_tos == (ZOE.address,)
    sent = Message.objects.get(kind=MessageKind.OUTBOUND)
    assert [file.inline for file in Attachment.objects.filter(message=sent)] == [True]
