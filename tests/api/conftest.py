from __future__ import annotations

import pytest

from people.models import Agent, Role
from tests.api.client import Api
from tests.people import House, make_agent, make_house, open_ticket
from tickets.models import Ticket


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def manager(house: House) -> Agent:
    return make_agent("Marta", role=Role.MANAGER, team=house.support)


@pytest.fixture
def ticket(house: House) -> Ticket:
    return open_ticket(house.channel)


@pytest.fixture
def olena(house: House) -> Api:
    return Api.of(house.olena)


@pytest.fixture
def mallory(house: House) -> Api:
    return Api.of(house.mallory)


@pytest.fixture
def adam(house: House) -> Api:
    return Api.of(house.adam)
