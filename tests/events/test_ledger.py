"""The ledger: gap-free streams, pairs in the same transaction, each reaction once and in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from events import delivery, tasks
from events.actors import SYSTEM, Actor
from events.ledger import NewEvent, record_event, record_events
from events.models import DeliveryState, Event, EventDelivery
from events.subscribers import Subscriber, _names_by_kind, subscribers

AT = datetime(2026, 3, 2, tzinfo=UTC)
seen: list[tuple[str, int]] = []
failing: set[int] = set()


def _notice(event: Event) -> None:
    if event.pk in failing:
        raise RuntimeError("not today")
    seen.append((event.stream_type, event.sequence))


TABLE = (Subscriber("first", frozenset({"thing.happened"}), _notice),)


@pytest.fixture(autouse=True)
def _table(settings: object) -> Iterator[None]:
    settings.EVENT_SUBSCRIBERS = "tests.events.test_ledger.TABLE"  # type: ignore[attr-defined]
    for cached in (subscribers, _names_by_kind):
        cached.cache_clear()
    seen.clear()
    failing.clear()
    yield
    for cached in (subscribers, _names_by_kind):
        cached.cache_clear()


@pytest.mark.django_db
def test_sequences_count_per_stream() -> None:
    by = Actor.agent(7)
    recorded = record_events(
        [NewEvent((kind, 1), "thing.happened", by, AT, {"n": n}) for n, kind in enumerate(("a", "b", "a", "a"))]
    )

    assert [event.sequence for event in recorded] == [1, 1, 2, 3]
    assert record_event(("a", 1), "other.thing", by=SYSTEM, at=AT).sequence == 4
    first = Event.objects.get(pk=recorded[0].id)
    assert (first.kind, first.actor_kind, first.actor_id, first.at, first.data) == (
        "thing.happened",
        "agent",
        7,
        AT,
        {"n": 0},
    )


@pytest.mark.django_db
def test_pairs_are_made_for_listeners_only() -> None:
    record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    record_event(("a", 1), "other.thing", by=SYSTEM, at=AT)

    assert list(EventDelivery.objects.values_list("subscriber", "sequence", "state")) == [("first", 1, "due")]


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_an_error() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_each_pair_is_delivered_once_and_in_order() -> None:
    for n in range(3):
        record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT + timedelta(n))

    assert delivery.drain() == 3
    assert delivery.drain() == 0

    assert seen == [("a", 1), ("a", 2), ("a", 3)]
    assert set(EventDelivery.objects.values_list("state", flat=True)) == {DeliveryState.DONE}


@pytest.mark.django_db
def test_a_failing_pair_holds_back_its_own_stream_and_no_other() -> None:
    poison = record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    record_event(("b", 1), "thing.happened", by=SYSTEM, at=AT)
    failing.add(poison.id)

    assert delivery.drain() == 1

    assert seen == [("b", 1)]
    pair = EventDelivery.objects.get(event=poison.id)
    assert (pair.state, pair.attempts, pair.error) == ("due", 1, "RuntimeError: not today")
    failing.clear()
    EventDelivery.objects.update(next_try_at=AT)
    assert delivery.drain() == 2
    assert seen == [("b", 1), ("a", 1), ("a", 2)]


@pytest.mark.django_db
def test_a_pair_that_always_fails_is_given_up_and_shown() -> None:
    poison = record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    record_event(("a", 1), "thing.happened", by=SYSTEM, at=AT)
    failing.add(poison.id)

    for _ in range(delivery.MAX_ATTEMPTS):
        EventDelivery.objects.update(next_try_at=AT)
        delivery.drain()

    assert EventDelivery.objects.get(event=poison.id).state == DeliveryState.FAILED
    assert seen == [("a", 2)]


@pytest.mark.django_db
def test_a_backlog_is_worked_off_in_turns_and_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks.doorbell, "ring_now", rung.append)
    for n in range(3):
        record_event(("a", n), "thing.happened", by=SYSTEM, at=AT)

    assert delivery.drain(limit=2, seconds=0) == 2
    tasks.drain_events()
    assert (len(seen), rung) == (3, [])
    monkeypatch.setattr(tasks, "TURN_SECONDS", 0)
    tasks.drain_events()
    assert rung == ["events"]


@pytest.mark.django_db(transaction=True)
def test_four_drains_at_once_deliver_each_pair_once() -> None:
    with transaction.atomic():
        for n in range(40):
            record_event(("a", n % 5), "thing.happened", by=SYSTEM, at=AT)

    def work() -> None:
        delivery.drain(limit=3)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    delivery.drain()

    assert sorted(seen) == sorted(("a", 1 + n // 5) for n in range(40))
