from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events import doorbell
from people.models import Agent
from tests.people import House, make_house

from .site import Site, Tab

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def house(transactional_db: None) -> House:
    doorbell.breaker.reset()
    return make_house()


@pytest.fixture
def open_tab(site: Site, house: House) -> Iterator[OpenTab]:
    """`open_tab(agent, view=..., ticket=...)`; all are closed at the end."""
    tabs: list[Tab] = []

    def open_one(agent: Agent, **options: Any) -> Tab:
        tabs.append(Tab(site, agent, **options))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.close()
