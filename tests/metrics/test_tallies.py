"""Counts kept by day: the same to the last one as what the rows say, whatever came late, twice, or was moved."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from bench.shop_year import DAY, Year
from metrics import overview, satisfaction, work
from metrics.counting import count_days
from metrics.facts import Scope
from metrics.figures import answering, attainment, by_channel, over_time
from metrics.measures import MEASURES, Dim, language_number
from metrics.models import ChangedHour, Clock, CountedDay, DayTally, SurveyAnswer
from metrics.segments import read_segment
from metrics.tallies import clean_days, count, days_of_hours, has_own, kept_days, midnight, runs, sources
from people.models import Agent
from tests.metrics.shop import fill_year, lead
from tests.people import House, make_agent, make_house
from tickets.models import Status, Ticket

pytestmark = pytest.mark.django_db
ZONES = ("Europe/Kyiv", "Australia/Lord_Howe")


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def year(house: House) -> Year:
    Agent.objects.filter(pk=house.vera.pk).update(time_zone="Australia/Lord_Howe")
    year = fill_year(house, 150)
    draw = random.Random(3)
    for ticket in Ticket.objects.all():
        ticket.team_id = draw.choice([house.support.pk, house.returns.pk, None])
        ticket.assignee_id = draw.choice([house.ben.pk, house.mallory.pk, None])
        ticket.language = draw.choice(["en", "uk", "pt-BR", ""])
        ticket.save(update_fields=["team", "assignee", "language"])
        Clock.objects.filter(ticket=ticket).update(team_id=ticket.team_id, answered_by=ticket.assignee_id)
    settle()
    return year


def settle() -> None:
    """Count whatever is to be counted."""
    while count_days(datetime.now(UTC) + timedelta(minutes=15)):  # long enough for months to be added up again
        pass


def scopes(agent: Agent, house: House, zone: str) -> Iterator[Scope]:
    """A year up to now, some days of it, filters the kept counts know and do not know, and no whole days."""
    today = datetime.now(ZoneInfo(zone)).date()
    start, end = midnight(today - timedelta(days=400), zone), midnight(today + timedelta(days=1), zone)
    clean, rolled, _again = kept_days(zone)
    scope = Scope(agent, start, end, zone=zone, clean=clean, rolled=rolled)
    yield scope
    yield replace(scope, channel=house.channel.pk, open_time=True)
    yield replace(scope, member=house.ben.pk, team=house.support.pk)
    yield replace(scope, language="uk")
    both = frozenset({house.channel.pk, house.other_channel.pk})
    yield replace(scope, brand=both, open_time=True)
    yield replace(scope, brand=both, team=house.support.pk)
    yield replace(scope, brand=both - {house.channel.pk}, channel=house.channel.pk)
    yield replace(scope, language="uk", channel=house.channel.pk)
    yield replace(scope, segment=read_segment("repeat", scope.end))
    yield scope.at(midnight(today - timedelta(days=250), zone), midnight(today - timedelta(days=140), zone))
    yield replace(scope, start=scope.start + timedelta(days=200, minutes=7))


def figures(scope: Scope) -> list[Any]:
    """All that the reports count."""
    return [
        attainment(scope), by_channel(scope), over_time(scope), answering(scope), overview.arrivals(scope),
        *[overview.first_answers(scope, step) for step in ("day", "week", "month")], satisfaction.scores(scope),
        satisfaction.by_week(scope, "csat"), *[work.by_group(scope, group) for group in ("channel", "team", "agent")],
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_every_figure_is_the_same_counted_from_the_rows(house: House, year: Year, zone: str) -> None:
    assert clean_days(zone)
    limited = make_agent("Lim", role="manager", team=house.support)
    for agent in (house.adam, lead(house.ben), limited):
        for scope in scopes(agent, house, zone):
            assert figures(scope) == figures(replace(scope, clean=frozenset())), (agent.name, scope)


def test_who_has_no_tickets_of_their_own_elsewhere_is_spared_looking_for_them(house: House, year: Year) -> None:
    zone, ben = "Europe/Kyiv", lead(house.ben)
    scope = next(scopes(ben, house, zone))
    assert has_own(ben) and not has_own(house.adam)
    Ticket.objects.filter(assignee=ben).exclude(team=house.support).update(assignee=None)
    scope = next(scopes(ben, house, zone))
    assert not has_own(ben) and figures(replace(scope, own=False)) == figures(replace(scope, clean=frozenset()))
    with CaptureQueriesContext(connection) as queries:
        count(replace(scope, own=False), MEASURES[0])
    with CaptureQueriesContext(connection) as more:
        count(scope, MEASURES[0])
    assert len(more) == len(queries) + 1
    other = Ticket.objects.filter(team=house.returns).first()
    assert other is not None
    Ticket.objects.filter(pk=other.pk).update(assignee=ben)
    assert has_own(ben)


def test_what_is_kept_is_read_and_not_the_rows(house: House, year: Year) -> None:
    today = datetime.now(ZoneInfo("Europe/Kyiv")).date()
    zone = "Europe/Kyiv"
    scope = Scope(
        house.adam, midnight(today - timedelta(days=300), zone), midnight(today - timedelta(days=5), zone), zone=zone,
        clean=clean_days(zone),
    )  # fmt: skip
    brand = replace(scope, brand=frozenset({house.channel.pk, house.other_channel.pk}))
    for measure in MEASURES:
        for narrowed, group in ((scope, Dim.TEAM), (replace(scope, language="en"), None), (brand, None)):
            with CaptureQueriesContext(connection) as queries:
                assert count(narrowed, measure, group=group, over="day")
            assert len(queries) == 1 and "metrics_daytally" in queries[0]["sql"]


def test_whole_months_are_read_added_up_and_their_medians_without_rows(house: House, year: Year) -> None:
    zone, today = "Europe/Kyiv", datetime.now(ZoneInfo("Europe/Kyiv")).date()
    clean, rolled, _again = kept_days(zone)
    first = (today.replace(day=1) - timedelta(days=200)).replace(day=1)
    last = (today.replace(day=1) - timedelta(days=60)).replace(day=1)
    scope = Scope(house.adam, midnight(first, zone), midnight(last, zone), zone=zone, clean=clean, rolled=rolled)
    with CaptureQueriesContext(connection) as queries:
        found = [answering(scope), attainment(scope), overview.first_answers(scope, "month")]
    assert found[0].n and {"metrics_monthtally" in query["sql"] for query in queries} == {True}
    rows = replace(scope, clean=frozenset())
    assert found == [answering(rows), attainment(rows), overview.first_answers(rows, "month")]
    # A month that has just changed is read by its days, until it was quiet for a while.
    changed = Clock.objects.filter(stopped_at__gte=scope.start, stopped_at__lt=scope.end)
    months = {
        at.astimezone(ZoneInfo(zone)).date().replace(day=1) for at in changed.values_list("stopped_at", flat=True)
    }
    assert months
    changed.update(wall_seconds=F("wall_seconds") * 3)
    while count_days(datetime.now(UTC)):
        pass
    clean, rolled, _again = kept_days(zone)
    scope, rows = replace(scope, clean=clean, rolled=rolled), replace(rows)
    assert months.isdisjoint(sources(scope, None, None).months) and sources(scope, None, None).days
    assert answering(scope) == answering(rows) != found[0]
    settle()
    assert kept_days(zone).rolled > rolled
    verify()


def changes(house: House) -> list[Callable[[], None]]:
    """What may happen to something long over."""
    old = Clock.objects.filter(stopped_at__lt=datetime.now(UTC) - 30 * DAY).order_by("pk")
    clock = old[3]
    ticket = Ticket.objects.get(pk=clock.ticket_id)

    def delete() -> None:
        ticket.delete()

    def late_fact() -> None:
        Clock.objects.filter(pk=clock.pk).update(stopped_at=F("stopped_at") - 40 * DAY)

    def answered_again() -> None:
        SurveyAnswer.objects.filter(ticket=ticket).update(score=1)

    def moved() -> None:
        Ticket.objects.filter(pk=ticket.pk).update(team=house.returns, assignee=house.mallory)

    def understood_late() -> None:
        Ticket.objects.filter(pk=ticket.pk).update(language="uk" if ticket.language != "uk" else "en")

    def spam() -> None:
        Ticket.objects.filter(pk=ticket.pk).update(status=Status.SPAM)

    def told_late() -> None:
        copy = Clock.objects.get(pk=old[5].pk)
        copy.pk, copy.number = None, 77
        copy.save()

    return [late_fact, answered_again, moved, understood_late, told_late, spam, delete]


def test_a_late_change_is_seen_at_once_and_counted_soon(house: House, year: Year) -> None:
    zone, ben = "Europe/Kyiv", lead(house.ben)
    before = clean_days(zone)
    for change in changes(house):
        # What language a ticket has moves only what is narrowed to one.
        language = "uk" if change.__name__ == "understood_late" else ""
        was = figures(replace(next(scopes(house.adam, house, zone)), language=language))
        change()
        assert ChangedHour.objects.exists() and clean_days(zone) < before, change.__name__
        for agent in (house.adam, ben):
            scope = replace(next(scopes(agent, house, zone)), language=language)
            now = figures(scope)
            assert now == figures(replace(scope, clean=frozenset())), (change.__name__, agent.name)
            assert agent == ben or now != was, change.__name__
        settle()
        assert not ChangedHour.objects.exists() and clean_days(zone) == before, change.__name__
        clean, rolled, _again = kept_days(zone)
        assert figures(replace(scope, clean=clean, rolled=rolled)) == now, change.__name__
    verify()


def verify() -> str:
    out = StringIO()
    call_command("verify_metrics", "--tallies", stdout=out)
    return out.getvalue()


def test_counting_twice_is_counting_once(house: House, year: Year) -> None:
    rows = sorted(
        DayTally.objects.values_list("zone", "day", "what", "dim", "group", "place_team", "place_channel", "key", "n")
    )
    ChangedHour.objects.bulk_create([ChangedHour(at=datetime.now(UTC) - n * DAY) for n in range(1, 300)])
    settle()
    settle()
    assert (
        sorted(
            DayTally.objects.values_list(
                "zone", "day", "what", "dim", "group", "place_team", "place_channel", "key", "n"
            )
        )
        == rows
    )
    assert "is what its rows say" in verify()


def test_what_happens_now_is_noted_nowhere(house: House, year: Year) -> None:
    answer = SurveyAnswer.objects.first()
    assert answer is not None
    answer.pk, answer.answered_at, answer.key = None, datetime.now(UTC), None
    answer.save()
    Ticket.objects.filter(pk__gt=0).update(preview="x")
    assert not ChangedHour.objects.exists()


def test_verify_fails_on_any_difference(house: House, year: Year) -> None:
    verify()
    row = DayTally.objects.order_by("pk")[7]
    DayTally.objects.filter(pk=row.pk).update(n=F("n") + 1)
    with pytest.raises(CommandError, match="1 differences"):
        verify()


def test_history_counted_by_another_definition_is_counted_anew_and_marked(
    house: House, year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("metrics.tallies", "metrics.counting"):
        monkeypatch.setattr(f"{module}.DEFINITION", 99)
    assert clean_days("Europe/Kyiv") == frozenset()
    settle()
    assert clean_days("Europe/Kyiv")
    assert not CountedDay.objects.filter(recounted_at=None).exists()
    client = Client()
    client.force_login(house.adam)
    today = timezone.localdate()
    said = f"7 days of this period were counted anew on {date_format(today, 'j E Y')}"
    asked = {"period": "own", "from": str(today - 20 * DAY), "to": str(today - 14 * DAY)}
    for name in ("overview", "sla_report", "satisfaction", "work_report"):
        assert said in client.get(reverse(name), asked).content.decode(), name
        assert "counted anew" not in client.get(reverse(name), {"period": "1"}).content.decode(), name


def test_what_is_only_counted_finer_changes_no_figure_and_is_not_marked(
    house: House, year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    CountedDay.objects.update(definition=1)
    settle()
    assert clean_days("Europe/Kyiv") and set(CountedDay.objects.values_list("recounted_at", flat=True)) == {None}
    CountedDay.objects.update(definition=0)
    settle()
    assert not CountedDay.objects.filter(recounted_at=None).exists()


def test_a_language_is_the_same_number_here_and_there(house: House, year: Year) -> None:
    kept = set(DayTally.objects.filter(dim=Dim.LANGUAGE).values_list("group", flat=True))
    assert kept == {language_number(code) for code in ("en", "uk", "pt-BR", "")} and 0 in kept


def test_runs_and_hours() -> None:
    days = [datetime(2026, 3, d, tzinfo=UTC).date() for d in (1, 2, 3, 7, 9, 10)]
    assert [(a.day, b.day) for a, b in runs(days)] == [(1, 3), (7, 7), (9, 10)]
    hour = datetime(2026, 3, 1, 18, tzinfo=UTC)
    assert len(days_of_hours([hour], "Asia/Kolkata")) == 2  # its midnight is at half past
    assert len(days_of_hours([hour], "Europe/Kyiv")) == 1
