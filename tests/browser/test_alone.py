"""Working alone, fast: the stories of somebody with many tickets, by mouse and by keyboard."""

from __future__ import annotations

import contextlib
import time

import pytest
from django.utils import timezone
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from people.models import Agent, Customer
from tests.browser.test_inbox import ready, shown, until
from tests.browser.test_pages import look_at
from tests.people import NOW, House, make_house, open_ticket, receive
from tests.support.browser import OpenPage, accessibility_violations, expect_words, into_words
from tests.support.live import LiveStack
from tickets.actions import set_priority
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import Audience, save_view
from tickets.inbound import Address
from tickets.models import BulkJob, Channel, Draft, Message, Reminder, Status, Ticket

MANY = 5_000
LONG = 600_000  # a loaded machine is slow, not wrong


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def pile_up(channel: Channel, number: int) -> None:
    """So many tickets at once, as they stand in the database after everybody has heard of them."""
    now, customer = timezone.now(), Customer.objects.create(name="C")
    Ticket.objects.bulk_create(
        Ticket(
            subject=f"Parcel {n}", channel=channel, team_id=channel.team_id, customer=customer, opened_at=now,
            last_message_at=now,
        )
        for n in range(number)
    )  # fmt: skip


def open_tickets() -> int:
    return Ticket.objects.filter(status=Status.OPEN).count()


def said(page: Page, words: str, timeout: int = 30_000) -> None:
    expect(page.locator("#toast")).to_contain_text(words, timeout=timeout)


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_five_thousand_beyond_the_page_are_closed_and_undone(house: House, open_page: OpenPage, hand: str) -> None:
    pile_up(house.channel, MANY)
    touched = Ticket.objects.latest("pk")
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    if hand == "mouse":
        row = page.locator("#rows .row").first
        row.hover()
        row.locator(".pick").click()
        expect(page.locator("#bulk-count")).to_have_text("1 selected")
        page.get_by_role("button", name=f"Select all {MANY} in this view").click()
    else:
        page.keyboard.press("*")
        page.keyboard.press("a")
        expect(page.locator("#bulk-count")).to_have_text("50 selected")
        page.keyboard.press("*")
        page.keyboard.press("v")
    expect(page.locator("#bulk-count")).to_have_text(f"All {MANY} in this view")
    assert accessibility_violations(page) == []
    if hand == "mouse":
        page.locator("#bulk").get_by_role("button", name="Close").click()
    else:
        page.keyboard.press("e")
    expect(page.locator("#bulk-run progress")).to_be_visible()
    said(page, f"{MANY} tickets were changed.", timeout=LONG)
    assert open_tickets() == 0
    expect(page.locator("#rows .row")).to_have_count(0)

    set_priority(touched.pk, by=house.ben, priority=40)
    if hand == "mouse":
        page.locator("#toast").get_by_role("button", name="Undo").click()
    else:
        page.keyboard.press("z")
    back = f"{MANY - 1} tickets were changed back. 1 was left as it is: something happened there meanwhile."
    said(page, back, timeout=LONG)
    assert open_tickets() == MANY - 1
    job = BulkJob.objects.get()
    assert (job.undone, job.kept) == (MANY - 1, 1)
    why = page.locator("#toast a")
    if hand == "mouse":
        why.click()
    else:
        why.focus()
        page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(f"#{touched.pk}")
    assert accessibility_violations(page) == []


def drawn_anew(page: Page, ticket: Ticket) -> None:
    """Something happens to it, and its row comes again."""
    page.evaluate("id => document.getElementById(id).setAttribute('data-old', '')", f"row-{ticket.pk}")
    set_priority(ticket.pk, by=Agent.objects.get(name="Ben"), priority=30)
    expect(page.locator(f"#row-{ticket.pk}[data-old]")).to_have_count(0)
    expect(page.locator(f"#row-{ticket.pk}")).to_be_visible()


def test_rows_are_picked_with_the_mouse(house: House, open_page: OpenPage) -> None:
    made = [open_ticket(house.channel, subject=f"P {n}", sender=Address(f"C {n}", f"c{n}@c.example")) for n in range(5)]
    closed = made[2]
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    row = {ticket.pk: page.locator(f"#row-{ticket.pk}") for ticket in made}
    row[made[4].pk].hover()
    row[made[4].pk].locator(".pick").click()
    drawn_anew(page, made[4])
    row[made[1].pk].locator("a").click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("4 selected")
    assert page.url.endswith("/inbox/open/")
    row[made[3].pk].locator(".pick").click()
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    Ticket.objects.filter(pk=closed.pk).update(status=Status.CLOSED)
    page.locator("#bulk").get_by_role("button", name="Assign").click()
    page.locator("#menu-assign").get_by_text("Ben").click()
    said(page, "2 tickets were changed. 1 was refused.")
    assert set(Ticket.objects.filter(assignee=house.ben)) == {made[4], made[1]}
    page.locator("#toast").get_by_role("button", name="Undo").click()
    said(page, "2 tickets were changed back.")
    assert not Ticket.objects.filter(assignee=house.ben).exists()


def test_rows_are_picked_by_keyboard(house: House, open_page: OpenPage) -> None:
    made = [open_ticket(house.channel, subject=f"P {n}", sender=Address(f"C {n}", f"c{n}@c.example")) for n in range(4)]
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    page.keyboard.press("x")
    expect(page.locator("#bulk-count")).to_have_text("2 selected")
    page.keyboard.press("t")
    page.keyboard.type("late parcel")
    page.keyboard.press("Enter")
    said(page, "2 tickets were changed.")
    assert set(Ticket.objects.filter(tags__name="late parcel")) == {made[3], made[2]}
    expect(page.locator("#bulk")).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('.row') !== null")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_twenty_tickets_are_triaged_to_zero(house: House, open_page: OpenPage, by: str) -> None:
    for number in range(20):
        open_ticket(house.channel, subject=f"P {number}", sender=Address(f"C {number}", f"c{number}@c.example"))
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    if by == "keyboard":
        page.keyboard.press("j")
    else:
        page.locator("#rows .row a").first.click()
    for left in range(20, 0, -1):
        ticket = Ticket.objects.get(subject=f"P {left - 1}")
        shown(page, ticket)
        if by == "keyboard":
            page.keyboard.press("e")
        else:
            page.locator("#thread-head").get_by_role("button", name="Close").click()
        expect(page.locator(f"#row-{ticket.pk}")).to_have_count(0)
    expect(page.locator("#nothing")).to_be_visible()
    until(lambda: open_tickets() == 0)


def test_what_is_refused_comes_back_with_its_reason(house: House, open_page: OpenPage) -> None:
    """Shown at once, before the server has answered; then the row stands where it stood."""
    first = open_ticket(house.channel, subject="First")
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    ready(page)
    Ticket.objects.filter(pk=first.pk).update(status=Status.CLOSED)
    page.route("**/status/", lambda route: (time.sleep(0.5), route.continue_()))
    page.keyboard.press("e")
    expect(page.locator(f"#row-{first.pk}")).to_have_count(0)
    said(page, "This ticket is closed.")
    shown(page, first)
    expect(page.locator(f"#row-{first.pk}")).to_have_count(1)


def test_z_takes_back_step_by_step_and_only_what_is_unchanged(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    page.keyboard.press("i")
    said(page, "Assigned to Olena.")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    said(page, "Priority")
    until(lambda: Ticket.objects.get().priority == 40)
    page.keyboard.press("z")
    until(lambda: Ticket.objects.get().priority == 20)
    said(page, "Taken back.")
    page.keyboard.press("z")
    expect(page.locator("#thread-head")).to_contain_text("Nobody is assigned")
    page.keyboard.press("i")
    said(page, "Assigned to Olena.")
    set_priority(ticket.pk, by=house.ben, priority=30)
    receive(house.channel, subject_numbers=(ticket.pk,), text="Hello?", received_at=NOW)
    page.keyboard.press("z")
    said(page, "Something happened on this ticket meanwhile.")
    assert Ticket.objects.get().assignee == house.olena


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_a_macro_with_a_placeholder(house: House, open_page: OpenPage, by: str) -> None:
    """Filled in where one writes; what nobody can fill in stops the reply and is named."""
    ticket = open_ticket(house.channel)
    content = Content(
        "Late parcel", {"": "Dear {{customer.first_name}}, your number is {{ticket.number}}."}, tags=["late"]
    )
    save_macro(None, content, by=house.adam, audience=Audience())
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    if by == "keyboard":
        page.keyboard.press("r")
        page.keyboard.type("/late")
        expect(page.locator("#menu-macros .opt[data-macro]")).to_have_count(1)
        page.keyboard.press("Enter")
    else:
        page.locator("#composer").get_by_role("button", name="Canned replies").click()
        page.locator("#menu-macros").get_by_text("Late parcel").click()
    expect(page.locator("#words")).to_contain_text(f"Dear Zoe, your number is {ticket.pk}.")
    expect(page.locator(".subj .tag")).to_have_text("late")
    into_words(page)
    page.keyboard.press("Control+End")
    page.keyboard.type(" See {{order.number}}.")
    page.keyboard.press("Control+Enter")
    said(page, "Fill in or remove: {{order.number}}.")
    expect(page.locator("#words")).to_contain_text("See {{order.number}}.")
    assert not Message.objects.filter(kind="outbound").exists()
    into_words(page)
    page.keyboard.press("Control+End")
    for _ in "See {{order.number}}.":
        page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    said(page, "Sending in")
    assert Message.objects.get(kind="outbound").text.strip() == f"Dear Zoe, your number is {ticket.pk}."


def test_a_slash_that_chose_nothing_stays_text(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    page.keyboard.press("r")
    page.keyboard.type("and/or /etc")
    expect(page.locator("#menu-macros .flt")).to_have_value("etc")
    page.keyboard.press("Escape")
    page.keyboard.type(" is it")
    # The editor keeps the first gap as a no-break space; that is its own way.
    expect(page.locator("#words")).to_have_text("and/or /etc is it")


def test_the_palette_uses_macros_and_finds_views(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    save_macro(None, Content("Apologise", {"": "Sorry!"}), by=house.adam, audience=Audience())
    view = save_view(
        None, by=house.olena, name="Urgent ones", audience=Audience(owner=house.olena), where={"priority": [40]}
    )
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("apolo")
    expect(page.locator("#palette [aria-selected=true]")).to_have_text("Apologise")
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_contain_text("Sorry!")
    page.keyboard.press("Control+k")
    page.keyboard.type("urgent")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/{view.key}/")
    set_priority(ticket.pk, by=house.ben, priority=40)
    expect(page.locator(f"#row-{ticket.pk}")).to_have_count(1)
    set_priority(ticket.pk, by=house.ben, priority=20)
    expect(page.locator(f"#row-{ticket.pk}")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_the_new_pages_are_for_everybody(house: House, open_page: OpenPage, width: int, scheme: str) -> None:
    macro = save_macro(None, Content("Apologise", {"": "Sorry!"}, tags=["late"]), by=house.adam, audience=Audience())
    view = save_view(None, by=house.adam, name="Urgent ones", audience=Audience(), where={"priority": [40]})
    page = open_page(house.adam, viewport={"width": width, "height": 900}, color_scheme=scheme)
    paths = [
        "/views/",
        "/views/saved/",
        "/views/new/",
        f"/views/{view.pk}/",
        "/macros/manage/",
        "/macros/new/",
        f"/macros/{macro.pk}/",
    ]
    assert [problem for path in paths for problem in look_at(page, path)] == []


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_what_is_snoozed_returns(house: House, open_page: OpenPage, by: str) -> None:
    """By its time, and by the customer's word."""
    timed, written = open_ticket(house.channel, subject="Timed"), open_ticket(house.channel, subject="Written")
    page = open_page(house.olena)
    for ticket, words in ((timed, "Tomorrow"), (written, "Until the customer writes")):
        page.goto(f"/inbox/open/{ticket.pk}/")
        ready(page)
        if by == "keyboard":
            page.keyboard.press("h")
            page.keyboard.type(words[:3])
            page.keyboard.press("Enter")
        else:
            page.locator("#thread-head").get_by_role("button", name="Snooze").click()
            page.locator("#menu-snooze").get_by_role("menuitem", name=words).click()
        said(page, "Snoozed.")
    page.goto("/inbox/open/")
    ready(page)
    expect(page.locator("#rows .row")).to_have_count(0)
    Ticket.objects.filter(pk=timed.pk).update(snoozed_until=timezone.now())
    receive(house.channel, subject_numbers=(written.pk,), text="It arrived")
    expect(page.locator(f"#row-{timed.pk}")).to_have_count(1)
    expect(page.locator(f"#row-{written.pk}")).to_have_count(1)


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_a_draft_survives_a_crash_of_browser_and_server(
    house: House, open_page: OpenPage, live_stack: LiveStack, by: str
) -> None:  # fmt: skip
    ticket = open_ticket(house.channel)
    # A page nobody listens to: while the server is gone its socket complains, as it should.
    page = open_page(house.olena).context.new_page()
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    if by == "keyboard":
        page.keyboard.press("r")
    else:
        into_words(page)
    page.keyboard.type("Saved on the server")
    expect(page.locator("#composer .saved")).to_have_text("Draft saved")
    live_stack.kill("web")
    page.keyboard.type(", and kept in the browser")
    expect(page.locator("#composer .saved")).to_have_text("Not saved, trying again")
    with contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash", timeout=3_000)
    live_stack.revive()
    live_stack.wait_until_ready()
    again = page.context.new_page()
    again.goto(f"/inbox/open/{ticket.pk}/")
    expect_words(again, "Saved on the server, and kept in the browser")
    until(lambda: Draft.objects.get().text == "Saved on the server, and kept in the browser")


def test_a_reminder_stands_on_the_ticket(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    page.keyboard.press("b")
    page.locator("#remind-text").fill("Call the courier")
    page.locator("#menu-remind").get_by_role("menuitem", name="Tomorrow").click()
    expect(page.locator("#thread-top .banner")).to_contain_text("Call the courier")
    assert accessibility_violations(page) == []
    Reminder.objects.update(at=timezone.now())
    said(page, f"You wanted to be reminded of #{ticket.pk}")
    page.locator("#thread-top .banner").get_by_role("button", name="Done").click()
    expect(page.locator("#thread-top .banner")).to_have_count(0)


@pytest.mark.parametrize("after", ["next", "list", "stay"])
def test_what_comes_after_closing_is_ones_own_choice(house: House, open_page: OpenPage, after: str) -> None:
    older, newer = open_ticket(house.channel, subject="Older"), open_ticket(house.channel, subject="Newer")
    type(house.olena).objects.filter(pk=house.olena.pk).update(after_closing=after)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{newer.pk}/")
    ready(page)
    page.keyboard.press("e")
    said(page, "Closed.")
    if after == "list":
        expect(page.locator("#subject")).to_have_count(0)
    else:
        shown(page, older if after == "next" else newer)
