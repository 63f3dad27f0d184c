"""From a late answer to numbers that moved, in real browsers, with the real processes and mail between them; and every
page of it as axe-core judges it."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from commerce.facts import OrderFacts
from commerce.keeping import keep_orders
from commerce.models import Shop
from metrics.models import FollowUp, SurveyAnswer, SurveyInvitation, VoucherPool, Webhook
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.links import answer_url
from metrics.surveys.vouchers import import_codes
from tests.metrics.shop import ask, database_now, make_policy
from tests.metrics.surveys.asked import make_survey, outcome, solved
from tests.people import House, make_agent, make_house
from tests.support.browser import OpenPage, accessibility_violations, write
from tests.support.live import LiveStack
from tests.support.smtp_sink import SmtpSink
from tickets.inbound import Address
from tickets.models import Ticket

PATIENCE = 60_000


def test_an_answer_too_late_a_low_score_and_who_sees_to_it(
    live_stack: LiveStack, open_page: OpenPage, smtp_sink: SmtpSink
) -> None:
    house = make_house()
    marta = make_agent("Marta", role="manager", team=house.support)
    make_policy(escalation=[])
    make_survey()
    board, olena, zoe = open_page(marta), open_page(house.olena), open_page()
    board.goto("/reports/")
    strip, risk = board.locator(".strip[data-wall]"), board.locator("[data-wall] .risk")
    expect(board.locator("html[data-connected]")).to_have_count(1, timeout=PATIENCE)
    expect(strip).to_contain_text("Overdue 0", use_inner_text=True)
    olena.goto("/inbox/open/")
    # It comes, it turns red on both screens, and nobody has loaded anything anew. Without the socket the wall would
    # ask after 15 seconds.
    ticket = ask(house.channel, ago=timedelta(minutes=59, seconds=40), verdict="pass")
    expect(risk).to_contain_text("Zoe", timeout=10_000)
    pill = olena.locator("#rows .pill.due")
    expect(pill).not_to_contain_text("late", timeout=PATIENCE)
    expect(pill).to_contain_text("late", timeout=PATIENCE)
    expect(olena.locator("#rows .pill.due.bad")).to_be_visible()
    expect(strip).to_contain_text("Overdue 1", timeout=10_000, use_inner_text=True)
    olena.goto(f"/inbox/open/{ticket.pk}/")
    write(olena, "Sorry for the wait, it is on its way.")
    olena.keyboard.press("Control+Shift+Enter")
    smtp_sink.wait_for(1, timeout=100)
    olena.locator("#timeline").click(position={"x": 5, "y": 5})
    olena.keyboard.press("e")
    expect(strip).to_contain_text("Overdue 0", timeout=PATIENCE, use_inner_text=True)

    # The question comes by mail; opening its link, script and all, records nothing until a person moves.
    question = smtp_sink.wait_for(2, timeout=100)[1].message
    assert question["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = question.get_body(("html",)).get_content()  # type: ignore[union-attr]
    [link] = [url.replace("&amp;", "&") for url in re.findall(r'href="([^"]+)"', html) if url.endswith("score=1")]
    zoe.goto(
        f"{live_stack.url}{link.partition('://')[2].partition('/')[1]}{link.partition('://')[2].partition('/')[2]}"
    )
    expect(zoe.locator("input[value='1']")).to_be_checked()
    zoe.wait_for_function("document.readyState === 'complete'")
    assert not SurveyAnswer.objects.exists()
    assert accessibility_violations(zoe) == []
    zoe.mouse.move(200, 200)
    zoe.mouse.move(220, 220)
    expect(zoe.locator("#state")).to_contain_text("Your answer is recorded", timeout=PATIENCE)
    zoe.get_by_label("It took too long").check()
    zoe.get_by_label("Anything else").fill("Two hours for one line!")
    zoe.get_by_role("button", name="Send my answer").press("Enter")
    expect(zoe.locator("#state")).to_contain_text("Your answer is saved", timeout=PATIENCE)
    assert SurveyAnswer.objects.get().reasons == ["slow"]

    # A follow-up opens; the numbers have moved; the ticket tells.
    expect(strip).to_contain_text("To follow up 1", timeout=PATIENCE, use_inner_text=True)
    board.reload()
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("0.0")
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("1 rating")
    expect(board.locator("section", has=board.locator("#t-kept"))).to_contain_text("0.0")
    board.goto("/reports/follow-ups/")
    expect(board.locator(".t")).to_contain_text("Two hours for one line!", timeout=PATIENCE)
    assert accessibility_violations(board) == []
    board.get_by_role("button", name="Take it").click()
    board.locator("summary", has_text="Close").click()
    board.get_by_label("What came of it").fill("Called, voucher given")
    board.keyboard.press("Enter")
    expect(board.get_by_text("Nobody waits for a follow-up.")).to_be_visible(timeout=PATIENCE)
    assert FollowUp.objects.get().outcome == "Called, voucher given"
    board.goto("/reports/satisfaction/")
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("0.0")
    expect(board.locator("section", has=board.locator("#t-csat"))).to_contain_text("1 answer")
    olena.goto(f"/inbox/solved/{ticket.pk}/")
    expect(olena.locator("#timeline")).to_contain_text("1 of 5", timeout=PATIENCE)
    assert Ticket.objects.get().status == "solved"


def fill(house: House) -> dict[str, Any]:
    """Some answers over weeks, a comment, a follow-up and an open question."""
    survey = make_survey(web_link=True)
    shop, now = Shop.objects.create(name="Lumen", key="l" * 32), database_now()
    keep_orders(shop.pk, [
        OrderFacts(f"{n}", f"{n}", "paid", "EUR", 4900, at, at, email=f"b{n % 70}@x.example")
        for n in range(140) for at in [now - timedelta(days=3 * (n % 100) + 1)]
    ], at=now)  # fmt: skip
    for n in range(60):
        for kind, score in (("csat", 5 - n % 3), ("nps", 10 - n % 6), ("ces", 7 - n % 4)):
            at = database_now() - timedelta(days=n % 28, hours=1)
            SurveyAnswer.objects.create(survey=survey, kind=kind, score=score, answered_at=at, via="web")
    record_answer(was_asked(house).pk, Said(1, ["slow"], "Two weeks for one line!"))
    waiting = was_asked(house, sender=Address("Ivo", "ivo@other.example"))
    pool = VoucherPool.objects.create(name="Sorry", worth="Free shipping", warn_below=5)
    import_codes(pool.pk, ["SORRY-1", "SORRY-2"], by=house.adam)
    Webhook.objects.create(name="Pager", url="https://pager.example/alarm", secret="")
    return {
        "survey": survey.pk,
        "pool": pool.pk,
        "shop": shop.pk,
        "link": answer_url(waiting).partition("://")[2].partition("/")[2],
    }


def was_asked(house: House, **fields: Any) -> SurveyInvitation:
    """The invitation of a ticket solved just now, once the worker has asked."""
    ticket, until = solved(house, **fields), time.monotonic() + PATIENCE / 1000
    while (found := SurveyInvitation.objects.filter(ticket=ticket, state="asked").first()) is None:
        assert time.monotonic() < until, outcome(ticket)
        time.sleep(0.1)
    return found


PATHS = (
    "/reports/", "/reports/satisfaction/", "/reports/satisfaction/?kind=nps", "/reports/satisfaction/answers/?kind=csat",
    "/reports/retention/?period=365", "/reports/work/", "/reports/topics/", "/reports/follow-ups/", "/reports/follow-ups/?state=done", "/reports/service-level/", "/surveys/", "/surveys/new/",
    "/surveys/{survey}/", "/surveys/budget/", "/surveys/vouchers/", "/surveys/vouchers/new/", "/surveys/vouchers/{pool}/", "/service-levels/",
    "/service-levels/policies/new/", "/service-levels/webhooks/new/", "/reports/retention/?outlook=1", "/shops/", "/shops/new/", "/shops/{shop}/", "/{link}?score=2", "/survey/nothing/",
)  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_every_page_is_for_everybody(open_page: OpenPage, width: int, scheme: str) -> None:
    house = make_house()
    ids = fill(house)
    page = open_page(house.adam, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert [problem for path in PATHS for problem in look_at(page, path.format(**ids))] == []


def look_at(page: Page, path: str) -> list[str]:
    """What is wrong with the page, each with its address."""
    page.goto(f"/{path.lstrip('/')}")
    problems = accessibility_violations(page)
    if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        problems.append(f"scrolls sideways by {over} px")
    return [f"{path}: {problem}" for problem in problems]
