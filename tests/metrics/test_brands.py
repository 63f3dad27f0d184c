"""Brands in promises and surveys: a brand is its channels, now and after they change."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.models import Event
from metrics.actions import follow_brand, save_policy
from metrics.clocks.replan import replan_all
from metrics.conditions import tickets_of
from metrics.models import BusinessCalendar, Clock, Policy, Rules, Survey, SurveyAnswer
from metrics.rules import policies_of, rules_in_force
from metrics.surveys.asking import fits
from metrics.surveys.links import answer_url, public_url
from people.models import Brand, Role
from tests.api.client import Api
from tests.metrics.shop import ask, database_now, make_policy, settle
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_agent, make_house, signed_in
from tickets.actions.brands import BrandSaid, remove_brand, save_brand
from tickets.errors import InvalidInput
from tickets.models import Channel, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def north(house: House) -> Brand:
    return save_brand(None, BrandSaid("Nordvik"), by=house.adam, channels=[house.channel.pk])


@pytest.fixture
def south(house: House) -> Brand:
    said = BrandSaid(
        "Sudvik", color="#e30613", locale="de", url="https://sudvik.example", review_url="https://reviews.example/sud"
    )
    return save_brand(None, said, by=house.adam, channels=[house.other_channel.pk])


def fast(brand: Brand) -> Policy:
    """Ten minutes for tickets of this brand, an hour for all others."""
    make_policy("Others", position=2)
    policy = Policy.objects.create(
        name="Fast", position=1, calendar=BusinessCalendar.objects.get(name="Around the clock"), first_seconds=600,
        conditions={"brand_id": [brand.pk]}, is_active=False,
    )  # fmt: skip
    return save_policy(policy.pk, by=make_agent("Marta", role=Role.MANAGER), is_active=True, name="Fast")


def promised(ticket: Ticket) -> float:
    clock = Clock.objects.get(ticket=ticket, target="first")
    assert clock.due_at is not None
    return (clock.due_at - clock.started_at).total_seconds()


def follow() -> None:
    settle()
    while replan_all():
        pass


def test_a_promise_is_kept_for_the_channels_of_a_brand(house: House, north: Brand, south: Brand) -> None:
    fast(north)
    of_north, of_south = ask(house.channel), ask(house.other_channel)
    assert (promised(of_north), promised(of_south)) == (600, 3600)

    rules = policies_of(rules_in_force() or 0)
    assert [dict(one.conditions) for one in rules if one.terms.policy == "Fast"] == [
        {"channel_id": frozenset({house.channel.pk})}
    ]


def test_a_channel_that_changes_its_brand_is_planned_anew_once(house: House, north: Brand, south: Brand) -> None:
    fast(north)
    of_north, of_south = ask(house.channel), ask(house.other_channel)
    before = Rules.objects.count()

    save_brand(north.pk, BrandSaid("Nordvik"), by=house.adam, channels=[house.other_channel.pk])
    follow()

    assert (promised(of_north), promised(of_south)) == (3600, 600)
    assert Rules.objects.count() == before + 1
    moved = Event.objects.filter(kind="brand.changed").latest("pk")
    follow_brand(moved)  # heard twice
    save_brand(
        north.pk, BrandSaid("Nordvik", url="https://n.example"), by=house.adam, channels=[house.other_channel.pk]
    )
    follow()
    assert Rules.objects.count() == before + 1
    assert Event.objects.filter(kind="policy.brand_followed").count() == 1


def test_without_a_policy_by_brand_nothing_is_planned_anew(house: House, north: Brand) -> None:
    make_policy()
    settle()
    before = Rules.objects.count()
    save_brand(north.pk, BrandSaid("Nordvik"), by=house.adam, channels=[])
    settle()
    assert Rules.objects.count() == before


def test_the_preview_says_what_the_clocks_do(house: House, north: Brand, south: Brand) -> None:
    policy = fast(north)
    of_north, of_south = ask(house.channel), ask(house.other_channel)
    others = Policy.objects.get(name="Others")
    assert list(tickets_of(policy.conditions, [])) == [of_north]
    assert list(tickets_of(others.conditions, [policy])) == [of_south]
    both = {"brand_id": [north.pk], "channel_id": [house.other_channel.pk]}
    assert list(tickets_of(both, [])) == []


def test_a_brand_that_is_named_is_not_removed(house: House, north: Brand, south: Brand, client: Client) -> None:
    fast(north)
    make_survey(name="After help of Nordvik", conditions={"brand_id": [north.pk]})
    with pytest.raises(InvalidInput) as refused:
        remove_brand(north.pk, by=house.adam)
    assert "Fast, After help of Nordvik" in refused.value.message
    client = signed_in(house.adam)
    page = client.post(f"/brands/{north.pk}/remove/", follow=True).content.decode()
    assert "Fast, After help of Nordvik" in page
    house.channel.refresh_from_db()
    assert house.channel.brand == north
    Policy.objects.all().delete()
    Survey.objects.all().delete()
    remove_brand(north.pk, by=house.adam)
    assert not Brand.objects.filter(pk=north.pk).exists()


def test_the_forms_offer_brands_only_where_there_are_several(house: House, north: Brand, client: Client) -> None:
    client = signed_in(house.adam)
    pages = ("/service-levels/policies/new/", "/surveys/new/")
    assert not any("Nordvik" in client.get(page).content.decode() for page in pages)
    other = save_brand(None, BrandSaid("Sudvik"), by=house.adam)
    assert all("Nordvik" in client.get(page).content.decode() for page in pages)
    form: dict[str, Any] = {
        "name": "After", "kind": "csat", "delay_minutes": 5, "percent": 100, "follow_up_hours": 24,
        "brand_id": [other.pk],
    }  # fmt: skip
    assert client.post("/surveys/new/", form).status_code == 302
    survey = Survey.objects.get(name="After")
    assert survey.conditions == {"brand_id": [other.pk]}
    assert "Sudvik" in client.get("/surveys/").content.decode()
    # The last brand but one is gone, yet what a survey asks is not forgotten by saving it.
    Brand.objects.exclude(pk=other.pk).delete()
    client.post(f"/surveys/{survey.pk}/", form | {"percent": 50})
    survey.refresh_from_db()
    assert (survey.conditions, survey.percent) == ({"brand_id": [other.pk]}, 50)


def test_a_survey_is_for_tickets_of_its_brand(house: House, north: Brand, south: Brand) -> None:
    survey = make_survey(conditions={"brand_id": [south.pk]})
    assert fits(survey, ask(house.other_channel)) and not fits(survey, ask(house.channel))


def path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def test_customers_are_asked_in_the_brands_name(house: House, north: Brand, south: Brand) -> None:
    make_survey(review_url="https://reviews.example/all", web_link=True)
    save_brand(
        south.pk, BrandSaid("Sudvik", color="#e30613", url="https://sudvik.example", review_url="https://r.example/s"),
        by=house.adam, channels=[house.channel.pk],
    )  # fmt: skip
    invitation = asked(house)
    client, page_path = Client(), path(answer_url(invitation))
    page = client.get(page_path).content.decode()
    assert "– Sudvik</title>" in page and '<a href="https://sudvik.example"' in page
    assert "/looks/e30613.css" in page and "r.example" not in page
    client.post(page_path, {"score": "5"})
    page = client.get(page_path).content.decode()
    assert "https://r.example/s" in page and "reviews.example" not in page
    mail = Message.objects.get(auto_kind="survey")
    assert mail.text.endswith("\n\nSudvik\nhttps://sudvik.example")
    assert mail.html.endswith('<p><a href="https://sudvik.example">Sudvik</a></p>')

    # A brand without a place of its own sends them where the survey says.
    save_brand(south.pk, BrandSaid("Sudvik"), by=house.adam, channels=[house.channel.pk])
    page = client.get(page_path).content.decode()
    assert "https://reviews.example/all" in page and "/looks/" not in page


def test_a_public_link_is_of_the_brand_its_survey_is_for(house: House, north: Brand, south: Brand) -> None:
    survey = make_survey(web_link=True, conditions={"brand_id": [south.pk]})
    page = Client().get(path(public_url(survey)))
    assert "– Sudvik</title>" in page.content.decode() and page["Content-Language"] == "de"
    survey.conditions = {"brand_id": [south.pk, north.pk]}
    survey.save()
    page = Client().get(path(public_url(survey)))
    assert "Sudvik" not in page.content.decode() and page["Content-Language"] == "en"
    assert not SurveyAnswer.objects.exists()


def test_a_house_without_brands_asks_in_the_name_customers_wrote_to(house: House) -> None:
    make_survey()
    invitation = asked(house)
    page = Client().get(path(answer_url(invitation))).content.decode()
    assert "/looks/" not in page and "– Support</title>" in page
    mail = Message.objects.get(auto_kind="survey")
    assert mail.html.endswith("people who know it.</p>")


def test_reports_of_a_brand_are_those_of_its_channels(house: House, north: Brand, south: Brand, client: Client) -> None:
    more = Channel.objects.create(name="Sud chat", address="sud", team=house.returns, brand=south)
    for channel, score in ((house.channel, 5), (house.other_channel, 2), (more, 3), (more, 4)):
        answered(channel, score)
    client = signed_in(house.adam)

    def n(**query: Any) -> int:
        page = client.get(reverse("satisfaction"), {"period": "365"} | query).content.decode()
        found = re.search(r"(\d+) answers?\b", page)
        return int(found[1]) if found else 0

    assert [n(), n(brand=north.pk), n(brand=south.pk)] == [4, 1, 3]
    assert n(brand=south.pk, channel=more.pk) == 2 and n(brand=north.pk, channel=more.pk) == 0
    api = Api.of(house.adam)
    said = [api.get("reports/satisfaction/", days="365", brand=str(one)).body["csat"]["n"] for one in
            (north.pk, south.pk, 999_999)]  # fmt: skip
    assert said == [1, 3, 0]
    csv = client.get(reverse("satisfaction_csv"), {"period": "365", "brand": south.pk})
    assert len(b"".join(csv).splitlines()) == 4  # a head and three answers


def answered(channel: Channel, score: int) -> None:
    ticket = ask(channel)
    SurveyAnswer.objects.create(
        kind="csat", score=score, via="mail", ticket=ticket, cycle=1, channel_id=channel.pk, team_id=ticket.team_id,
        answered_at=database_now(),
    )  # fmt: skip


def test_reports_offer_brands_where_there_are_several_and_keep_the_choice(
    house: House, north: Brand, client: Client
) -> None:
    client = signed_in(house.adam)
    assert "Nordvik" not in client.get(reverse("overview")).content.decode()
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("overview"))
    south = save_brand(None, BrandSaid("Sudvik"), by=house.adam, channels=[house.other_channel.pk])
    for report in ("overview", "sla_report", "satisfaction", "satisfaction_answers", "work_report"):
        page = client.get(reverse(report), {"brand": south.pk}).content.decode()
        assert f'<option value="{south.pk}" selected>Sudvik</option>' in page, report
        assert f"brand={south.pk}" in page, report
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("overview"), {"brand": south.pk})
    assert len(many) <= len(few)
    new = client.get(f"{reverse('mailing_new')}?report=overview&brand={south.pk}&period=90").content.decode()
    assert "Sudvik" in new
    # A report by mail of a brand that is gone does not become one of the whole house.
    remove_brand(south.pk, by=house.adam)
    page = client.get(reverse("satisfaction"), {"brand": south.pk}).content.decode()
    assert "A brand without channels" in page
