"""The spine as its people live it: a real mail comes in, two agents see it, one answers, the other is stopped in time,
the answer stands in the customer's mailbox in the right thread, and what she writes back comes to the same ticket.

Real processes all the way: SMTP in, worker, sockets, two browsers, SMTP out.
"""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.people import House, assert_gapless, events_of, make_house
from tests.support.browser import OpenPage, expect_words, write
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.models import Message, MessageKind, Ticket

PATIENCE = 30_000
TOKEN = re.compile(r"support\+([a-z2-7]{26})@shop\.example")


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def send_in(live_stack: LiveStack, to: str, text: str, **headers: str) -> str:
    """What Zoe's mail program sends; the Message-ID."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = "Zoe Bauer <zoe@customer.example>", to, "Mon, 02 Mar 2026 09:00:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    with smtplib.SMTP(*live_stack.smtp_address, timeout=30) as smtp:
        assert smtp.sendmail("zoe@customer.example", [to], mail.as_bytes()) == {}
    return str(mail["Message-ID"])


def live(page: Page) -> None:
    expect(page.locator("html[data-connected] #rows")).to_have_count(1)


def test_a_real_mail_becomes_an_answered_ticket(
    live_stack: LiveStack, house: House, open_page: OpenPage, smtp_sink: SmtpSink
) -> None:
    olena, ben, mallory = open_page(house.olena), open_page(house.ben), open_page(house.mallory)
    for page in (olena, ben, mallory):
        page.set_default_timeout(PATIENCE)
        page.goto("/inbox/open/")
        live(page)

    first = send_in(
        live_stack, "support@shop.example", "Hello, where is my parcel?\n",
        Subject="Де моя посилка?", Message_ID="<first@customer.example>", References="<older@customer.example>",
    )  # fmt: skip

    # Both see it come without reloading; the other team does not.
    for page in (olena, ben):
        row = page.locator("#rows .row")
        expect(row).to_contain_text("Zoe Bauer", timeout=PATIENCE)
        expect(row).to_contain_text("Де моя посилка?")
        row.locator("a").first.click()
        expect(page.locator("#subject")).to_have_text("Де моя посилка?")
        expect(page.locator("#timeline")).to_contain_text("where is my parcel?")
    expect(mallory.locator("#rows .row")).to_have_count(0)
    ticket = Ticket.objects.get()

    # Ben is still writing when Olena answers.
    write(ben, "Let me look.")
    write(olena, "It left this morning.")
    olena.keyboard.press("Control+Enter")
    expect(ben.locator("#timeline")).to_contain_text("It left this morning.", timeout=PATIENCE)
    ben.locator("#words").focus()
    ben.keyboard.press("Control+Enter")
    expect(ben.locator("#stale .missed")).to_contain_text("It left this morning.")
    answer = Message.objects.get(ticket=ticket, kind=MessageKind.OUTBOUND)

    # After the undo time it stands in her mailbox, once, in the thread she began.
    [received] = smtp_sink.wait_for(1, timeout=60)
    mail = received.message
    assert received.rcpt_tos == ("zoe@customer.example",)
    assert str(mail["Message-ID"]) == f"<{answer.external_id}>"
    assert str(mail["In-Reply-To"]) == first
    assert str(mail["References"]).split() == ["<older@customer.example>", first]
    assert str(mail["Subject"]) == "Re: Де моя посилка?"
    [author] = mail["From"].addresses
    assert (author.display_name, author.addr_spec) == ("Olena (Support)", "support@shop.example")
    reply_to = mail["Reply-To"].addresses[0].addr_spec
    assert TOKEN.fullmatch(reply_to) and answer.reply_token in reply_to
    assert "It left this morning." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "It left this morning." in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]

    # She answers as her mail program does; it comes to the same ticket before everybody's eyes.
    quote = "\n".join(f"> {line}" for line in mail.get_body(("plain",)).get_content().splitlines())  # type: ignore[union-attr]
    send_in(
        live_stack, reply_to, f"Thank you, it is here!\n\nOn Monday Olena wrote:\n{quote}\n",
        Subject="Re: Де моя посилка?", Message_ID="<second@customer.example>", In_Reply_To=str(mail["Message-ID"]),
        References=f"{mail['References']} {mail['Message-ID']}",
    )  # fmt: skip
    for page in (olena, ben):
        expect(page.locator("#timeline")).to_contain_text("Thank you, it is here!", timeout=PATIENCE)
    # What Ben wrote is still his, and was sent to nobody.
    expect_words(ben, "Let me look.")
    assert len(smtp_sink.mails) == 1

    assert Ticket.objects.count() == 1
    messages = Message.objects.filter(ticket=ticket).order_by("sequence")
    assert [(m.sequence, m.kind, m.thread_layer) for m in messages] == [
        (1, "inbound", "new"), (2, "outbound", "agent"), (3, "inbound", "token"),
    ]  # fmt: skip
    assert [kind for kind in events_of(ticket.pk) if kind.startswith(("message.", "delivery.", "ticket.opened"))] == [
        "ticket.opened", "message.received", "message.queued", "message.sent", "delivery.accepted", "message.received",
    ]  # fmt: skip
    assert_gapless(ticket.pk)
