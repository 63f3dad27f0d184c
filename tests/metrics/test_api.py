"""Figures for programs: who may, and the same numbers as on the pages."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from metrics import figures, overview, retention, returning, satisfaction, work
from metrics.facts import Scope
from metrics.pages.tiles import tiles
from metrics.surveys.answers import Said, record_answer
from metrics.tallies import midnight
from metrics.work import by_group
from tests.api.client import Api
from tests.metrics.shop import fill_year, lead, make_policy
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_house, row_counts

pytestmark = pytest.mark.django_db
REPORTS = (
    "reports/overview/",
    "reports/at-risk/",
    "reports/notes/",
    "reports/satisfaction/",
    "reports/service-level/",
    "reports/wall/",
    "reports/retention/",
    "reports/work/",
    "reports/topics/",
    "policies/",
)


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.mark.parametrize("path", REPORTS)
def test_only_leads_read_reports(house: House, path: str) -> None:
    refused, allowed = [Api.of(agent) for agent in (house.olena, house.vera)], Api.of(lead(house.ben))
    before = row_counts()
    assert Api().get(path).status == 401
    for api in refused:
        assert (api.get(path).status, api.get(path).code) == (403, "forbidden")
    assert allowed.get(path).status == 200
    assert row_counts() == before


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


def test_policies_are_those_of_the_page_in_their_order(house: House) -> None:
    make_policy(conditions={"tier": ["gold"], "region": ["UA"]}, wait_seconds=120)
    [policy] = [one for one in Api.of(lead(house.ben)).get("policies/").body["results"] if one["in_force"]]
    assert policy["conditions"] == {"tier": ["gold"], "region": ["UA"]}
    assert policy["promises"] == {"first": 3600, "next": 7200, "wait": 120}
    assert (policy["name"], policy["calendar"], policy["warn"]) == ("Everything", "Around the clock", [75, 90])


def test_work_retention_and_topics_are_those_of_the_pages(house: House) -> None:
    fill_year(house, 400)
    ben = lead(house.ben)
    api, scope = Api.of(ben), Scope(ben, *period(365))
    body = api.get("reports/work/", days="365").body
    for group in ("channel", "team", "agent"):
        rows = by_group(scope, group)
        assert [(r["id"], r["opened"], r["first_answers"], r["kept"], r["median"]) for r in body[group]] == [
            (row.id, row.opened, row.n, row.kept, row.median) for row in rows
        ]
    assert body["team"][0]["id"] == house.support.pk and len(body["team"]) == 1
    body = api.get("reports/retention/", days="90").body
    found = retention.loyalty(*period(90))
    assert (body["retention"]["n"], body["retention"]["value"]) == (found.retention.n, found.retention.percent)
    assert body["second_purchase"]["value"] == found.second.seconds and body["counted_at"]
    assert sum(one["buyers"] for one in body["segments"]) == sum(one.buyers for one in retention.segments(period(1)[1]))
    assert {one["name"] for one in body["service"]} == {"quick", "kept", "satisfied", "contacted"}
    assert api.get("reports/topics/").body == {"tags": [], "words": []}


# Every figure that a page shows, by the dataclass that holds it -> where in REST it stands.
FIGURES: dict[type, tuple[str, dict[str, str]]] = {
    figures.Wall: ("wall", {
        "waiting": "waiting", "oldest": "waiting_since", "soon": "due_within_an_hour", "late": "overdue",
        "follow_ups": "follow_ups", "chats": "chats", "at_desks": "at_desks", "next_up": "",
    }),
    figures.Answering: ("service-level", {
        "n": "first_answer_median.n", "wall_median": "first_answer_median", "wall_p90": "first_answer_p90",
        "open_median": "first_answer_median_open", "open_p90": "first_answer_p90_open",
    }),
    figures.Attainment: ("service-level", {
        "target": "first", "kept": "first.kept", "missed": "first.missed", "dropped": "first.dropped",
    }),
    satisfaction.Scores: ("satisfaction", {"kind": "csat", "counts": "csat.scores"}),
    satisfaction.Response: ("satisfaction", {"asked": "response.n", "answered": "response.value"}),
    overview.Slot: ("overview", {
        "day": "first_answers.first_day", "kept": "first_answers.kept", "missed": "first_answers.missed",
        "n": "first_answers.answers", "median": "first_answers.median",
    }),
    retention.Loyalty: ("retention", {
        "retention": "retention", "returning": "returning", "repeat": "repeat", "second": "second_purchase",
        "seconds": "second_purchase.n",
    }),
    retention.Cohort: ("retention", {
        "month": "cohorts.month", "size": "cohorts.buyers", "active": "cohorts.active",
    }),
    retention.Segment: ("retention", {
        "name": "segments.name", "buyers": "segments.buyers", "orders": "segments.orders", "spent": "segments.spent",
        "currency": "segments.currency",
    }),
    work.Row: ("work", {
        "id": "team.id", "name": "team.name", "opened": "team.opened", "n": "team.first_answers", "kept": "team.kept",
        "missed": "team.missed", "median": "team.median", "p90": "team.p90", "rating": "team.satisfied",
        "ratings": "team.ratings",
    }),
    returning.Service: ("retention", {"comparisons": "service", "endings": "", "at": "counted_at"}),
}  # fmt: skip
TILES = {
    "median": "first_answer_median", "kept": "first_answer_in_time", "csat": "csat", "nps": "nps", "ces": "ces",
    "again": "bought_again",
}  # fmt: skip


def test_every_figure_has_its_address(house: House) -> None:
    fill_year(house, 60)
    api = Api.of(house.adam)
    bodies = {name: api.get(f"reports/{name}/", **({} if name == "wall" else {"days": "365"})).body
              for name in {address for address, _fields in FIGURES.values()}}  # fmt: skip
    for figure, (address, paths) in FIGURES.items():
        assert set(paths) == {one.name for one in fields(figure)}, figure
        for path in filter(None, paths.values()):
            found = bodies[address]
            for step in path.split("."):
                found = found[0] if isinstance(found, list) else found
                assert step in found, (figure, path)
                found = found[step]
    body = api.get("reports/overview/", days="365").body
    scope = Scope(house.adam, *period(365))
    shown = tiles(scope, satisfaction.scores(scope), None, "", overview.first_answers(scope, "month"))
    assert {tile.key for tile in shown} == set(TILES) and set(TILES.values()) <= set(body)
    n, median = overview.waited(scope)
    assert (body["first_answer_median"]["value"], body["first_answer_median"]["n"]) == (median.seconds, n)
    assert sum(one["opened"] for one in body["arrivals"]) == sum(overview.arrivals(scope).values()) > 0
    assert {one["ending"] for one in body["bought_again_by_ending"]} == {"well", "unrated", "badly", "silent"}


def period(days: int) -> tuple[datetime, datetime]:
    today, zone = timezone.localdate(), timezone.get_current_timezone_name()
    return midnight(today - timedelta(days=days - 1), zone), midnight(today + timedelta(days=1), zone)
