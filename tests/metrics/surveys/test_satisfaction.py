"""The satisfaction page against a plain recount in SQL, in its reader's scope, at a cost that does not grow."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics import satisfaction
from metrics.facts import Scope
from metrics.models import SurveyAnswer
from metrics.surveys.answers import Said, record_answer
from people.models import Agent
from tests.metrics.shop import database_now, lead
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_house, signed_in
from tickets.inbound import Address

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def browser(agent: Agent) -> Client:
    return signed_in(agent)


def give(house: House, kind: str, score: int, *, ago: timedelta = timedelta(hours=1)) -> None:
    """An answer by public link."""
    by: dict[str, Any] = {"via": "web"}
    SurveyAnswer.objects.create(kind=kind, score=score, answered_at=database_now() - ago, **by)


def scope(agent: Agent, days: int = 30) -> Scope:
    now = database_now()
    return Scope(agent, now - timedelta(days=days), now + timedelta(days=1))


def plain(sql: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


def test_figures_are_those_of_a_recount(house: House) -> None:
    draw = random.Random(7)
    for _ in range(120):
        give(house, "csat", draw.choice([1, 2, 3, 4, 4, 5, 5, 5]), ago=timedelta(days=draw.uniform(0, 29)))
        give(house, "nps", draw.choice(range(11)), ago=timedelta(days=draw.uniform(0, 29)))
        give(house, "ces", draw.choice(range(1, 8)), ago=timedelta(days=draw.uniform(0, 29)))
    found = satisfaction.scores(scope(house.adam))
    answer = "FROM metrics_surveyanswer WHERE kind = %s"
    assert found["csat"].value == pytest.approx(float(plain(f"SELECT 100.0 * avg((score >= 4)::int) {answer}", "csat")))
    assert found["nps"].value == pytest.approx(
        float(plain(f"SELECT 100.0 * (avg((score >= 9)::int) - avg((score <= 6)::int)) {answer}", "nps"))
    )
    assert found["ces"].value == pytest.approx(float(plain(f"SELECT avg(score) {answer}", "ces")))
    assert [found[kind].n for kind in ("csat", "nps", "ces")] == [120, 120, 120]
    for kind in ("csat", "nps", "ces"):
        low, high = found[kind].interval or (0, 0)
        assert low < (found[kind].value or 0) < high
        weeks = satisfaction.by_week(scope(house.adam), kind)
        assert sum(one.n for _week, one in weeks) == 120


def test_a_difference_is_real_only_where_its_interval_says_so(house: House) -> None:
    for n in range(200):
        give(house, "csat", 5 if n % 10 else 1)
        give(house, "csat", 5 if n % 2 else 1, ago=timedelta(days=40))
        give(house, "nps", 10 if n % 2 else 0)
        give(house, "nps", 10 if (n + 1) % 2 else 0, ago=timedelta(days=40))
    now = scope(house.adam)
    found, earlier = satisfaction.scores(now), satisfaction.scores(satisfaction.before(now))
    better, same = (satisfaction.change(found[kind], earlier[kind]) for kind in ("csat", "nps"))
    assert better is not None and better.value == pytest.approx(40) and better.is_real
    assert same is not None and same.value == 0 and not same.is_real


def test_the_page_shows_what_its_reader_may_see_and_opens_what_stands_behind(house: House) -> None:
    make_survey()
    record_answer(asked(house).pk, Said(2, ["slow"], "=Two weeks!"))
    other = Address("Ivo", "ivo@other.example")
    record_answer(asked(house, sender=other).pk, Said(5, ["quick"], "Lovely"))
    page = browser(lead(house.ben)).get(reverse("satisfaction"), {"period": "7"}).content.decode()
    for words in ("50.0", "2 answers", "few answers", "2 of 2 asked", "Two weeks!", "It took too long", "Olena"):
        assert words in page, words
    rows = browser(house.ben).get(reverse("satisfaction_answers"), {"kind": "csat", "band": "low"}).content.decode()
    assert "Two weeks!" in rows and "Lovely" not in rows
    foreign = browser(lead(house.mallory)).get(reverse("satisfaction"), {"period": "7"}).content.decode()
    assert "Two weeks!" not in foreign and "Nobody answered" in foreign
    lines = b"".join(browser(house.ben).get(reverse("satisfaction_csv"))).decode("utf-8-sig").splitlines()
    assert len(lines) == 3 and "'=Two weeks!" in lines[1] and "csat,2,5,slow" in lines[1]


def test_rows_come_by_keyset(house: House) -> None:
    for _ in range(60):
        give(house, "nps", 9)
    client = browser(house.adam)
    first = client.get(reverse("satisfaction_answers"), {"kind": "nps"}).content.decode()
    [last] = SurveyAnswer.objects.order_by("-id").values_list("pk", flat=True)[49:50]
    assert f"after={last}" in first and first.count("9 of 10") == 50
    assert client.get(reverse("satisfaction_answers"), {"after": str(last)}).content.decode().count("9 of 10") == 10


def test_the_page_costs_the_same_however_much_was_answered(house: House) -> None:
    make_survey()
    record_answer(asked(house).pk, Said(2, ["slow"], "Hm"))
    client = browser(house.adam)
    client.get(reverse("satisfaction"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("satisfaction"))
    for n in range(60):
        give(house, "csat", 1 + n % 5, ago=timedelta(days=n % 20))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("satisfaction"))
    assert len(many) == len(few) <= 26


def test_verify_recounts_answers_from_events(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    make_survey()
    invitation = asked(house)
    answer = record_answer(invitation.pk, Said(2))
    record_answer(invitation.pk, Said(4, ["quick"], "Better"))
    call_command("verify_metrics")
    SurveyAnswer.objects.filter(pk=answer.pk).update(score=5)
    give(house, "nps", 3)
    with pytest.raises(CommandError, match="2 differences"):
        call_command("verify_metrics")
    said = capsys.readouterr().out
    assert f"answer {answer.pk}: score is 5, the events say 4" in said and "no event tells of it" in said
    SurveyAnswer.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("verify_metrics")
    assert f"answer {answer.pk}: its row is missing" in capsys.readouterr().out
