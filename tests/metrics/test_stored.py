"""Answers about all orders: worked out in a small shop, kept and kept fresh in a large one, the same in both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from bench.shop_year import DAY
from metrics import experience, retention, returning, stored
from metrics.facts import Scope
from metrics.models import StoredAnswer
from metrics.tallies import midnight
from people.models import Agent
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_house

pytestmark = pytest.mark.django_db
ZONE = "Europe/Kyiv"


@pytest.fixture
def house() -> House:
    house = make_house()
    fill_year(house, 300)
    return house


def scope_of(agent: Agent) -> Scope:
    today = datetime.now(ZoneInfo(ZONE)).date()
    return Scope(
        agent, midnight(today - timedelta(days=89), ZONE), midnight(today + timedelta(days=1), ZONE), zone=ZONE
    )


def ask_all(scope: Scope, now: datetime) -> None:
    for ask in (returning.loyalty, returning.repeat, returning.cohorts, returning.segments, returning.service):
        ask(scope, now)
    returning.repeats(scope, "week", now)


def keep_fresh(now: datetime) -> None:
    """As Celery does, until nothing is left to do."""
    while returning.keep_fresh(now):
        pass


def test_the_answers_are_those_worked_out_directly(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    scope, now = scope_of(house.adam), datetime.now(UTC)
    for few in (stored.FEW_ORDERS, -2):
        monkeypatch.setattr(stored, "FEW_ORDERS", few)
        ask_all(scope, now)
        keep_fresh(now)
        assert returning.loyalty(scope, now)[0] == retention.loyalty(scope.start, scope.end)
        assert returning.repeat(scope, now) == retention.repeat(scope.start, scope.end)
        assert returning.repeats(scope, "week", now) == retention.repeats(scope.start, scope.end, "week", ZONE)
        assert returning.cohorts(scope, now) == retention.cohorts(scope.end, ZONE)
        assert returning.segments(scope, now) == retention.segments(scope.end)
        cases = experience.cases(house.adam, scope.end - 455 * DAY, scope.end)
        service = returning.service(scope, now)
        assert service.comparisons == experience.compare(cases)
        assert service.endings == experience.by_ending(cases)
    assert StoredAnswer.objects.count() == 6


def test_a_reader_is_answered_in_their_own_sight(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "FEW_ORDERS", -2)
    now, ben, mallory = datetime.now(UTC), lead(house.ben), lead(house.mallory)
    for agent in (house.adam, ben, mallory):
        assert returning.service(scope_of(agent), now).at is None
    keep_fresh(now)
    found = [returning.service(scope_of(agent), now).endings for agent in (house.adam, ben, mallory)]
    assert len({str(one) for one in found}) == 3
    assert StoredAnswer.objects.count() == 3


def test_what_is_asked_is_kept_fresh_and_what_nobody_asks_is_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "FEW_ORDERS", -2)
    now, scope = datetime.now(UTC), scope_of(house.adam)
    assert returning.repeat(scope, now).n == 0  # nobody waits
    assert returning.keep_fresh(now) == 1
    first = returning.repeat(scope, now)
    assert first == retention.repeat(scope.start, scope.end) and first.n
    StoredAnswer.objects.update(answer=[0, 1])
    later = now + timedelta(minutes=11)
    assert returning.repeat(scope, later).n == 1  # at once, as it was
    assert returning.keep_fresh(now + timedelta(minutes=9)) == 0
    assert returning.keep_fresh(later) == 1 and returning.keep_fresh(later) == 0
    assert returning.repeat(scope, later) == first
    assert returning.keep_fresh(later + timedelta(days=2)) == 0  # nobody asked since
    returning.keep_fresh(later + timedelta(days=8))
    assert not StoredAnswer.objects.exists()


def test_the_page_says_of_when_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "FEW_ORDERS", -2)
    client = Client()
    client.force_login(house.adam)
    page = client.get(reverse("retention")).content.decode()
    assert "Look again then" in page and "Counted at" not in page
    keep_fresh(datetime.now(UTC))
    StoredAnswer.objects.update(counted_at=datetime.now(UTC) - timedelta(minutes=5))
    assert "Counted at" in client.get(reverse("retention")).content.decode()
