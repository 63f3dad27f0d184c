"""The inbox in a real browser: by keyboard alone, with two people at once, and with everything going wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from tests.people import NOW, House, events_of, make_house, open_ticket, receive
from tests.support.browser import OpenPage, expect_words, into_words, write
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.actions import add_note, add_tag, assign_ticket, move_to_team, reply
from tickets.actions.drafts import mark_seen
from tickets.inbound import Address
from tickets.inbox.keys import KEYS
from tickets.models import Attachment, Draft, Message, MessageKind, OutboxState, RemovedUpload, Seen, Status, Ticket

ANNA = Address("Anna Berg", "anna@customer.example")
OFFLINE = re.compile(r"/messages/$")


@pytest.fixture
def house(live_stack: LiveStack) -> House:
    return make_house()


def until(true: Callable[[], object], timeout: float = 10) -> None:
    """Wait until the database says so."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def shown(page: Page, ticket: Ticket) -> None:
    expect(page.locator("#subject")).to_have_text(ticket.subject)


def ready(page: Page) -> None:
    """The page's scripts run and its socket is heard."""
    expect(page.locator("html[data-connected] #rows")).to_have_count(1)


def three_tickets(house: House) -> list[Ticket]:
    """Newest first, as the list shows them."""
    names = ["Third", "Second", "First"]
    made = [
        open_ticket(house.channel, subject=name, sender=Address(name, f"{name}@c.example".lower())) for name in names
    ]
    return made[::-1]


# ---- by keyboard alone


def test_a_ticket_is_worked_through_by_keyboard(house: House, open_page: OpenPage) -> None:
    first, second, _third = three_tickets(house)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    page.keyboard.press("j")
    shown(page, first)
    page.keyboard.press("j")
    shown(page, second)
    page.keyboard.press("k")
    shown(page, first)
    assert page.url.endswith(f"/inbox/open/{first.pk}/")

    page.keyboard.press("i")
    expect(page.locator("#thread-head")).to_contain_text("Olena")
    page.keyboard.press("t")
    page.keyboard.type("late parcel")
    page.keyboard.press("Enter")
    expect(page.locator(".subj .tag")).to_have_text("late parcel")
    page.keyboard.press("n")
    page.keyboard.type("Ask the courier")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .msg.note:not(.sending)")).to_contain_text("Ask the courier")
    page.keyboard.press("h")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Snoozed.")
    first.refresh_from_db()
    assert (first.assignee, first.snoozed_until is not None) == (house.olena, True)
    assert list(first.tags.values_list("name", flat=True)) == ["late parcel"]


def test_closing_opens_the_next_and_undo_leads_back(house: House, open_page: OpenPage) -> None:
    first, second, _third = three_tickets(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    page.keyboard.press("e")
    shown(page, second)
    expect(page.locator("#toast")).to_contain_text("Closed.")
    expect(page.locator(f"#row-{first.pk}")).to_have_count(0)
    page.keyboard.press("z")
    shown(page, first)
    expect(page.locator(f"#row-{first.pk}")).to_be_visible()
    assert Ticket.objects.get(pk=first.pk).status == Status.OPEN
    page.keyboard.press("Shift+e")
    expect(page.locator(".subj .pill.ok")).to_have_text("Solved")
    shown(page, first)


def test_a_reply_is_sent_and_taken_back_with_its_text(house: House, open_page: OpenPage, smtp_sink: SmtpSink) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("It is on its way.")
    page.keyboard.press("Control+Enter")
    expect_words(page, "")
    expect(page.locator("#timeline .msg:not(.sending)").last).to_contain_text("It is on its way.")
    expect(page.locator("#toast")).to_contain_text("Sending in")
    page.keyboard.press("z")
    expect_words(page, "It is on its way.")
    expect(page.locator("#timeline .msg")).to_have_count(1)
    page.reload()
    expect_words(page, "It is on its way.")
    assert list(Message.objects.filter(kind=MessageKind.OUTBOUND).values_list("outbox", flat=True)) == [
        OutboxState.WITHDRAWN
    ]
    assert smtp_sink.mails == []


def test_send_and_close_goes_on_and_undo_takes_both_back(house: House, open_page: OpenPage) -> None:
    first, second, _third = three_tickets(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    page.locator("[data-menu=send]").click()
    page.get_by_role("menuitemradio", name="Send and close").click()
    page.keyboard.type("Done.")
    page.keyboard.press("Control+Enter")
    shown(page, second)
    expect(page.locator("#toast")).to_contain_text("Sent and closed.")
    assert Ticket.objects.get(pk=first.pk).status == Status.SOLVED
    page.get_by_role("button", name="Undo").click()
    shown(page, first)
    expect_words(page, "Done.")
    assert Ticket.objects.get(pk=first.pk).status == Status.OPEN


def test_single_keys_are_off_while_typing_and_where_the_profile_says_so(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    into_words(page)
    page.keyboard.type("eeiz")
    expect_words(page, "eeiz")
    house.ben.shortcuts = False
    house.ben.save()
    other = open_page(house.ben)
    other.goto(f"/inbox/open/{ticket.pk}/")
    other.keyboard.press("e")
    other.keyboard.press("Control+k")
    expect(other.locator("#palette")).to_be_visible()
    assert Ticket.objects.get(pk=ticket.pk).status == Status.OPEN
    assert "ticket.solved" not in events_of(ticket.pk)


def test_escape_leads_out_of_what_one_writes_and_then_out_of_the_ticket(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.keyboard.press("r")
    editor = page.locator(".ProseMirror")
    expect(editor).to_be_focused()
    page.keyboard.type("It will leave tomorrow.")
    page.keyboard.press("Escape")
    row = page.locator(f"#row-{ticket.pk} a").first
    expect(row).to_be_focused()
    expect(editor).to_have_text("It will leave tomorrow.")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/inbox/open/$"))


def test_every_command_has_a_key_and_the_key_runs_it(house: House, open_page: OpenPage) -> None:
    source = Path(settings.BASE_DIR, "assets/js")
    keyed = {key.command for key in KEYS}
    lists = re.findall(r"const OF_(?:TICKET|APP) = \[(.*?)\]", (source / "palette.js").read_text(), re.DOTALL)
    offered = {name for one in lists for name in re.findall(r"'([\w-]+)'", one)}
    assert len(offered) > 40
    assert offered <= keyed

    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    for key, opened in (("y", "#menu-send"), ("d", "#sheet"), ("q", "#menu-presence")):
        page.keyboard.press(key)
        expect(page.locator(opened)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(opened)).to_be_hidden()
    for key, picked in (("a", 1), ("n", 0)):
        page.keyboard.press("*")
        page.keyboard.press(key)
        expect(page.locator("#rows input:checked")).to_have_count(picked)
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/notifications/$"))


def test_the_focus_outlives_what_is_drawn_anew(house: House, open_page: OpenPage) -> None:
    """After a reply, a removed tag and a colleague's note the keys go on from where one was."""
    ticket = open_ticket(house.channel)
    add_tag(ticket.pk, by=house.olena, name="late")
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    subject = page.locator("#subject")

    page.keyboard.press("r")
    expect(page.locator(".ProseMirror")).to_be_focused()
    page.keyboard.type("It will leave tomorrow.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#timeline .msg[data-client]")).to_have_count(1)
    expect(subject).to_be_focused()
    add_note(ticket.pk, by=house.ben, text="Ben was here.")
    expect(page.locator("#timeline")).to_contain_text("Ben was here.")
    expect(subject).to_be_focused()
    page.locator("[data-untag=late]").focus()
    page.keyboard.press("Enter")
    until(lambda: not Ticket.objects.get(pk=ticket.pk).tags.exists())
    expect(page.locator("[data-untag=late]")).to_have_count(0)
    expect(subject).to_be_focused()


def test_a_ukrainian_layout_has_the_same_keys(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ш', code: 'KeyI', bubbles: true, cancelable: true}))"
    )
    until(lambda: Ticket.objects.get(pk=ticket.pk).assignee_id == house.olena.pk)


def test_the_palette_acts_goes_and_finds(house: House, open_page: OpenPage) -> None:
    first, second, third = three_tickets(house)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    page.keyboard.press("Control+k")
    page.keyboard.type("assign to me")
    page.keyboard.press("Enter")
    until(lambda: Ticket.objects.get(pk=first.pk).assignee_id == house.olena.pk)
    page.keyboard.press("Control+k")
    page.keyboard.type(f"#{second.pk}")
    page.keyboard.press("Enter")
    shown(page, second)
    page.keyboard.press("Control+k")
    page.keyboard.type("third")
    page.get_by_role("option", name=f"#{third.pk}").click()
    shown(page, third)


def test_a_long_thread_opens_where_one_stopped_reading(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel, subject="Long", text="Word. " * 200)
    for number in range(2, 13):
        receive(house.channel, subject_numbers=(ticket.pk,), text=f"Number {number}. " + "Word. " * 200)
    mark_seen(ticket.pk, by=house.olena, sequence=7)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.locator(f"#row-{ticket.pk} a").click()
    first = page.locator("#timeline .msg[data-sequence='8']")
    expect(first).to_be_in_viewport()
    where = "one => one.getBoundingClientRect().top - document.querySelector('#talk').getBoundingClientRect().top"
    assert -1 <= first.evaluate(where) < 60
    expect(page.locator("#timeline .msg").last).not_to_be_in_viewport()
    # What comes meanwhile does not tear one away; once all is read it opens at its end.
    add_note(ticket.pk, by=house.ben, text="Ben was here.")
    expect(page.locator("#timeline")).to_contain_text("Ben was here.")
    assert -1 <= first.evaluate(where) < 60
    until(lambda: Seen.objects.get(ticket=ticket, agent=house.olena).sequence == 13)
    page.reload()
    ready(page)
    expect(page.locator("#timeline .msg").last).to_be_in_viewport()
    expect(first).not_to_be_in_viewport()


# ---- two agents


def send(page: Page, by: str) -> None:
    if by == "keyboard":
        page.keyboard.press("Control+Enter")
    else:
        page.locator("[data-send]").click()


@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_both_see_a_ticket_come_and_the_second_answer_is_stopped(house: House, open_page: OpenPage, by: str) -> None:
    olena, ben = open_page(house.olena), open_page(house.ben)
    for page in (olena, ben):
        page.goto("/inbox/open/")
        ready(page)
    ticket = open_ticket(house.channel)
    for page, words in ((ben, "My own answer"), (olena, "It left yesterday.")):
        expect(page.locator(f"#row-{ticket.pk}")).to_be_visible()
        if by == "keyboard":
            page.keyboard.press("j")
            shown(page, ticket)
            page.keyboard.press("r")
            page.keyboard.type(words)
        else:
            page.locator(f"#row-{ticket.pk} a").click()
            shown(page, ticket)
            write(page, words)
    send(olena, by)
    # Ben's open ticket follows, and what he writes stays his.
    expect(ben.locator("#timeline")).to_contain_text("It left yesterday.")
    expect_words(ben, "My own answer")
    send(ben, by)
    expect(ben.locator("#stale")).to_be_visible()
    expect(ben.locator("#stale .missed")).to_contain_text("It left yesterday.")
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).count() == 1
    edit = ben.get_by_role("button", name="Edit my reply")
    if by == "keyboard":
        while not edit.evaluate("one => one === document.activeElement"):
            ben.keyboard.press("Tab")
        ben.keyboard.press("Enter")
    else:
        edit.click()
    expect_words(ben, "My own answer")
    send(ben, by)
    until(lambda: Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).count() == 2)


def test_a_draft_outlives_live_updates_and_a_reload(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    write(page, "Half a sen")
    expect(page.locator(".saved")).to_have_text("Draft saved")
    assert Draft.objects.get(ticket=ticket).text == "Half a sen"
    add_note(ticket.pk, by=house.ben, text="Look at the order first.")
    expect(page.locator("#timeline .note")).to_contain_text("Look at the order first.")
    expect_words(page, "Half a sen")
    page.locator("#words").press_sequentially("tence")
    page.reload()
    expect_words(page, "Half a sentence")
    expect(page.locator(f"#row-{ticket.pk} .draft")).to_be_visible()


def test_new_rows_wait_under_the_pointer(house: House, open_page: OpenPage) -> None:
    first = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    page.locator(f"#row-{first.pk}").hover()
    second = open_ticket(house.channel, subject="Another", sender=ANNA)
    expect(page.locator("#merge")).to_contain_text("1 new")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.keyboard.press(".")
    expect(page.locator("#rows .row")).to_have_count(2)
    expect(page.locator(f"#row-{second.pk}[data-unread]")).to_be_visible()


def test_a_ticket_that_leaves_ones_sight_leaves_the_screen(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    move_to_team(ticket.pk, by=house.adam, team=house.returns)
    expect(page.locator("#toast")).to_contain_text("no longer in your view")
    expect(page.locator("#timeline")).to_have_count(0)
    expect(page.locator(f"#row-{ticket.pk}")).to_have_count(0)


# ---- the composer


def test_an_outside_address_is_asked_about(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    write(page, "Hello both")
    page.get_by_role("button", name="To Zoe Bauer").click()
    page.get_by_label("Cc", exact=True).fill("Courier <courier@post.example>, anna@customer.example")
    page.locator("[data-send]").click()
    dialog = page.locator("#outside")
    expect(dialog.locator("li")).to_have_text(["courier@post.example", "anna@customer.example"])
    assert not Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).exists()
    dialog.get_by_role("button", name="Change recipients").click()
    page.get_by_role("button", name="Remove courier@post.example").click()
    page.locator("[data-send]").click()
    expect(dialog.locator("li")).to_have_text(["anna@customer.example"])
    dialog.get_by_role("button", name="Send to them too").click()
    until(lambda: Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).exists())
    sent = Message.objects.get(ticket=ticket, kind=MessageKind.OUTBOUND)
    assert [entry["address"] for entry in sent.envelope["cc"]] == ["anna@customer.example"]


def test_a_ticket_passed_over_while_it_came_covers_nothing(house: House, open_page: OpenPage) -> None:
    older, _newest = [open_ticket(house.channel, subject=name, external_id=f"{name}@a.example") for name in "ba"]
    page = open_page(house.olena)
    held: list[Route] = []
    page.route(f"**/tickets/{older.pk}/pane/", lambda route: held.append(route))
    page.goto("/inbox/open/")
    with page.expect_request(f"**/tickets/{older.pk}/pane/"):  # fetched ahead
        page.locator("#rows .row a").first.click()
    expect(page.locator("#subject")).to_have_text("a")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.wait_for_timeout(400)  # longer than the skeleton waits
    with page.expect_response(f"**/tickets/{older.pk}/pane/"):
        held[0].continue_()
    expect(page.locator("#subject")).to_have_text("a")
    expect(page.locator("#subject")).to_be_visible()


def test_reply_all_copies_the_others(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel, cc=(ANNA,))
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.get_by_role("button", name="Reply to all").click()
    expect(page.locator(".chips[data-field=cc] .rc")).to_have_text(["Anna Berg"])
    expect(page.locator(".comp .sum")).to_have_text("To Zoe Bauer and 1 more")
    page.get_by_role("button", name="Reply to all").click()
    expect(page.locator(".chips[data-field=cc] .rc")).to_have_count(0)


def test_files_go_with_the_reply_and_can_be_taken_out(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    for name in ("label.txt", "wrong.txt"):
        attach(page, name)
    expect(page.locator(".up")).to_have_count(2)
    expect(page.locator(".up progress")).to_have_count(0)
    page.get_by_role("button", name="Remove wrong.txt").click()
    write(page, "The label is attached.")
    page.reload()
    expect(page.locator(".up .trunc")).to_have_text(["label.txt"])
    page.locator("#words").press("Control+Enter")
    expect(page.locator("#timeline .msg:not(.sending) .file")).to_contain_text("label.txt")
    sent = Message.objects.get(ticket=ticket, kind=MessageKind.OUTBOUND)
    assert list(sent.attachments.values_list("filename", flat=True)) == ["label.txt"]


def attach(page: Page, name: str) -> None:
    page.locator("#composer input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": b"parcel 7"}
    )


def take_out(page: Page, name: str) -> None:
    """Take the file out and leave at once, before anything has answered; it is not there when one comes back."""
    page.get_by_role("button", name=f"Remove {name}").click()
    page.reload()
    expect(page.locator("#words")).to_be_visible()
    expect(page.locator(".up")).to_have_count(0)


def test_a_file_taken_out_before_its_arrival_is_confirmed_does_not_come_back(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.evaluate("Object.defineProperty(XMLHttpRequest.prototype, 'onload', { set() {} })")
    attach(page, "wrong.txt")
    until(Attachment.objects.exists)
    expect(page.locator(".up progress")).to_have_count(1)
    take_out(page, "wrong.txt")
    until(lambda: not Attachment.objects.exists())


LATE = """async ([address, id]) => {
    const form = new FormData();
    form.append('id', id);
    form.append('file', new File(['parcel 7'], 'wrong.txt'));
    const headers = { 'X-CSRFToken': document.querySelector('meta[name=csrf-token]').content, 'X-Requested-With': 'fetch' };
    const response = await fetch(address, { method: 'POST', body: form, headers });
    return [response.status, (await response.json()).message];
}"""


def test_a_file_that_arrives_after_it_was_taken_out_is_not_kept(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.evaluate("void (XMLHttpRequest.prototype.send = (form) => { window.upload = form.get('id') })")
    attach(page, "wrong.txt")
    upload = page.evaluate("window.upload")
    take_out(page, "wrong.txt")
    until(RemovedUpload.objects.exists)
    answer = page.evaluate(LATE, [f"/tickets/{ticket.pk}/uploads/", upload])
    assert answer == [422, "This file was removed."]
    assert not Attachment.objects.exists()


def test_a_removal_that_got_no_answer_is_made_up_for(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    attach(page, "wrong.txt")
    expect(page.locator(".up progress")).to_have_count(0)
    page.route("**/removal/", lambda route: route.abort())
    page.get_by_role("button", name="Remove wrong.txt").click()
    expect(page.locator("#toast")).to_contain_text("connection")
    assert Attachment.objects.count() == 1
    page.unroute("**/removal/")
    page.reload()
    expect(page.locator("#words")).to_be_visible()
    expect(page.locator(".up")).to_have_count(0)
    until(lambda: not Attachment.objects.exists())


def test_a_file_on_its_way_stays_when_its_ticket_is_left(house: House, open_page: OpenPage) -> None:
    first, second = open_ticket(house.channel), open_ticket(house.channel, subject="Another")
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{first.pk}/")
    held: list[Route] = []
    page.route("**/uploads/", lambda route: held.append(route))
    attach(page, "label.txt")
    while not held:
        page.wait_for_timeout(20)
    page.locator(f"#row-{second.pk} a").first.click()
    expect(page.locator("#subject")).to_have_text("Another")
    with page.expect_response("**/uploads/"):
        held[0].continue_()
    page.goto(f"/inbox/open/{first.pk}/")
    expect(page.locator(".up .trunc")).to_have_text(["label.txt"])


def test_twice_pressed_is_one_message(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    write(page, "Once")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    page.locator("[data-send]").dblclick()
    expect(page.locator("#timeline .msg:not(.sending)")).to_have_count(2)
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).count() == 1


def test_a_refused_reply_keeps_its_text(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.route(OFFLINE, lambda route: route.fulfill(status=502, body="bad gateway"))
    write(page, "Do not lose me")
    page.keyboard.press("Control+Enter")
    expect_words(page, "Do not lose me")
    expect(page.locator("#timeline .sending")).to_have_count(0)
    page.unroute(OFFLINE)
    page.reload()
    expect_words(page, "Do not lose me")


def test_two_quick_replies_leave_in_order_and_unasked(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    ready(page)
    slow: list[bool] = []

    def first_slowly(route: Route) -> None:
        if not slow:
            slow.append(True)
            page.wait_for_timeout(1_500)
        route.continue_()

    page.route(OFFLINE, first_slowly)
    for words in ("The first", "And the second"):
        write(page, words)
        expect_words(page, words)
        page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .sending")).to_have_count(0)
    expect(page.locator("#stale")).to_be_hidden()
    replies = Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).order_by("sequence")
    assert list(replies.values_list("text", flat=True)) == ["The first", "And the second"]


def test_what_is_saved_while_the_page_is_drawn_anew_is_shown(house: House, open_page: OpenPage) -> None:
    """The old page lives until the new one answers; what it saves meanwhile the new one was drawn without."""
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    address = f"/inbox/open/{ticket.pk}/"
    page.goto(address)
    ready(page)

    def slowly(route: Route) -> None:
        drawn = route.fetch()
        page.wait_for_timeout(2_500)
        route.fulfill(response=drawn)

    page.route(f"**{address}", slowly)
    write(page, "Typed on the way out")
    page.reload()
    expect_words(page, "Typed on the way out")
    # The page knows them by itself, too; what it says last to the server may come after it is drawn.
    until(lambda: Draft.objects.filter(agent=house.olena, text="Typed on the way out").exists())


def test_a_reply_written_offline_leaves_once_when_the_line_is_back(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    lost: list[str] = []

    def cut(route: Route) -> None:
        """The server got it, the answer did not come through: the worst kind."""
        lost.append(route.request.method)
        if len(lost) == 1:
            route.fetch()
        route.abort("connectionreset")

    page.route(OFFLINE, cut)
    write(page, "Through the tunnel")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toast")).to_contain_text("Offline")
    page.unroute(OFFLINE)
    page.reload()
    expect(page.locator("#timeline .msg:not(.sending)").last).to_contain_text("Through the tunnel")
    expect(page.locator("#timeline .msg")).to_have_count(2)
    expect_words(page, "")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND).count() == 1


# ---- without sockets


def test_without_sockets_polling_still_shows_what_comes(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.add_init_script("window.WebSocket = class extends EventTarget { constructor() { super(); setTimeout(() => "
                         "this.dispatchEvent(new CloseEvent('close', {code: 1006})), 5); } close() {} send() {} };")  # fmt: skip
    page.clock.install()
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.clock.run_for(6_000)
    expect(page.locator("#offline")).to_be_visible()
    receive(house.channel, subject="Second", sender=ANNA)
    add_note(ticket.pk, by=house.ben, text="Seen without a socket")
    page.clock.run_for(25_000)
    expect(page.locator("#timeline")).to_contain_text("Seen without a socket")
    expect(page.locator("#rows")).to_contain_text("Second")


# ---- search


def test_search_marks_what_it_found(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel, text="The zipper of the Fjellrev jacket broke.")
    assign_ticket(ticket.pk, by=house.olena, assignee=house.olena)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    page.keyboard.press("/")
    page.locator("#search").fill("fjellrev")
    page.keyboard.press("Enter")
    expect(page.locator(".hit mark")).to_have_text(["Fjellrev"])
    page.locator(".hit a").click()
    shown(page, ticket)


def test_an_answer_in_the_list_moves_its_row(house: House, open_page: OpenPage) -> None:
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto("/inbox/open/")
    ready(page)
    reply(ticket.pk, by=house.ben, text="Answered by Ben", at=NOW)
    expect(page.locator(f"#row-{ticket.pk}")).to_contain_text("Answered by Ben")


# ---- keys at once after something closed


@pytest.mark.parametrize(("opens", "where"), [("palette", "#palette"), ("tag", "#menu-tag")])
def test_keys_work_before_the_next_frame_after_escape(
    opens: str, where: str, house: House, open_page: OpenPage
) -> None:
    """The field of what was closed keeps the focus until the browser draws again; a key in between is not for it."""
    ticket = open_ticket(house.channel)
    page = open_page(house.olena)
    page.goto(f"/inbox/open/{ticket.pk}/")
    page.keyboard.press({"palette": "Control+k", "tag": "t"}[opens])
    field = page.locator(f"{where} input").first
    expect(field).to_be_focused()
    left = page.evaluate(
        """(where) => {
            const closing = document.querySelector(where);
            if (closing.close) closing.close();
            else closing.hidePopover();
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '?', code: 'Slash', bubbles: true, cancelable: true }));
            return document.querySelector('#keys').open;
        }""",
        where,
    )
    assert left is True
