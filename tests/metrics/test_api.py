"""Figures for programs: who may, and the same numbers as on the pages."""

from __future__ import annotations

import pytest

from metrics.surveys.answers import Said, record_answer
from tests.api.client import Api
from tests.metrics.shop import lead
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_house, row_counts

pytestmark = pytest.mark.django_db
REPORTS = ("reports/satisfaction/", "reports/service-level/", "reports/wall/")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.mark.parametrize("path", REPORTS)
def test_only_leads_read_reports(house: House, path: str) -> None:
    before = row_counts()
    assert Api().get(path).status == 401
    for agent in (house.olena, house.vera):
        assert (Api.of(agent).get(path).status, Api.of(agent).get(path).code) == (403, "forbidden")
    assert Api.of(lead(house.ben)).get(path).status == 200
    after = row_counts()
    after.pop("people_apitoken"), before.pop("people_apitoken")
    assert after == before


def test_the_figures_are_those_of_the_pages_in_the_readers_scope(house: House) -> None:
    make_survey()
    record_answer(asked(house).pk, Said(2))
    api = Api.of(lead(house.ben))
    body = api.get("reports/satisfaction/").body
    assert body["csat"]["value"] == 0 and body["csat"]["n"] == 1 and body["csat"]["scores"] == {"2": 1}
    assert body["nps"] == {"value": None, "low": None, "high": None, "n": 0, "scores": {}, "change": None}
    assert (body["response"]["value"], body["response"]["n"]) == (100.0, 1)
    assert Api.of(lead(house.mallory)).get("reports/satisfaction/").body["csat"]["n"] == 0
    assert api.get("reports/satisfaction/", channel=str(house.other_channel.pk)).body["csat"]["n"] == 0
    first = api.get("reports/service-level/").body["first"]
    assert (first["n"], first["kept"], first["missed"]) == (1, 1, 0)
    assert api.get("reports/wall/").body["waiting"] == 0
    assert api.get("reports/satisfaction/", days="0").status == 400
