"""Delivering events to their subscribers: in order per stream, each pair once, a failing pair alone."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from .compiled import compiled, slot
from .models import DeliveryState, EventDelivery
from .statements import prepared
from .subscribers import subscribers

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=120)

# A pair waits for earlier ones of its own stream and subscriber only. Claiming counts the attempt and pushes the next
# try past the lease, committed before the work: a pair that kills its worker comes back later and ends as failed.
# Mostly next to nothing is due, and that is what the planner knows when a backlog arrives: it would read all that is
# due for each pair that is. So the statement leaves it no choice: `event_id > 0` opens the index by id to the outer
# search alone, the oldest pair of a stream is looked up and not joined, and what was found is one list. (As a subquery
# of `IN` the search might even run again for each row, and claim more than its limit.) And when it does know of a
# backlog, it would gather and sort all of it for each claim: `_IN_ORDER` keeps it to the index that has the order.
_IN_ORDER = """
SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_sort', 'off', true)
"""
_CLAIM = """
WITH next AS MATERIALIZED (
    SELECT c.id FROM events_eventdelivery c
    WHERE c.state = 'due' AND c.event_id > 0 AND c.next_try_at <= %(now)s
      AND c.sequence = (
        SELECT p.sequence FROM events_eventdelivery p
        WHERE p.subscriber = c.subscriber AND p.stream_type = c.stream_type AND p.stream_id = c.stream_id
          AND p.state = 'due' ORDER BY p.sequence LIMIT 1)
    ORDER BY c.id LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED)
UPDATE events_eventdelivery d SET attempts = d.attempts + 1, next_try_at = %(until)s
WHERE d.id = ANY(ARRAY(SELECT id FROM next))
RETURNING d.id, d.attempts
"""
# Prepared, as is what is read before it: each pair costs these two, which took as long as most reactions.
_DONE = "UPDATE events_eventdelivery SET state = 'done', done_at = %s, error = '' WHERE id = %s"


def drain(limit: int = 200, *, seconds: float = 60.0) -> int:
    """Deliver what is due, oldest first, until nothing is left or, between two claims, the time is up; the number
    delivered."""
    delivered, until = 0, time.monotonic() + seconds
    while claimed := _claim(limit, timezone.now()):
        delivered += sum(_deliver(pair_id, attempts) for pair_id, attempts in claimed)
        if time.monotonic() >= until:
            break
    return delivered


def _claim(limit: int, now: datetime) -> list[tuple[int, int]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_IN_ORDER)
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE, "limit": limit})
        return sorted(cursor.fetchall())


def _deliver(pair_id: int, attempts: int) -> bool:
    """Run one reaction and mark its pair done in one transaction; whoever lost the claim does nothing."""
    try:
        with transaction.atomic():
            pair = next(iter(compiled("event for a subscriber", _due_pair).run(pair_id)), None)
            if pair is None or pair.attempts != attempts:
                return False
            subscribers()[pair.subscriber].react(pair.event)
            with prepared() as cursor:
                cursor.execute(_DONE, [timezone.now(), pair_id])
    except Exception as error:  # noqa: BLE001 - any failure is this pair's alone, noted on its row
        _note_failure(pair_id, attempts, error)
        return False
    return True


def _due_pair() -> QuerySet[EventDelivery]:
    """Locked as it is now: `attempts` says whether it is still the claim's."""
    due = EventDelivery.objects.select_for_update(of=("self",)).select_related("event")
    return due.filter(pk=slot(0), state=DeliveryState.DUE)


def _note_failure(pair_id: int, attempts: int, error: Exception) -> None:
    given_up = attempts >= MAX_ATTEMPTS
    logger.exception("subscriber failed", extra={"pair": pair_id, "attempts": attempts, "given_up": given_up})
    EventDelivery.objects.filter(pk=pair_id, state=DeliveryState.DUE, attempts=attempts).update(
        state=DeliveryState.FAILED if given_up else DeliveryState.DUE,
        next_try_at=timezone.now() + timedelta(seconds=min(2**attempts, 900)),
        error=f"{type(error).__name__}: {error}"[:2000],
    )
