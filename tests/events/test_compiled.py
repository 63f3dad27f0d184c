"""Queries whose SQL is kept: the same rows as the queryset's, for every kind of row, key, slot and thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Count, Q, QuerySet, Value

from events import compiled as module
from events.compiled import Compiled, compiled, slot
from people.models import Agent, Team
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


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
        "nothing": Team.objects.none(),
        "impossible": Team.objects.filter(pk__in=[]),
    }


@pytest.mark.parametrize("shape", shapes())
def test_gives_what_the_queryset_gives(shape: str) -> None:
    query = Compiled(shapes()[shape])
    for _ in range(2):
        assert query.run() == list(shapes()[shape])


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
