"""An agent writes first, by mouse and by keyboard alone: the mail leaves under its plain subject, and what the customer
answers comes to the ticket it began."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.people import House, assert_gapless, events_of, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.models import Message, Ticket

PATIENCE = 30_000
NEW = "nina@customer.example"


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def answer(live_stack: LiveStack, sent: EmailMessage, text: str) -> None:
    """What Nina's mail program sends back."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Nina <{NEW}>", str(sent["Reply-To"])
    mail["Date"], mail["Message-ID"] = "Mon, 02 Mar 2026 09:00:00 +0000", "<answer@customer.example>"
    mail["Subject"], mail["In-Reply-To"] = f"Re: {sent['Subject']}", str(sent["Message-ID"])
    mail.set_content(text)
    with smtplib.SMTP(*live_stack.smtp_address, timeout=30) as smtp:
        smtp.sendmail(NEW, [str(sent["Reply-To"].addresses[0].addr_spec)], mail.as_bytes())


def by_mouse(page: Page) -> None:
    page.locator("#list-head a[href='/inbox/new/']").click()
    page.get_by_label("Name, e-mail address").fill(NEW)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name=f"Write to {NEW}").click()
    page.get_by_label("Subject").fill("Ваша посилка")
    page.locator(".signs .rich .ed").click()
    page.get_by_role("button", name="Bold").click()
    page.keyboard.type("It is here.")
    page.get_by_role("button", name="Send", exact=True).click()


def by_keyboard(page: Page) -> None:
    page.locator("#list").focus()
    page.keyboard.press("w")
    expect(page.get_by_label("Name, e-mail address")).to_be_focused()
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"Write to {NEW}")).to_be_visible()
    tab_to(page, page.get_by_role("link", name=f"Write to {NEW}"))
    page.keyboard.press("Enter")
    expect(page.locator(".signs .rich .ed")).to_be_visible()
    tab_to(page, page.get_by_label("Subject"))
    page.keyboard.type("Ваша посилка")
    tab_to(page, page.locator(".signs .rich .ed"))
    page.keyboard.press("Control+b")
    page.keyboard.type("It is here.")
    tab_to(page, page.get_by_role("button", name="Send", exact=True))
    page.keyboard.press("Enter")


def tab_to(page: Page, wanted: object) -> None:
    for _step in range(40):
        if wanted.evaluate("one => one === document.activeElement"):  # type: ignore[attr-defined]
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not lead there")


@pytest.mark.parametrize("by", [by_mouse, by_keyboard])
def test_a_conversation_is_begun_and_answered(
    live_stack: LiveStack, house: House, open_page: OpenPage, smtp_sink: SmtpSink, by: object
) -> None:
    olena = open_page(house.olena)
    olena.set_default_timeout(PATIENCE)
    olena.goto("/inbox/open/")
    expect(olena.locator("html[data-connected] #rows")).to_have_count(1)
    by(olena)  # type: ignore[operator]

    expect(olena.locator("#timeline")).to_contain_text("It is here.", timeout=PATIENCE)
    expect(olena.locator("#timeline")).to_contain_text("began the conversation by Support")
    expect(olena.locator("#toast")).to_contain_text("Undo")
    ticket = Ticket.objects.get()
    assert olena.url.endswith(f"/inbox/my-waiting/{ticket.pk}/"), "a reload offers nothing twice"

    [received] = smtp_sink.wait_for(1, timeout=60)
    assert received.rcpt_tos == (NEW,)
    assert str(received.message["Subject"]) == "Ваша посилка"
    assert "In-Reply-To" not in received.message
    assert "<strong>It is here.</strong>" in received.message.get_body(("html",)).get_content()  # type: ignore[union-attr]

    answer(live_stack, received.message, "Thank you, when?")  # type: ignore[arg-type]
    expect(olena.locator("#timeline")).to_contain_text("Thank you, when?", timeout=PATIENCE)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.assignee_id, ticket.subject) == ("open", house.olena.pk, "Ваша посилка")
    layers = list(Message.objects.order_by("sequence").values_list("kind", "thread_layer"))
    assert layers == [("outbound", "agent"), ("inbound", "token")]
    assert events_of(ticket.pk) == [
        "ticket.opened", "ticket.assigned", "message.queued", "ticket.status_changed", "message.sent",
        "delivery.accepted", "message.received", "ticket.status_changed",
    ]  # fmt: skip
    assert_gapless(ticket.pk)
    assert len(smtp_sink.mails) == 1


def test_it_is_taken_back_with_z_and_written_anew(live_stack: LiveStack, house: House, open_page: OpenPage) -> None:
    zoe = open_ticket(house.channel).customer
    olena = open_page(house.olena)
    olena.goto(f"/customers/{zoe.pk}/")
    olena.get_by_role("link", name="Write to them").click()
    olena.get_by_label("Subject").fill("One more thing")
    olena.locator(".signs .rich .ed").click()
    olena.keyboard.type("Call me.")
    olena.get_by_role("button", name="Send", exact=True).click()
    expect(olena.locator("#toast")).to_contain_text("Undo")
    begun = Message.objects.get(kind="outbound")
    ben = open_page(house.ben)
    ben.goto(f"/tickets/{begun.ticket_id}/")
    expect(ben.locator("html[data-connected] #timeline")).to_contain_text("Call me.")
    olena.locator("#subject").focus()
    olena.keyboard.press("z")
    expect(olena.get_by_role("status").first).to_contain_text("Taken back: nothing was sent.")
    expect(olena.get_by_label("Subject")).to_have_value("One more thing")
    expect(olena.locator(".signs .rich .ed")).to_contain_text("Call me.")
    assert accessibility_violations(olena) == []
    # Whoever had it open sees that there is nothing to answer.
    expect(ben.locator("#timeline")).to_contain_text("took the beginning back before it left")
    begun.refresh_from_db()
    assert (begun.outbox, begun.ticket.status) == ("withdrawn", "closed")

    olena.get_by_label("Subject").fill("One thing")
    olena.get_by_role("button", name="Send", exact=True).click()
    expect(olena.locator("#timeline")).to_contain_text("Call me.")
    anew = Message.objects.filter(kind="outbound").latest("pk")
    assert (anew.subject, anew.ticket_id > begun.ticket_id, anew.envelope["to"]) == (
        "One thing", True, begun.envelope["to"]
    )  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_are_accessible_at_every_width(
    live_stack: LiveStack, house: House, open_page: OpenPage, width: int, scheme: str
) -> None:
    zoe = open_ticket(house.channel, verdict="pass").customer
    page = open_page(house.olena, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for address in ("/inbox/new/", "/inbox/new/?q=Zoe", f"/inbox/new/?q={NEW}", f"/inbox/new/?customer={zoe.pk}"):
        page.goto(address)
        if "?customer=" in address:
            expect(page.locator(".signs .rich .ed")).to_be_visible()
        assert accessibility_violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
