"""A chat answered too late, and all that follows of it: red at the desk, missed on the wall, asked about by mail,
rated by one click, seen to by a lead, and in the numbers of the dashboard. Real browsers, processes and mail."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from events.models import Event
from metrics.models import Clock, FollowUp, SurveyAnswer
from tests.livechat.shop import make_chat, open_shop
from tests.livechat.test_story import live, say, visit
from tests.metrics.shop import make_policy
from tests.metrics.surveys.asked import make_survey
from tests.people import make_agent, make_house
from tests.support.browser import OpenPage, accessibility_violations, write
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink

SECONDS = 12  # to the first answer
PATIENCE = 60_000


def test_a_chat_answered_late_ends_in_a_follow_up_and_in_the_numbers(
    live_stack: LiveStack, open_page: OpenPage, smtp_sink: SmtpSink
) -> None:
    house = make_house()
    marta = make_agent("Marta", role="manager", team=house.support)
    make_policy(first_seconds=SECONDS, conditions={"channel_kind": ["chat"]}, escalation=[])
    make_survey(conditions={"channel_kind": ["chat"]})
    connection, _ = make_chat(house, "https://placeholder.example", unseen_minutes=1)
    board, olena, visitor = open_page(marta), open_page(house.olena), open_page()
    board.goto("/reports/")
    strip = board.locator(".strip[data-wall]")
    expect(board.locator("html[data-connected]")).to_have_count(1, timeout=PATIENCE)
    expect(strip).to_contain_text("Overdue 0", use_inner_text=True)
    olena.goto("/inbox/open/")
    live(olena)

    with open_shop() as shop:
        connection.settings = connection.settings | {"origins": [shop.url]}
        connection.save()
        shop.embed(live_stack.url, connection.key)
        frame = visit(visitor, shop)
        expect(frame.locator(".status")).to_contain_text("We are here", timeout=PATIENCE)
        say(frame, "Where is my parcel?")
        pill = olena.locator("#rows .pill.due")
        expect(pill).to_be_visible(timeout=PATIENCE)
        # Nobody loads anything anew: it turns red at the desk, and the wall hears of it.
        expect(pill).to_contain_text("late", timeout=PATIENCE)
        expect(olena.locator("#rows .pill.due.bad")).to_be_visible()
        expect(strip).to_contain_text("Overdue 1", timeout=PATIENCE, use_inner_text=True)
        clock = Clock.objects.get(target="first")
        ticket_id = clock.ticket_id
        told = Event.objects.get(kind="sla.breached", stream_id=ticket_id)
        assert clock.seconds == SECONDS and clock.due_at is not None and told.at >= clock.due_at

        olena.locator("#rows .row a").first.click()
        write(olena, "It comes tomorrow, sorry for the wait.")
        olena.keyboard.press("Control+Enter")
        expect(frame.locator(".log .them")).to_contain_text("It comes tomorrow", timeout=PATIENCE)
        expect(strip).to_contain_text("Overdue 0", timeout=PATIENCE, use_inner_text=True)
        frame.locator("#leaving").fill("zoe@customer.example")
        frame.locator(".leaving button").click()
        expect(frame.locator(".leaving")).to_contain_text("zoe@customer.example")
        visitor.goto("about:blank")
        expect(olena.locator("#panel")).to_contain_text("Visitor left", timeout=PATIENCE)
        olena.locator("#timeline").click(position={"x": 5, "y": 5})
        olena.keyboard.press("e")

    rate_by_mail(smtp_sink, visitor)
    answer = SurveyAnswer.objects.get()
    assert (answer.score, answer.ticket_id, answer.kind) == (1, ticket_id, "csat")

    # A follow-up opens and the numbers have moved.
    expect(strip).to_contain_text("To follow up 1", timeout=PATIENCE, use_inner_text=True)
    board.reload()
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("0.0")
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("1 rating")
    expect(board.locator("section", has=board.locator("#t-kept"))).to_contain_text("0.0")
    board.goto("/reports/follow-ups/")
    expect(board.locator(".t")).to_contain_text("1 of 5", timeout=PATIENCE)
    assert FollowUp.objects.get().ticket_id == ticket_id
    assert accessibility_violations(board) == []
    board.goto("/reports/service-level/")
    expect(board.locator("main")).to_contain_text("0 %")
    olena.goto(f"/inbox/solved/{ticket_id}/")
    expect(olena.locator("#timeline")).to_contain_text("1 of 5", timeout=PATIENCE)


def rate_by_mail(smtp_sink: SmtpSink, page: Page) -> None:
    """The question comes by mail, since the visitor has gone; its link and one click are the answer."""
    [received] = smtp_sink.wait_for(1, timeout=150)
    assert received.rcpt_tos == ("zoe@customer.example",)
    body = received.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "How satisfied are you with our help?" in body
    [link] = re.findall(r"https?://\S*/survey/\S+", body)
    page.goto(link)
    page.wait_for_function("document.readyState === 'complete'")
    assert not SurveyAnswer.objects.exists()
    assert accessibility_violations(page) == []
    page.locator("input[name=score][value='1']").click()
    expect(page.locator("#state")).to_contain_text("Your answer is recorded", timeout=PATIENCE)
