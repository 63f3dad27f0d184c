"""Satisfaction from 1 to 10: a scale of its own from the question to the figure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from metrics import satisfaction, work
from metrics.at_risk import at_risk
from metrics.counting import count_days
from metrics.models import DayTally, FollowUp, Survey, SurveyAnswer, SurveyInvitation
from metrics.surveys.actions import save_survey
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.asking import ask_due
from metrics.surveys.letters import thanks_text
from metrics.surveys.links import answer_url, public_url
from tests.api.client import Api
from tests.metrics.shop import database_now, settle
from tests.metrics.surveys.asked import asked, make_survey, solved
from tests.metrics.surveys.test_answers import path
from tests.metrics.surveys.test_satisfaction import browser, give, scope
from tests.people import House, make_house
from tickets.errors import InvalidInput
from tickets.inbound import Address
from tickets.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def as_saved(survey: Survey, **fields: Any) -> dict[str, Any]:
    names = ("name", "kind", "is_active", "delay_minutes", "percent", "follows_up", "follow_up_hours", "review_url",
             "web_link", "conditions")  # fmt: skip
    return {name: getattr(survey, name) for name in names} | fields


def test_one_click_in_the_mail_on_one_of_ten(house: House) -> None:
    make_survey(kind="csat10")
    invitation = asked(house)
    mail = Message.objects.get(auto_kind="survey")
    links = [path(link) for link in re.findall(r"https?://\S+score=\d+", mail.text)]
    assert [link.rpartition("=")[2] for link in links] == [str(n) for n in range(1, 11)]
    assert "1 = very dissatisfied, 10 = very satisfied" in mail.html and "How satisfied are you" in mail.text
    page = Client().get(links[9]).content.decode()
    assert re.search(r'value="10" data-band="high" required checked', page) and page.count('name="score"') == 10
    assert '<span class="why-middle">What could have been better?</span>' in page
    assert "What could have been better?" in thanks_text(invitation, 8) and "?" not in thanks_text(invitation, 9)[:50]
    assert re.search(r'value="8" data-band="middle"', page) and re.search(r'value="4" data-band="low"', page)
    assert Client().post(path(answer_url(invitation)), {"score": "10", "quick": "1"}).status_code == 200
    answer = SurveyAnswer.objects.get()
    assert (answer.kind, answer.score) == ("csat10", 10)
    for wrong in (0, 11):
        with pytest.raises(InvalidInput):
            record_answer(invitation.pk, Said(wrong))


def test_four_of_ten_is_followed_up_and_four_of_five_is_not(house: House) -> None:
    survey = make_survey(kind="csat10")
    record_answer(asked(house).pk, Said(4))
    Survey.objects.filter(pk=survey.pk).update(kind="csat")
    record_answer(asked(house, sender=Address("Ann", "ann@customer.example")).pk, Said(4))
    settle()
    assert [row.answer.kind for row in FollowUp.objects.all()] == ["csat10"]
    assert [(row.kind, row.score) for row in at_risk(house.adam, database_now()).rows] == [("csat10", 4)]


def test_a_question_keeps_the_scale_it_was_asked_on(house: House) -> None:
    survey = make_survey()
    early = asked(house)
    ticket = solved(house, sender=Address("Ann", "ann@customer.example"))
    assert SurveyInvitation.objects.get(ticket=ticket).kind == "csat"
    record_answer(early.pk, Said(5))
    save_survey(survey.pk, by=house.adam, **as_saved(survey, kind="csat10"))
    ask_due(at=database_now())
    late = SurveyInvitation.objects.get(ticket=ticket)
    assert (early.kind, late.kind) == ("csat", "csat10")
    record_answer(early.pk, Said(4))
    with pytest.raises(InvalidInput):
        record_answer(early.pk, Said(6))
    record_answer(late.pk, Said(6))
    assert list(SurveyAnswer.objects.order_by("pk").values_list("kind", "score")) == [("csat", 4), ("csat10", 6)]
    with pytest.raises(InvalidInput):
        save_survey(survey.pk, by=house.adam, **as_saved(survey, kind="nps"))
    survey.refresh_from_db()
    assert survey.kind == "csat10"


def test_a_public_page_that_stands_open_keeps_its_scale_too(house: House) -> None:
    survey = make_survey(web_link=True)
    client, link = Client(), path(public_url(survey))
    visit = re.search(r'name="visit" value="([^"]+)"', client.get(link).content.decode())
    assert visit is not None
    Survey.objects.filter(pk=survey.pk).update(kind="csat10")
    assert client.post(link, {"score": "9", "visit": visit[1]}).status_code == 302
    assert not SurveyAnswer.objects.exists()
    assert client.post(link, {"score": "5", "visit": visit[1]}).status_code == 302
    assert SurveyAnswer.objects.values_list("kind", "score").get() == ("csat", 5)
    assert client.get(link).content.decode().count('name="score"') == 10


def test_two_scales_are_two_figures_everywhere(house: House) -> None:
    for score in (5, 5, 4, 1):
        give(house, "csat", score)
    for score in (10, 9, 8, 8, 8, 2):
        give(house, "csat10", score)
    found = satisfaction.scores(scope(house.adam))
    assert found["csat"].value == 75 and found["csat10"].value == pytest.approx(100 / 3)
    assert satisfaction.shown_kinds(found) == ["csat", "csat10", "nps", "ces"]
    assert satisfaction.scale_used(found) == "csat10"
    client = browser(house.adam)
    page = client.get(reverse("satisfaction")).content.decode()
    assert 'id="t-csat"' in page and 'id="t-csat10"' in page and "9 and 10 on the scale from 1 to 10" in page
    assert ">75.0<" in page and ">33.3<" in page and ">50.0<" not in page
    overview = client.get(reverse("overview")).content.decode()
    assert "CSAT, 1 to 10" in overview and ">33.3<" in overview and overview.count('id="t-csat') == 1
    low = client.get(reverse("satisfaction_answers"), {"kind": "csat10", "band": "low"}).content.decode()
    assert "2 of 10" in low and "1 of 5" not in low
    lines = b"".join(client.get(reverse("satisfaction_csv"))).decode().splitlines()
    assert sum(",csat10,10,10," in line for line in lines) == 1
    [everybody] = [row for row in work.by_group(scope(house.adam), "agent") if row.ratings]
    assert everybody.ratings == 6 and everybody.rating == pytest.approx(100 / 3)
    body = Api.of(house.adam).get("reports/satisfaction/").body
    assert (body["csat"]["value"], body["csat"]["n"], body["csat10"]["n"]) == (75, 4, 6)
    assert body["csat10"]["scores"] == {"2": 1, "8": 3, "9": 1, "10": 1}


def test_where_only_ten_was_asked_no_empty_five_stands_beside_it(house: House) -> None:
    give(house, "csat10", 10)
    page = browser(house.adam).get(reverse("satisfaction")).content.decode()
    assert 'id="t-csat10"' in page and 'id="t-csat"' not in page


def test_kept_counts_hold_it_apart_and_are_verified(house: House) -> None:
    make_survey(kind="csat10")
    record_answer(asked(house).pk, Said(10))
    count_days(database_now() + timedelta(days=2))
    assert set(DayTally.objects.filter(what=2).values_list("key", flat=True)) == {410}
    call_command("verify_metrics")
    DayTally.objects.filter(what=2).update(key=110)
    with pytest.raises(CommandError):
        call_command("verify_metrics")
