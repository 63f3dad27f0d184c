"""Reports as PDF: what stands in them is what stands on the page, tagged, in the reader's sight and language."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import translation

from bench.shop_year import DAY
from events.models import AuditEntry
from metrics import returning, satisfaction, stored
from metrics.at_risk import at_risk
from metrics.clocks.terms import NEVER_BOUGHT
from metrics.facts import Scope
from metrics.mailing import paper
from metrics.mailing.contents import CONTENTS, PAGES
from metrics.mailing.letter import compose
from metrics.mailing.sending import plan_due, send_due
from metrics.models import Annotation, ReportLetter, StoredAnswer
from people.models import Agent, Customer
from tests.metrics.shop import fill_year, lead
from tests.metrics.test_mailings import MONDAY, kinds, want
from tests.people import House, make_house, signed_in
from tickets.models import Tag, Tagging, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was given to the layout."""
    told: list[dict[str, Any]] = []
    said = paper._said

    def tell(*given: Any) -> dict[str, Any]:
        told.append(said(*given))
        return told[-1]

    monkeypatch.setattr(paper, "_said", tell)
    return told


def fetch(agent: Agent, report: str, **query: str) -> Any:
    client = signed_in(agent)
    return client.get(reverse("report_pdf", args=[report]), query)


def inside(pdf: bytes) -> bytes:
    """The file with its streams unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = [pdf]
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            found.append(stream)
    return b"\n".join(found)


def lived(house: House, buyers: int) -> None:
    """A year of shop life whose last day brought tickets too, of one word and one tag."""
    fill_year(house, buyers)
    tag = Tag.objects.create(name="Доставка")
    now = datetime.now(UTC)
    Ticket.objects.filter(pk__in=Ticket.objects.order_by("-pk")[:20]).update(opened_at=now - timedelta(days=10))
    for ticket in Ticket.objects.order_by("pk")[:12]:
        Ticket.objects.filter(pk=ticket.pk).update(opened_at=now - timedelta(minutes=1))
        Tagging.objects.create(ticket=ticket, tag=tag)


@pytest.mark.parametrize("report", list(PAGES))
@pytest.mark.parametrize("filled", [True, False])
def test_every_report_is_a_tagged_pdf_with_its_fonts_also_of_nothing(house: House, report: str, filled: bool) -> None:
    if filled:
        lived(house, 60)
    response = fetch(house.adam, report, period="365")
    assert response.status_code == 200 and response["Content-Type"] == "application/pdf"
    assert re.fullmatch(rf'attachment; filename="{report}-[\d-]+\.pdf"', response["Content-Disposition"])
    content = inside(response.content)
    assert response.content.startswith(b"%PDF-") and len(response.content) < 200_000
    assert b"/StructTreeRoot" in content and b"/Marked true" in content and b"pdfuaid" in content
    assert b"Inter-Regular" in content and b"/FontFile" in content
    assert (re.search(rb"/S ?/TH(ead)?\b", content) is not None) == filled


def test_it_says_what_the_page_says_with_definitions_n_and_intervals(
    house: House, laid_out: list[dict[str, Any]]
) -> None:
    fill_year(house, 400)
    Annotation.objects.create(day=datetime.now(UTC).date(), text="Sale, *not* bold #1")
    assert fetch(house.adam, "satisfaction", period="365").status_code == 200
    [told] = laid_out
    page = signed_in(house.adam)
    shown = page.get(reverse("satisfaction"), {"period": "365"}).content.decode()
    csat = told["figures"][0]
    assert csat["name"] == "Satisfaction" and csat["shown"].removesuffix(" %") in shown and csat["bounds"] in shown
    assert told["meant"][0]["meaning"].split(",")[0] in shown and csat["of"].startswith("n = ")
    assert told["notes"][0].endswith("Sale, *not* bold #1")
    assert all(chart["finding"] and chart["points"] for chart in told["charts"]) and told["charts"]
    for chart in told["charts"]:
        for point in chart["points"]:
            assert chart["axis"][0] <= point["low"] <= point["value"] <= point["high"] <= chart["axis"][1]


def test_it_shows_what_its_reader_may_see_in_their_language(house: House, laid_out: list[dict[str, Any]]) -> None:
    fill_year(house, 400)
    ben = lead(house.ben)
    ben.locale = "uk"
    ben.save()
    for agent in (house.adam, ben):
        assert fetch(agent, "overview", period="365").status_code == 200
    everything, some = laid_out
    assert everything["lang"] == "en" and some["lang"] == "uk" and some["title"] == "Огляд обслуговування"
    assert int(re.sub(r"\D", "", some["figures"][2]["of"])) < int(re.sub(r"\D", "", everything["figures"][2]["of"]))


def test_who_may_not_take_figures_away_gets_none(house: House) -> None:
    before = AuditEntry.objects.filter(kind="exported").count()
    assert fetch(house.olena, "overview").status_code == 403
    assert fetch(house.adam, "secrets").status_code == 404
    assert AuditEntry.objects.filter(kind="exported").count() == before
    assert fetch(house.adam, "overview").status_code == 200
    assert AuditEntry.objects.filter(kind="exported").count() == before + 1


def test_names_in_scripts_our_fonts_lack_keep_nobody_from_their_report(house: House) -> None:
    house.channel.name = "サポート 支持 😀"
    house.channel.save()
    house.adam.name = "สมชาย \x07"
    house.adam.save()
    lived(house, 30)
    Customer.objects.update(name="山田 太郎 😀")
    Annotation.objects.create(day=datetime.now(UTC).date(), text="双十一 🎉")
    for report in PAGES:
        response = fetch(house.adam, report, period="365")
        assert response.status_code == 200 and response.content.startswith(b"%PDF-")
        assert b"/StructTreeRoot" in inside(response.content)


def test_customers_reports_say_what_their_pages_say(house: House, laid_out: list[dict[str, Any]]) -> None:
    lived(house, 400)
    page = signed_in(house.adam)
    for report, query in (("retention", {"period": "90"}), ("at_risk", {}), ("topics", {})):
        assert fetch(house.adam, report, **query).status_code == 200
        shown = unescape(page.get(reverse(PAGES[report]), query).content.decode())
        for figure in laid_out[-1]["figures"]:
            assert figure["shown"].removesuffix(" %") in shown and figure["name"] in shown
        for table in laid_out[-1]["tables"]:
            assert table["title"] in shown and (table["note"] in shown or "more" in table["note"])
            assert table["rows"] and all(name in shown for name in table["head"])
            assert all(
                part in shown for row in table["rows"] for part in row["cells"][1][0].split(", ")[0].split(" · ")[:2]
            )
    retention, risk, rising = laid_out
    [grid] = [one for one in retention["tables"] if any(cell[2] for row in one["rows"] for cell in row["cells"])]
    assert {len(row["cells"]) for row in grid["rows"]} == {len(grid["head"])} == {14}
    assert grid["rows"][0]["cells"][2][1:] == (False, 10)  # all who bought first did so in their first month
    assert risk["period"].startswith("Ratings of the 180 days up to") and len(risk["tables"][0]["rows"]) <= 50
    assert rising["tables"][0]["rows"][0]["cells"][0][0] == "Доставка" and "Доставка (12)" in rising["lead"]
    assert rising["period"].startswith("The 24 hours up to") and rising["meant"][0]["names"] == "Topics"


def test_customers_reports_are_narrowed_by_what_they_can_be_narrowed_by(
    house: House, laid_out: list[dict[str, Any]]
) -> None:
    lived(house, 60)
    query = {"channel": str(house.channel.pk), "language": "en", "segment": NEVER_BOUGHT}
    for report in ("retention", "at_risk", "topics"):
        fetch(house.adam, report, **query)
    retention, risk, rising = laid_out
    assert retention["narrowed"] == [] and risk["narrowed"] == rising["narrowed"] == ["Has not bought yet"]
    assert risk["tables"][0]["rows"] == [] and not any(table["rows"] for table in rising["tables"])


def test_customers_at_risk_are_those_its_reader_may_see(house: House, laid_out: list[dict[str, Any]]) -> None:
    lived(house, 400)
    ben = lead(house.ben)
    for agent in (house.adam, ben):
        fetch(agent, "at_risk")
        fetch(agent, "topics")
    everything, _all, some, _some = laid_out
    counted = [int(told["figures"][0]["of"].split()[0]) for told in (everything, some)]
    assert 0 < counted[1] < counted[0] and counted[1] == len(at_risk(ben, datetime.now(UTC)).rows)
    assert fetch(house.olena, "at_risk").status_code == 403


@pytest.mark.parametrize("report", ["retention", "topics", "at_risk"])
def test_customers_reports_come_by_mail(house: House, report: str) -> None:
    lived(house, 200)
    row = want(house.adam, report=report, as_pdf=True, query=f"channel={house.channel.pk}")
    today = datetime.now(UTC).date()
    letter = compose(ReportLetter.objects.create(mailing=row, agent=house.adam, first=today, last=today))
    html, plain = unescape(str(letter.alternatives[0][0])), str(letter.body)
    said = {"retention": "Had bought before", "topics": "Доставка", "at_risk": "Whom to ring first"}[report]
    assert said in html and said in plain and house.channel.name not in html
    assert html.count("<table") == html.count("</table>") and len(letter.attachments) == 1
    assert letter.message().as_bytes()


def test_a_mail_over_many_orders_waits_until_they_are_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lived(house, 60)
    monkeypatch.setattr(stored, "FEW_ORDERS", -2)
    now = datetime.now(UTC)
    want(house.adam, report="retention", at=now - 8 * DAY)
    assert plan_due(now) == 1 and send_due(now) == 0
    assert (ReportLetter.objects.get().state, ReportLetter.objects.get().reason) == ("waiting", "counting")
    while returning.keep_fresh(now):
        pass
    assert send_due(now) == 0  # a minute has not passed
    StoredAnswer.objects.update(counted_at=now - timedelta(hours=2))  # as of a letter a week ago
    assert send_due(now + timedelta(minutes=2)) == 0
    while returning.keep_fresh(now):
        pass
    assert send_due(now + timedelta(minutes=20)) == 1
    assert ReportLetter.objects.get().state == "sent" and "Counted at" in mail.outbox[0].body


def test_a_mailing_brings_it_where_that_is_wanted(house: House) -> None:
    row = want(house.adam, as_pdf=True, report="satisfaction")
    plain = want(house.adam, report="satisfaction")
    assert row.as_pdf and not plain.as_pdf and kinds(row.pk) == ["mailing.saved"]
    day = MONDAY.date()
    letters = [ReportLetter.objects.create(mailing=one, agent=house.adam, first=day, last=day) for one in (row, plain)]
    with_it, without = (compose(letter) for letter in letters)
    [(name, content, kind)] = with_it.attachments
    assert (name, kind) == (f"satisfaction-{day}-{day}.pdf", "application/pdf") and content.startswith(b"%PDF-")
    assert without.attachments == [] and with_it.message().as_bytes()


def test_both_ways_out_have_the_same_content(house: House) -> None:
    fill_year(house, 60)
    now = datetime.now(UTC)
    scope = Scope(house.adam, now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0), now)
    with translation.override("en"):
        found = CONTENTS["satisfaction"](scope, {"earlier": None, "query": ""})
    scores = satisfaction.scores(scope)
    assert [one.of for one in found.figures] == [f"n = {scores[k].n}" for k in satisfaction.shown_kinds(scores)]
