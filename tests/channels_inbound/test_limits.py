"""A worker that stands in something without an end is replaced long before people ask why no mail comes."""

from __future__ import annotations

import pytest

from channels_inbound import tasks
from channels_inbound.draining import DRAIN_LIMIT, DRAIN_SECONDS
from helpdesk import queueing


@pytest.mark.parametrize("name", ["drain_inbound", "drain_hooks", "sweep"])
def test_reading_what_came_has_a_limit_of_its_own(name: str) -> None:
    task = getattr(tasks, name)
    parts = 2 if name == "sweep" else 1  # mail, and what providers brought
    assert parts * DRAIN_SECONDS < task.soft_time_limit < task.time_limit == parts * DRAIN_LIMIT
    assert task.time_limit < queueing.task_time_limit
