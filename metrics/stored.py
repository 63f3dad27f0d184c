"""Questions over all orders, answered at once in a small shop and out of what is kept in a large one.

Whether people come back is read from every order there is; with hundreds of thousands that takes seconds to minutes.
Such an answer is worked out by Celery every few minutes for as long as somebody asks, and the page says of when it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from metrics.models import StoredAnswer

# Up to so many orders everything is counted as it stands.
FEW_ORDERS = 20_000
FRESH, ASKED_LATELY, FORGOTTEN = timedelta(minutes=10), timedelta(days=1), timedelta(days=7)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_SECONDS = 600
Work = Callable[[Mapping[str, Any]], Any]
_works: dict[str, Work] = {}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer (what JSON can say) and the moment it is true of; None while it is worked out for the first time."""

    answer: Any
    at: datetime | None


def teach_work(name: str, work: Work) -> None:
    """How a question of this name is worked out of its own words alone; once, when the module is read."""
    _works[name] = work


def ask(name: str, question: Mapping[str, Any], *, now: datetime, heavy: bool = False) -> Answered:
    """The answer: worked out now, or kept. Nobody waits in a large shop, not even who asks first; of `heavy` questions
    in no shop."""
    if not heavy and orders_about() <= FEW_ORDERS:
        return Answered(_works[name](question), now)
    key = hashlib.sha256(json.dumps([name, question], sort_keys=True).encode()).hexdigest()
    blank = {"name": name, "question": dict(question), "answer": None, "counted_at": NEVER, "asked_at": now}
    row, _made = StoredAnswer.objects.get_or_create(key=key, defaults=blank)
    if now - row.asked_at > FRESH:
        StoredAnswer.objects.filter(pk=row.pk).update(asked_at=now)
    return Answered(row.answer, row.counted_at if row.counted_at > NEVER else None)


def orders_about() -> int:
    """How many orders there are, as the planner had it within the last minute."""
    return int(cache.get_or_set("metrics:orders_about", _orders_about, 60) or 0)


def _orders_about() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'commerce_order'::regclass")
        return int(cursor.fetchone()[0])


def answer_again(now: datetime, *, most: int = 5) -> int:
    """Work out anew what was asked lately and is not fresh, the oldest first; how many that were. Two workers at it do
    the same twice, which harms nothing."""
    StoredAnswer.objects.filter(asked_at__lt=now - FORGOTTEN).delete()
    rows = StoredAnswer.objects.filter(counted_at__lt=now - FRESH, asked_at__gt=now - ASKED_LATELY)
    found = list(rows.order_by("counted_at", "pk")[:most])
    for row in found:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = %s", [f"{LONGEST_SECONDS}s"])
            answer = _works[row.name](row.question)
            StoredAnswer.objects.filter(pk=row.pk).update(answer=answer, counted_at=now)
    return len(found)
