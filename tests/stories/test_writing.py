"""An agent writes as people do: with lists, pictures, tables and quotes; the customer's program gets a sound mail."""

from __future__ import annotations

import base64
import io
import smtplib
from email.message import EmailMessage

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from people.storage import store_blob
from tests.people import ZOE, House, make_house, open_ticket, receive
from tests.support.browser import OpenPage, expect_words, into_words
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.actions import add_note
from tickets.models import Attachment, Draft, Message, MessageKind, Ticket


def picture(width: int = 40, height: int = 30) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(kept, "PNG")
    return kept.getvalue()


def upload_to(ticket: Ticket, name: str, content: bytes) -> None:
    """A file that came with the customer's mail."""
    Attachment.objects.create(
        message=Message.objects.get(ticket=ticket, sequence=1), ticket=ticket, filename=name,
        content_type="image/png", size=len(content), sha256=store_blob(content),
    )  # fmt: skip


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
    into_words(page)
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


def test_a_forward_is_answered_aside_and_a_reply_for_later_is_held(
    house: House, open_page: OpenPage, smtp_sink: SmtpSink, live_stack: LiveStack
) -> None:
    ticket = open_ticket(house.channel, text="Where is my parcel?")
    upload_to(ticket, "Етикетка.png", picture())
    add_note(ticket.pk, by=house.ben, text="SECRET of the team")
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.locator("[data-cmd=forward].pass-on").first.click()
    expect(page.locator(".pass")).to_contain_text("Етикетка.png")
    page.locator("#rcp-to").fill("claims@courier.example")
    into_words(page)
    page.keyboard.type("Where is it?")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Send to them too").click()
    (mail,) = smtp_sink.wait_for(1, timeout=40)
    assert mail.rcpt_tos == ("claims@courier.example",)
    plain = mail.message.get_body(("plain",))
    assert plain is not None
    text = plain.get_content().replace("\r\n", "\n")
    assert text.startswith("Where is it?\n")
    assert "---------- Forwarded message ----------\nFrom: Zoe Bauer <zoe@customer.example>\n" in text
    assert "Where is my parcel?" in text
    assert b"SECRET" not in mail.content
    assert [one.get_filename() for one in mail.message.iter_attachments()] == ["Етикетка.png"]

    into_words(page)
    page.keyboard.type("You get a new one tomorrow.")
    page.locator("[data-menu=send]").click()
    page.get_by_role("menuitem", name="Tomorrow").click()
    expect(page.locator("[data-cmd=send-now]")).to_be_visible()
    answer = EmailMessage()
    answer["From"], answer["To"] = "Courier <claims@courier.example>", str(mail.message["Reply-To"])
    answer["Subject"], answer["Message-ID"] = "Re: Fwd: Where is my parcel?", "<1@courier.example>"
    answer.set_content("It is lost, we pay.")
    with smtplib.SMTP(*live_stack.smtp_address, timeout=30) as smtp:
        smtp.send_message(answer)
    # What somebody else answers aside holds nothing that goes to the customer.
    expect(page.locator("[data-cmd=answer-aside]")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("Not the customer: they were forwarded this")
    expect(page.locator(".comp .sum")).to_contain_text("Zoe Bauer")
    receive(house.channel, subject_numbers=(ticket.pk,), text="Any news?")
    expect(page.locator("#timeline")).to_contain_text("Held back until somebody decides.")
    page.locator("[data-cmd=send-now]").click()
    mails = smtp_sink.wait_for(2, timeout=40)
    assert mails[-1].rcpt_tos == (ZOE.address,)
    assert b"courier" not in mails[-1].content.lower()
