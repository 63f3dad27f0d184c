"""What is masked, taken out, kept, exported and erased, as people do it: by mouse and by keyboard, in both themes, on a
desk and a phone; and each page as axe-core judges it."""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from events.models import AuditEntry
from people.models import Agent, Customer, Role
from privacy.models import ConsentEntry, LegalHold, RetentionRule
from tests.browser.test_looks import LOOKS, SIZES, judge
from tests.people import House, make_agent, make_house, open_ticket
from tests.support.browser import OpenPage, write
from tests.support.live import LiveStack
from tickets.inbound import Address
from tickets.models import Message, Secret, Ticket

CARD, IBAN = "4242 4242 4242 4242", "UA21 3223 1300 0002 6007 2335 6600 1"
TEXT = f"""Добрий день! Двічі списали гроші з картки {CARD}.
Поверніть, будь ласка, на рахунок {IBAN}. Мій пароль: Zimorodek-4410!
Посилання, що не працює: https://shop.example/account/reset?token=9f8e7d6c5b4a3f2e1d"""


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    house = make_house()
    make_agent("Lena", role=Role.MANAGER, team=house.support)
    old = timezone.now() - timedelta(days=900)
    for number in range(3):
        done = open_ticket(
            house.channel, subject=f"Where is order {number}?", sender=Address("Ivan Melnyk", f"ivan{number}@c.example"),
            at=old, received_at=old,
        )  # fmt: skip
        Ticket.objects.filter(pk=done.pk).update(status="closed", last_message_at=old)
    return house


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel, subject="Подвійна оплата", text=TEXT)


def look(open_page: OpenPage, agent: Agent, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    return open_page(agent, viewport={"width": width, "height": height}, color_scheme=scheme)


def shoot(page: Page, name: str) -> None:
    """A picture to look at, where somebody asks for them."""
    if folder := os.environ.get("HELPDESK_SHOTS"):
        page.screenshot(path=Path(folder) / f"privacy-{name}.png", full_page=True)


def lead() -> Agent:
    return Agent.objects.get(name="Lena")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_rules_and_a_customers_data(
    size: str, scheme: str, house: House, ticket: Ticket, open_page: OpenPage
) -> None:
    page, at = look(open_page, house.adam, size, scheme), f"{size}-{scheme}"
    page.goto("/privacy/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Privacy rules")
    judge(page, "rules")
    shoot(page, f"rules-{at}")
    page.get_by_label("Days to keep it").fill("730")
    page.get_by_role("button", name="Show what would go").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What would go")
    expect(page.locator("#going")).to_contain_text("3")
    judge(page, "what would go")
    shoot(page, f"preview-{at}")
    page.goto(f"/customers/{ticket.customer_id}/privacy/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Data of a customer")
    judge(page, "a customer's data")
    shoot(page, f"customer-{at}")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_what_is_masked(size: str, scheme: str, house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page, at = look(open_page, lead(), size, scheme), f"{size}-{scheme}"
    page.goto(f"/inbox/open/{ticket.pk}/")
    hidden = page.get_by_role("list", name="Hidden in this message")
    expect(hidden.locator("li")).to_have_count(4)
    judge(page, "masked")
    shoot(page, f"masked-{at}")
    hidden.get_by_role("button", name="Show: Bank account").click()
    expect(hidden).to_contain_text(IBAN)
    judge(page, "shown")
    page.locator(".msg").first.get_by_role("button", name="Details").or_(page.locator(".msg summary")).first.click()
    page.get_by_role("button", name="Take text out for good").first.click()
    expect(page.get_by_label("Text as it stands in the message")).to_be_focused()
    judge(page, "taking out")
    shoot(page, f"taking-{at}")
    page.keyboard.press("Escape")
    write(page, f"Is it {CARD}?")
    page.locator("[data-send]").click()
    expect(page.locator("#masked")).to_be_visible()
    judge(page, "asked about a mask")
    shoot(page, f"asked-{at}")


def test_an_agent_shows_the_account_by_keyboard_and_no_card(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    hidden = page.get_by_role("list", name="Hidden in this message")
    show = hidden.get_by_role("button")
    expect(show).to_have_count(1)
    show.focus()
    page.keyboard.press("Enter")
    expect(hidden).to_contain_text(IBAN)
    expect(page.locator("body")).not_to_contain_text(CARD)
    entry = AuditEntry.objects.get(kind="mask.lifted")
    assert (entry.actor_id, entry.ticket_id) == (house.olena.pk, ticket.pk)


def test_a_masked_link_is_no_link(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    said = page.locator(".msg .box").first
    expect(said).to_contain_text("https://shop.example/account/reset?token=••••")
    expect(said.locator("a[href*=reset]")).to_have_count(0)


def test_words_are_taken_out_by_keyboard(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(lead())
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.locator(".msg summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take text out for good").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text as it stands in the message")).to_be_focused()
    page.keyboard.type("Двічі списали гроші")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".msg .box").first).not_to_contain_text("Двічі")
    assert "Двічі" not in Message.objects.get(ticket=ticket).text
    assert AuditEntry.objects.filter(kind="mask.lifted").count() == 0


def test_a_masked_secret_is_taken_out_by_mouse(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(lead())
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.get_by_role("button", name="Take out for good: Card number").click()
    hidden = page.get_by_role("list", name="Hidden in this message")
    expect(hidden.locator("li").first).to_contain_text(re.compile("taken out"))
    until = time.monotonic() + 60
    while not Secret.objects.filter(kind="card", secret="").exists():  # the worker does it
        assert time.monotonic() < until
        page.wait_for_timeout(100)


def test_a_card_in_a_reply_is_asked_about_by_keyboard(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    write(page, f"Is it {CARD}?")
    page.keyboard.press("Control+Enter")
    dialog = page.locator("#masked")
    expect(dialog).to_contain_text("•••• 4242")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#words")).to_be_focused()
    assert not Message.objects.filter(kind="outbound").exists()
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="Send masked").press("Enter")
    expect(page.locator(".msg .box").last).to_contain_text("Is it •••• 4242?")
    expect(page.locator("#toast")).to_contain_text("Sending in")
    assert Message.objects.get(kind="outbound").text == "Is it •••• 4242?"


def test_rules_are_made_and_removed(house: House, open_page: OpenPage) -> None:
    page = open_page(house.adam)
    page.goto("/privacy/")
    page.get_by_label("Support", exact=True).select_option("redact")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_label("Support", exact=True)).to_have_value("redact")
    page.get_by_label("Days to keep it").fill("730")
    page.get_by_role("button", name="Show what would go").click()
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#ages").locator("xpath=ancestor::section")).to_contain_text("730")
    assert RetentionRule.objects.get().days == 730
    assert Ticket.objects.filter(status="closed").count() == 3, "nothing goes at once"
    page.get_by_role("button", name=re.compile("^Remove the rule")).press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Remove the rule"))).to_have_count(0)
    assert not RetentionRule.objects.exists()


def test_a_customer_is_held_exported_and_erased(house: House, ticket: Ticket, open_page: OpenPage) -> None:
    page = open_page(house.adam)
    address = f"/customers/{ticket.customer_id}/privacy/"
    page.goto(address)
    page.get_by_label("What to").fill("Newsletter")
    page.get_by_label("Where it can be seen").fill("Order 7, box ticked")
    page.get_by_role("button", name="Add the entry").press("Enter")
    expect(page.locator("#consents").locator("xpath=ancestor::section")).to_contain_text("Newsletter")
    assert ConsentEntry.objects.get().given
    page.get_by_label("Why").fill("Chargeback 77")
    page.get_by_role("button", name="Hold it").press("Enter")
    expect(page.get_by_text("A hold keeps it.")).to_be_visible()
    page.get_by_role("button", name="End the hold").press("Enter")
    assert LegalHold.objects.exists()
    page.get_by_role("button", name="Make the file").click()
    with page.expect_download() as downloaded:
        until = time.monotonic() + 60
        while not page.get_by_role("link", name="Download").count():  # the worker makes it
            assert time.monotonic() < until
            page.wait_for_timeout(500)
            page.goto(address)
        page.get_by_role("link", name="Download").click()
    assert Path(downloaded.value.path()).read_bytes()[:2] == b"PK"
    page.get_by_label(f"Type {ticket.customer_id} to confirm").fill("1234567")
    page.get_by_role("button", name="Erase for good").press("Enter")
    expect(page.get_by_text("Type the number of the customer to confirm.")).to_be_visible()
    assert Customer.objects.get(pk=ticket.customer_id).name == "Zoe Bauer"
    page.get_by_label(f"Type {ticket.customer_id} to confirm").fill(str(ticket.customer_id))
    page.get_by_role("button", name="Erase for good").press("Enter")
    until = time.monotonic() + 60
    while Customer.objects.get(pk=ticket.customer_id).name:  # the worker does it
        assert time.monotonic() < until
        page.wait_for_timeout(200)
    assert not Message.objects.filter(ticket=ticket).exclude(text="").exists()
