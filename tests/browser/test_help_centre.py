"""A manager writes and publishes, a visitor searches, reads and votes, an agent puts it into a reply; nothing of it runs
what somebody wrote into a title or text."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from knowledge.models import Article, ArticleFeedback, ArticleTranslation, Audience
from knowledge.writing import create_article, publish
from people.models import Role
from tests.knowledge.shelf import open_centre, shelf
from tests.people import make_agent, make_house, open_ticket
from tests.security.payloads import SCRIPTS
from tests.support.browser import OpenPage, accessibility_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_first_word_to_the_reply(open_page: OpenPage) -> None:
    house = make_house()
    open_centre()
    shelf()
    marta = make_agent("Marta", role=Role.MANAGER, team=house.support)
    desk = open_page(marta)
    desk.goto("/knowledge/articles/new/")
    desk.get_by_label("Title").fill("Where is my parcel?")
    desk.get_by_role("button", name="Begin to write").click()
    desk.locator(".signs .ed").click()
    desk.keyboard.type("It takes two days.")
    assert accessibility_violations(desk) == []
    desk.get_by_role("button", name="Publish").click()
    expect(desk.get_by_text("Published.", exact=True)).to_be_visible()
    visitor = open_page(java_script_enabled=False)
    visitor.goto("/help/")
    visitor.get_by_role("searchbox").fill("parcle")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("link", name="Where is my parcel?").click()
    expect(visitor.get_by_text("It takes two days.")).to_be_visible()
    visitor.get_by_role("button", name="Yes").click()
    expect(visitor.get_by_text("Thank you, good to know.")).to_be_visible()
    assert visitor.context.cookies() == []
    assert ArticleFeedback.objects.get().helped
    ticket = open_ticket(house.channel)
    agent = open_page(house.olena)
    agent.goto(f"/inbox/open/{ticket.pk}/")
    agent.keyboard.press("Shift+I")
    option = agent.locator("#palette").get_by_role("option", name="Where is my parcel?").filter(has_text="en").first
    expect(option).to_be_visible()
    option.click()
    expect(agent.get_by_role("textbox", name="Write a reply")).to_contain_text("Where is my parcel?")


def test_what_somebody_wrote_runs_nowhere(open_page: OpenPage) -> None:
    make_house()
    open_centre()
    place = shelf()
    marta = make_agent("Marta", role=Role.MANAGER)
    for number, payload in enumerate(SCRIPTS[:20]):
        title = f"{number} {payload}"[:200]
        row = create_article(
            by=marta, category_id=place.pk, language="en", title=title, summary=payload[:300], body=payload
        )
        publish(row.pk, "en", by=marta, expected=1)
    said: list[str] = []
    for who in (None, marta):
        page = open_page(who)
        page.on("console", lambda message: said.append(message.text))
        addresses = [text.address for text in ArticleTranslation.objects.all()]
        inside = [f"/knowledge/articles/{row.pk}/en/" for row in Article.objects.all()[:4]] if who else []
        for address in [
            "/help/en/",
            "/help/en/search/?q=script",
            *addresses[:8],
            *inside,
            *(["/knowledge/"] if who else []),
        ]:
            page.goto(address)
    assert not [text for text in said if "pwned" in text]
    assert Article.objects.filter(audience=Audience.PUBLIC).count() == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_can_be_used_by_everyone(open_page: OpenPage, scheme: str, width: int) -> None:
    make_house()
    open_centre()
    marta = make_agent("Marta", role=Role.MANAGER)
    row = create_article(
        by=marta, category_id=shelf().pk, language="en", title="Where is it?", body="<h2>Soon</h2><p>Two days.</p>"
    )
    text = publish(row.pk, "en", by=marta, expected=1)
    page = open_page(marta, viewport={"width": width, "height": 900}, color_scheme=scheme)
    inside = f"/knowledge/articles/{row.pk}/en/"
    for address in ["/help/en/", "/help/en/categories/delivery/", text.address, "/help/en/search/?q=days",
                    "/knowledge/", "/knowledge/readers/", "/knowledge/settings/", "/knowledge/categories/", "/knowledge/categories/new/",
                    "/knowledge/articles/new/", inside, f"{inside}preview/", f"{inside}revisions/2/"]:  # fmt: skip
        page.goto(address)
        assert accessibility_violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
