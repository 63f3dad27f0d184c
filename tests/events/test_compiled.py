"""Queries whose SQL is kept: the same rows as the queryset's, for every kind of row, key, slot and thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, transaction
from django.db.models import CharField, Count, JSONField, Q, QuerySet, Value
from django.db.models.functions import JSONObject
from django.test.utils import CaptureQueriesContext

from events import compiled as module
from events.compiled import Compiled, compiled, compiled_among, slot
from people.models import Agent, Team
from tickets.models import Ticket

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=["plain", "prepared"])
def manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "prepared":
        monkeypatch.setattr(module, "HOT", 0)
    return str(request.param)


@pytest.fixture(autouse=True)
def teams() -> list[Team]:
    module._kept.clear()
    return [Team.objects.create(name=name) for name in ("Returns", "Orders", "Billing")]


def shapes() -> dict[str, QuerySet]:
    """Every kind of queryset the pages use."""
    return {
        "models": Team.objects.order_by("name"),
        "dicts": Team.objects.order_by("name").values("id", "name"),
        "tuples": Team.objects.order_by("name").values_list("name", Value(7)),
        "flat": Team.objects.order_by("-name").values_list("name", flat=True)[:2],
        "union": Team.objects.values_list("name").union(Agent.objects.values_list("email"), all=True).order_by("name"),
        "sum": Team.objects.order_by().values(all=Value(1)).annotate(n=Count("pk")).values_list("n"),
        "signs": Team.objects.annotate(said=Value("100 % of 'it', %s")).filter(name__icontains="e").exclude(name="5%%"),
        "kinds": Team.objects.filter(pk__in=[1, -1], created_at__lt=NOON, name__in=("a", "ї\\")).values_list(
            Value({"a": [1, None]}, JSONField()), Value(NOON), Value(None, CharField()), Value(True)
        ),
        "document": Team.objects.order_by("pk").values_list(JSONObject(name="name", made="created_at")),
        "nothing": Team.objects.none(),
        "impossible": Team.objects.filter(pk__in=[]),
    }


@pytest.mark.parametrize("shape", shapes())
def test_gives_what_the_queryset_gives(shape: str) -> None:
    query = Compiled(shapes()[shape])
    for _ in range(2):
        assert query.run() == list(shapes()[shape])


def test_what_runs_often_is_prepared_with_only_its_slots_left_open(teams: list[Team], manner: str) -> None:
    query = Compiled(Team.objects.filter(name__contains="%", pk=slot(0)).order_by("pk"))
    said = []
    for _ in range(module.HOT + 2):
        with CaptureQueriesContext(connection) as asked:
            assert query.run(teams[0].pk) == []
        said.append(asked[0]["sql"])
    assert ["%s" in text for text in said] == [False] * module.HOT + [True, True]
    assert said[-1].count("%s") == 1 and r"LIKE  E'%%\\%%%%'" in said[-1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE statement LIKE %s", ["%%$1%%"])
        assert cursor.fetchall()[-1] == (["bigint"],)


def test_a_failure_is_djangos_and_ends_with_its_savepoint(teams: list[Team]) -> None:
    query = Compiled(Team.objects.extra(select={"broken": "1 / (id - id)"}))
    with pytest.raises(DataError), transaction.atomic():
        query.run()
    assert Team.objects.count() == 3


def test_rows_are_never_kept(teams: list[Team]) -> None:
    query = Compiled(Team.objects.order_by("pk"))
    assert query.run() == teams
    teams[0].name = "Exchanges"
    teams[0].save()
    teams[1].delete()
    assert [team.name for team in query.run()] == ["Exchanges", "Billing"]


def test_one_statement_a_run_and_none_that_is_built_again(teams: list[Team], django_assert_num_queries: object) -> None:
    built = []

    def build() -> QuerySet:
        built.append(1)
        return Team.objects.all()

    for _ in range(3):
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(compiled("teams", build).run()) == 3
    assert len(built) == 1


def test_slots_take_the_numbers_of_each_run(teams: list[Team]) -> None:
    query = Compiled(Team.objects.filter(Q(pk=slot(0)) | Q(pk=slot(1))).order_by("pk"))
    assert query.run(teams[0].pk, teams[2].pk) == [teams[0], teams[2]]
    assert query.run(teams[1].pk, teams[1].pk) == [teams[1]]
    assert query.run(-1, -2) == []
    for huge in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40):
        assert query.run(teams[1].pk, huge) == [teams[1]]


@pytest.mark.parametrize("many", [0, 1, 2, 3, 5, 64, 65, 130])
def test_among_many_numbers_each_is_found_once(many: int, django_assert_num_queries: object) -> None:
    Team.objects.bulk_create([Team(name=f"Team {number:03}") for number in range(140)])
    wanted = list(Team.objects.order_by("-name").values_list("pk", flat=True)[:many])
    for _ in range(2):
        with django_assert_num_queries(-(-many // 64)):  # type: ignore[operator]
            found = compiled_among("teams", lambda slots: Team.objects.filter(pk__in=slots), wanted)
        assert sorted(team.pk for team in found) == sorted(wanted)
    assert len(module._kept) <= 2  # one for 64, one for what is left: not one for each number


def test_another_key_is_another_query(teams: list[Team]) -> None:
    for team in teams:
        found = compiled(("team", team.pk), lambda team=team: Team.objects.filter(pk=team.pk)).run()
        assert found == [team]


def test_the_longest_unused_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    for key in ("a", "b", "a", "c"):
        compiled(key, Team.objects.all)
    assert list(module._kept) == ["a", "c"]


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_meet(teams: list[Team]) -> None:
    """Each on its own connection, with its own numbers, through one kept query."""
    query = Compiled(Team.objects.filter(pk=slot(0)))

    def ask(number: int) -> bool:
        team = teams[number % len(teams)]
        try:
            return all(query.run(team.pk) == [team] for _ in range(20))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(24)))


def test_a_scope_is_all_that_visible_to_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages keep compiled queries by `Agent.scope`: what else it read would be another agent's, or yesterday's."""
    agent = Agent.objects.create(email="olena@shop.example", name="Olena", role="agent")
    scope = agent.scope
    read: set[str] = set()
    plain = Agent.__getattribute__

    def watch(self: Agent, name: str) -> object:
        read.add(name)
        return scope if name == "scope" else plain(self, name)

    monkeypatch.setattr(Agent, "__getattribute__", watch)
    str(Ticket.objects.visible_to(agent).query)
    assert read == {"scope"}
