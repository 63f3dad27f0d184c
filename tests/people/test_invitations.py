"""Invitations: three days, once, one of two, and of nobody else."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from events.models import Event
from people.invitations import accept_invitation, invited, password_link
from people.models import Agent
from tests.people import PASSWORD, House, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def token_of(agent: Agent) -> str:
    return password_link(agent).rstrip("/").rsplit("/", 1)[1]


@pytest.mark.parametrize(("hours", "works"), [(0, True), (71, True), (73, False)])
def test_it_works_for_three_days(house: House, monkeypatch: Any, hours: int, works: bool) -> None:

    token, then = token_of(house.ben), time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: then + timedelta(hours=hours).total_seconds())
    assert (invited(token) == house.ben) is works
    assert (Client().get(f"/invitation/{token}/").status_code == 200) is works


@pytest.mark.parametrize("spoil", ["password", "inactive", "forged", "nonsense"])
def test_what_opens_nothing(house: House, spoil: str) -> None:
    token = token_of(house.ben)
    before = Agent.objects.get(pk=house.ben.pk).password
    if spoil == "password":
        house.ben.set_password("a newer horse battery")
        house.ben.save()
        before = house.ben.password
    if spoil == "inactive":
        Agent.objects.filter(pk=house.ben.pk).update(is_active=False)
    token = {"forged": token[:-2] + "xx", "nonsense": "x"}.get(spoil, token)
    assert Client().post(f"/invitation/{token}/", {"password": PASSWORD}).status_code == 404
    assert Agent.objects.get(pk=house.ben.pk).password == before
    assert not Event.objects.filter(kind="agent.joined").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_hold_the_link_one_gets_in() -> None:
    house = make_house()
    token, start, outcomes = token_of(house.ben), threading.Barrier(2), []

    def race(number: int) -> None:
        start.wait(30)
        outcomes.append(accept_invitation(token, f"horse battery staple {number}") is not None)
        connection.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == [False, True]
    assert Event.objects.filter(kind="agent.joined").count() == 1
