"""Fields and statuses of the shop's own, and tickets that find somebody by themselves: stories, and pages as axe judges."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from events.doorbell import probe_client
from livechat.models import Round
from people.desks import KEY
from people.models import Availability
from tests.browser.test_inbox import ready, until
from tests.browser.test_pages import look_at
from tests.livechat.talking import begin
from tests.people import House, make_house, open_ticket
from tests.support.browser import OpenPage, accessibility_violations, reach, write
from tests.support.live import LiveStack
from tickets.actions import add_note
from tickets.actions.custom_statuses import save_custom_status
from tickets.actions.fields import save_field, set_field
from tickets.assigning.settings import save_assigning
from tickets.models import CustomStatus, FieldValue, Ticket, TicketField

LOOKS = [("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark")]
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    house = make_house()
    save_field(None, by=house.adam, name="Cause", kind="choice", choices=["Courier", "Us"], required=True)
    save_field(None, by=house.adam, name="Amount", kind="number")
    save_field(None, by=house.adam, name="Insured", kind="checkbox")
    names = {"uk": "Чекаємо на постачальника"}
    save_custom_status(None, by=house.adam, name="Waiting for supplier", category="on_hold", names=names, tone="warn")
    return house


def status_of(ticket: Ticket) -> str:
    return Ticket.objects.values_list("status", flat=True).get(pk=ticket.pk)


def value(ticket: Ticket, name: str) -> str | None:
    return FieldValue.objects.filter(ticket=ticket, field__name=name).values_list("value", flat=True).first()


def at_ticket(open_page: OpenPage, house: House, ticket: Ticket) -> Page:
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    return page


def test_a_field_is_said_beside_the_ticket_and_taken_back(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = at_ticket(open_page, house, ticket)

    page.get_by_label("Cause", exact=False).first.select_option("Courier")
    expect(page.locator("#toast")).to_contain_text("is set")
    until(lambda: value(ticket, "Cause") == "Courier")
    page.locator("#toast button", has_text="Undo").click()
    until(lambda: value(ticket, "Cause") is None)
    # What a field cannot hold is refused, and what stood there is there again.
    amount = page.get_by_label("Amount")
    amount.fill("many")
    amount.press("Tab")
    expect(page.locator("#toast")).to_contain_text("is a number")
    expect(amount).to_have_value("")
    assert value(ticket, "Amount") is None


def test_what_is_being_written_in_a_field_outlives_what_a_colleague_does(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = at_ticket(open_page, house, ticket)
    amount = page.get_by_label("Amount")
    amount.focus()
    page.keyboard.type("12")
    add_note(ticket.pk, by=house.ben, text="Ben was here.")
    expect(page.locator("#timeline")).to_contain_text("Ben was here.")
    expect(amount).to_be_focused()
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    until(lambda: value(ticket, "Amount") == "125")
    # One who only looked sees, having left it, what stands there now.
    amount.focus()
    set_field(ticket.pk, by=house.ben, field_id=TicketField.objects.get(name="Amount").pk, value="7")
    expect(page.locator("#timeline")).to_contain_text("7")
    page.keyboard.press("Tab")
    expect(amount).to_have_value("7")


def test_closing_asks_for_what_is_missing_and_goes_on(house: House, open_page: OpenPage) -> None:
    ticket, following = open_ticket(house.channel, subject="Second"), open_ticket(house.channel, subject="First")
    page = at_ticket(open_page, house, ticket)
    page.keyboard.press("e")
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Cause")
    expect(sheet).not_to_contain_text("Amount")
    assert accessibility_violations(page) == []
    assert status_of(ticket) == "open"

    sheet.locator("select").select_option("Us")
    sheet.get_by_role("button", name="Close the ticket").press("Enter")

    until(lambda: status_of(ticket) == "solved")
    assert value(ticket, "Cause") == "Us"
    expect(page.locator("#subject")).to_have_text(following.subject)


def test_sending_and_closing_asks_and_then_sends(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = at_ticket(open_page, house, ticket)
    write(page, "It is on its way.")
    page.locator("[data-menu=send]").click()
    page.locator("#menu-send [data-send-as=solved]").click()
    page.locator("[data-send]").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    assert not ticket.messages.filter(kind="outbound").exists()

    sheet.locator("select").select_option("Us")
    sheet.locator(".pri").click()

    until(lambda: ticket.messages.filter(kind="outbound").count() == 1)
    until(lambda: status_of(ticket) == "solved")


def test_ending_a_chat_asks_and_then_ends_it(house: House, open_page: OpenPage) -> None:
    chat = begin(house)
    chat.say("Hello?")
    ticket = chat.ticket
    page = at_ticket(open_page, house, ticket)
    page.get_by_role("button", name="End chat").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("Cause")
    assert status_of(ticket) == "open"

    sheet.locator("select").select_option("Us")
    sheet.locator(".pri").click()

    until(lambda: status_of(ticket) == "solved")
    assert value(ticket, "Cause") == "Us"
    assert Round.objects.filter(ended_at__isnull=False).count() == 1


def test_a_status_that_stands_for_closed_asks_and_is_then_set(house: House, open_page: OpenPage) -> None:
    save_custom_status(None, by=house.adam, name="Refunded", category="solved", names={}, tone="ok")
    ticket = open_ticket(house.channel)
    page = at_ticket(open_page, house, ticket)
    page.keyboard.press("s")
    page.locator("#menu-status .opt", has_text="Refunded").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("Cause")
    sheet.locator("select").select_option("Us")
    sheet.locator(".pri").click()
    until(lambda: status_of(ticket) == "solved")
    assert Ticket.objects.get(pk=ticket.pk).custom_status == CustomStatus.objects.get(name="Refunded")


def test_closing_many_asks_for_all_of_them(house: House, open_page: OpenPage) -> None:
    tickets = [open_ticket(house.channel, subject=f"T{n}") for n in range(3)]
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.keyboard.press("*")
    page.keyboard.press("a")
    page.keyboard.press("e")
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("3 tickets are still open")
    assert accessibility_violations(page) == []
    sheet.locator("select").select_option("Courier")
    sheet.locator(".pri").press("Enter")
    until(lambda: [status_of(one) for one in tickets] == ["solved"] * 3)
    assert [value(one, "Cause") for one in tickets] == ["Courier"] * 3
    expect(page.locator("#rows .row")).to_have_count(0)


def test_a_status_of_ones_own_by_keyboard(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = at_ticket(open_page, house, ticket)

    page.keyboard.press("s")
    page.keyboard.type("w")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    reach(page, page.locator("#menu-status .opt", has_text="Waiting for supplier"), "ArrowDown")
    page.keyboard.press("Enter")

    until(lambda: status_of(ticket) == "on_hold")
    assert Ticket.objects.get(pk=ticket.pk).custom_status == CustomStatus.objects.get()
    expect(page.locator("#thread .meta")).to_contain_text("Waiting for supplier")
    expect(page.locator("#toast")).to_contain_text("Undo")  # the answer has come, too
    page.keyboard.press("z")
    until(lambda: status_of(ticket) == "open")


def test_whoever_is_online_is_given_the_next_one_until_they_say_otherwise(house: House, open_page: OpenPage) -> None:
    probe_client().delete(KEY)
    save_assigning(
        house.support.pk, by=house.adam, method="fewest", most=5, weights={}, calendar=None, away_minutes=15,
        sticky=True,
    )  # fmt: skip
    page = open_page(house.olena)
    page.goto("/inbox/mine/")
    ready(page)
    ticket = open_ticket(house.channel)
    until(lambda: Ticket.objects.get(pk=ticket.pk).assignee == house.olena, 60)
    page.goto(f"/tickets/{ticket.pk}/")
    expect(page.locator("#timeline")).to_contain_text("Given to Olena: fewest open (0 of 5), online")

    page.locator("[data-menu=presence]").click()
    assert accessibility_violations(page) == []
    page.locator("#menu-presence .opt", has_text="Off duty").click()

    until(lambda: Availability.objects.get(pk=house.olena.pk).said == "off")
    until(lambda: Ticket.objects.get(pk=ticket.pk).assignee is None, 60)
    expect(page.locator("#timeline")).to_contain_text("Back in the queue: Olena is off duty")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_pages_of_managers(size: str, scheme: str, house: House, open_page: OpenPage) -> None:
    width, height = SIZES[size]
    touch = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
    page = open_page(house.adam, viewport={"width": width, "height": height}, color_scheme=scheme, **touch)
    status = CustomStatus.objects.get()
    paths = ["/fields/", "/fields/new/", "/statuses/", f"/statuses/{status.pk}/", "/assigning/",
             f"/assigning/{house.support.pk}/", "/profile/"]  # fmt: skip
    assert [problem for path in paths for problem in look_at(page, path)] == []
