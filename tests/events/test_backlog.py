"""A backlog that arrives at once, after an outage or an import, is claimed in order and without reading it over and over."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events import delivery
from events.models import DeliveryState, Event, EventDelivery

pytestmark = pytest.mark.django_db
STREAMS, EACH = 100, 20


class _GoneAgain(Exception):
    pass


def make_backlog() -> None:
    """Pairs of many streams, interleaved; the planner last looked when nothing was due."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_eventdelivery")
    made = Event.objects.bulk_create(
        Event(stream_type="ticket", stream_id=stream, sequence=sequence, kind="tested", at=timezone.now(),
              actor_kind="system", data={})
        for sequence in range(1, EACH + 1) for stream in range(1, STREAMS + 1)
    )  # fmt: skip
    EventDelivery.objects.bulk_create(
        EventDelivery(event=event, subscriber="tests", stream_type="ticket", stream_id=event.stream_id,
                      sequence=event.sequence, next_try_at=timezone.now())
        for event in made
    )  # fmt: skip


def rows_read(node: dict[str, Any]) -> int:
    """Index entries and rows a plan looked at, those it threw away too."""
    thrown = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    own = (node["Actual Rows"] + thrown) * node["Actual Loops"]
    return int(own) + sum(rows_read(child) for child in node.get("Plans", ()))


@pytest.mark.parametrize("known", [False, True], ids=["unknown", "known"])
@pytest.mark.parametrize("earlier", [0, 3])
def test_a_claim_reads_in_proportion_to_what_is_due(earlier: int, known: bool) -> None:
    """Whatever the planner believes: a table that held much and is empty tells it that every way costs the same, and
    one it knows to be full that all of it is to be sorted."""
    for _ in range(earlier):
        with suppress(_GoneAgain), transaction.atomic():
            make_backlog()
            raise _GoneAgain
    make_backlog()
    now = timezone.now()
    with connection.cursor() as cursor:
        if known:
            cursor.execute("ANALYZE events_eventdelivery")
        cursor.execute(delivery._IN_ORDER)
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + delivery._CLAIM,
            {"now": now, "until": now + delivery.LEASE, "limit": 200},
        )
        (plan,) = cursor.fetchone()
    assert rows_read(plan[0]["Plan"]) < 5 * STREAMS * EACH


def test_each_stream_gives_its_oldest_pair_only() -> None:
    make_backlog()
    claimed = [pair for pair, _ in delivery._claim(STREAMS * EACH, timezone.now())]
    pairs = EventDelivery.objects.filter(pk__in=claimed)
    assert sorted(pairs.values_list("stream_id", "sequence")) == [(stream, 1) for stream in range(1, STREAMS + 1)]
    pairs.update(state=DeliveryState.DONE)
    again = [pair for pair, _ in delivery._claim(50, timezone.now())]
    assert list(EventDelivery.objects.filter(pk__in=again).order_by("pk").values_list("stream_id", "sequence")) == [
        (stream, 2) for stream in range(1, 51)
    ]
