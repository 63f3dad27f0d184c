"""Reports as PDF: what stands in them is what stands on the page, tagged, in the reader's sight and language."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from events.models import AuditEntry
from metrics import satisfaction
from metrics.facts import Scope
from metrics.mailing import paper
from metrics.mailing.contents import CONTENTS, PAGES
from metrics.mailing.letter import compose
from metrics.models import Annotation, ReportLetter
from people.models import Agent
from tests.metrics.shop import fill_year, lead
from tests.metrics.test_mailings import MONDAY, kinds, want
from tests.people import House, make_house

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
    client = Client()
    client.force_login(agent)
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


@pytest.mark.parametrize("report", list(PAGES))
@pytest.mark.parametrize("filled", [True, False])
def test_every_report_is_a_tagged_pdf_with_its_fonts_also_of_nothing(house: House, report: str, filled: bool) -> None:
    if filled:
        fill_year(house, 60)
    response = fetch(house.adam, report, period="365")
    assert response.status_code == 200 and response["Content-Type"] == "application/pdf"
    assert re.fullmatch(rf'attachment; filename="{report}-[\d-]+\.pdf"', response["Content-Disposition"])
    content = inside(response.content)
    assert response.content.startswith(b"%PDF-") and len(response.content) < 200_000
    assert b"/StructTreeRoot" in content and b"/Marked true" in content and b"pdfuaid" in content
    assert b"Inter-Regular" in content and b"/FontFile" in content
    assert (b"/THead" in content or b"/TH" in content) == filled


def test_it_says_what_the_page_says_with_definitions_n_and_intervals(
    house: House, laid_out: list[dict[str, Any]]
) -> None:
    fill_year(house, 400)
    Annotation.objects.create(day=datetime.now(UTC).date(), text="Sale, *not* bold #1")
    assert fetch(house.adam, "satisfaction", period="365").status_code == 200
    [told] = laid_out
    page = Client()
    page.force_login(house.adam)
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
    fill_year(house, 30)
    Annotation.objects.create(day=datetime.now(UTC).date(), text="双十一 🎉")
    for report in PAGES:
        response = fetch(house.adam, report, period="365")
        assert response.status_code == 200 and response.content.startswith(b"%PDF-")
        assert b"/StructTreeRoot" in inside(response.content)


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
