"""What the tests of live chat share: the agents' site, and limits that begin anew with each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.doorbell import breaker, probe_client
from tests.tickets.live.conftest import site  # noqa: F401


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    breaker.reset()
    client = probe_client()
    for key in client.scan_iter("chat:*", count=1000):
        client.delete(key)
    yield
