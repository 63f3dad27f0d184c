"""Whether customers come back: counted in SQL over the orders of all shops.

A purchase is an order that was paid or is on its way and was not given back whole. A buyer is one e-mail address (else
phone, else the shop's own number for them). Months and days are those of the reader's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from commerce.models import PURCHASES
from metrics.facts import FEW
from metrics.statistics import Interval, wilson
from metrics.waits import Quantile, quantile

REPEAT_DAYS = 90
COHORTS = 12
SEGMENTS = ("champions", "loyal", "new", "regular", "at_risk", "lost")
_PURCHASES = """
purchases AS (
    SELECT buyer_id, placed_at, total - refunded AS value, currency FROM commerce_order
    WHERE status = ANY(%(statuses)s) AND (refunded < total OR total = 0) AND placed_at < %(end)s
)"""
# Purchases of one day are one; %(zone)s says which day it is.
_DAYS = """
days AS (SELECT DISTINCT buyer_id, (placed_at AT TIME ZONE %(zone)s)::date AS day FROM purchases)"""
# Sets are grouped once; asking for each buyer alone would cost the square of them.
_PERIOD = """
WITH {purchases},
buyers AS (
    SELECT bool_or(placed_at >= %(before)s AND placed_at < %(start)s) AS earlier,
           bool_or(placed_at >= %(start)s) AS now, bool_or(placed_at < %(start)s) AS known
    FROM purchases GROUP BY buyer_id
)
SELECT count(*) FILTER (WHERE earlier), count(*) FILTER (WHERE earlier AND now), count(*) FILTER (WHERE now),
       count(*) FILTER (WHERE now AND known)
FROM buyers
"""
_RANKED = """
WITH {purchases},
ranked AS (
    SELECT buyer_id, placed_at, row_number() OVER (PARTITION BY buyer_id ORDER BY placed_at) AS n,
           lag(placed_at) OVER (PARTITION BY buyer_id ORDER BY placed_at) AS before,
           lead(placed_at) OVER (PARTITION BY buyer_id ORDER BY placed_at) AS next
    FROM purchases
)"""
_REPEAT = """{ranked}
SELECT count(*), count(*) FILTER (WHERE next <= placed_at + %(window)s)
FROM ranked WHERE n = 1 AND placed_at >= %(first_from)s AND placed_at < %(first_to)s
"""
_REPEATS = """{ranked}
SELECT date_trunc(%(step)s, (placed_at + %(window)s) AT TIME ZONE %(zone)s)::date, count(*),
       count(*) FILTER (WHERE next <= placed_at + %(window)s)
FROM ranked WHERE n = 1 AND placed_at >= %(first_from)s AND placed_at < %(first_to)s GROUP BY 1 ORDER BY 1
"""
_SECOND = """{ranked}
SELECT extract(epoch FROM placed_at - before)::float8 FROM ranked WHERE n = 2 AND placed_at >= %(start)s ORDER BY 1
"""
_COHORTS = """
WITH {purchases},
months AS (
    SELECT DISTINCT buyer_id, date_trunc('month', placed_at AT TIME ZONE %(zone)s)::date AS month FROM purchases
),
firsts AS (SELECT buyer_id, min(month) AS first FROM months GROUP BY buyer_id)
SELECT first, ((extract(year FROM month) - extract(year FROM first)) * 12
               + extract(month FROM month) - extract(month FROM first))::int AS after, count(*)
FROM months JOIN firsts USING (buyer_id) WHERE first >= %(oldest)s GROUP BY 1, 2 ORDER BY 1, 2
"""
_RFM = """
WITH {purchases},
main AS (SELECT currency FROM purchases GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1),
buyers AS (
    SELECT buyer_id, max(placed_at) AS last, count(*) AS orders,
           sum(value) FILTER (WHERE currency = (SELECT currency FROM main)) AS spent
    FROM purchases GROUP BY buyer_id
),
graded AS (SELECT *, ntile(5) OVER (ORDER BY last, buyer_id) AS recency FROM buyers)
SELECT CASE WHEN recency >= 4 AND orders >= 4 THEN 'champions' WHEN recency >= 3 AND orders >= 3 THEN 'loyal'
            WHEN recency >= 4 AND orders = 1 THEN 'new' WHEN recency <= 2 AND orders >= 3 THEN 'at_risk'
            WHEN recency <= 2 THEN 'lost' ELSE 'regular' END,
       count(*), sum(orders)::bigint, COALESCE(sum(spent), 0)::bigint, (SELECT currency FROM main)
FROM graded GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, in percent with Wilson's interval."""

    hits: int
    n: int

    @property
    def percent(self) -> float | None:
        return 100 * self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        low, high = wilson(self.hits, self.n)
        return 100 * low, 100 * high

    @property
    def is_few(self) -> bool:
        return self.n < FEW


@dataclass(frozen=True, slots=True)
class Loyalty:
    """Retention: of who bought in the period before, how many bought in this one; churn is the rest of them. Returning:
    of who bought in this one, how many had bought before. Repeat: of who bought first in a period of the same length
    that ended 90 days ago, how many bought again within 90 days."""

    retention: Share
    returning: Share
    repeat: Share
    second: Quantile
    seconds: int

    @property
    def churn(self) -> Share:
        return Share(self.retention.n - self.retention.hits, self.retention.n)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who bought first in a month, and how many of them bought in each month after it; None: to come."""

    month: date
    size: int
    active: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    buyers: int
    orders: int
    spent: int
    currency: str


def loyalty(start: datetime, end: datetime) -> Loyalty:
    """The four figures of a period; three statements."""
    length = end - start
    values = values_until(end) | {"start": start, "before": start - length}
    earlier, kept, now, known = _one(_PERIOD, values)
    gaps = [row[0] for row in read_rows(_SECOND, values)]
    return Loyalty(Share(kept, earlier), Share(known, now), repeat(start, end), quantile(gaps, 0.5), len(gaps))


def repeat(start: datetime, end: datetime) -> Share:
    """Of who bought first in a period as long that ended 90 days ago, how many bought again within 90 days."""
    first, again = _one(_REPEAT, _repeat_values(start, end))
    return Share(again, first)


def repeats(start: datetime, end: datetime, step: str, zone: str) -> list[tuple[date, Share]]:
    """The same by the day, week or month in which the 90 days were over."""
    rows = read_rows(_REPEATS, _repeat_values(start, end) | {"step": step, "zone": zone})
    return [(slot, Share(again, first)) for slot, first, again in rows]


def _repeat_values(start: datetime, end: datetime) -> dict[str, Any]:
    window = timedelta(days=REPEAT_DAYS)
    first_to = min(end, datetime.now(end.tzinfo)) - window
    return values_until(first_to + window) | {
        "window": window, "first_from": first_to - (end - start), "first_to": first_to,
    }  # fmt: skip


def cohorts(end: datetime, zone: str) -> list[Cohort]:
    """The last twelve months of first purchases, oldest first."""
    last = (end - timedelta(microseconds=1)).date().replace(day=1)
    oldest = _months_before(last, COHORTS - 1)
    found: dict[date, dict[int, int]] = {}
    for first, after, count in read_rows(_COHORTS, values_until(end) | {"zone": zone, "oldest": oldest}):
        found.setdefault(first, {})[after] = count
    return [
        Cohort(month, counts.get(0, 0), tuple(
            counts.get(after, 0) if after <= _between(month, last) else None for after in range(COHORTS)
        ))
        for month, counts in sorted(found.items())
    ]  # fmt: skip


def segments(end: datetime) -> list[Segment]:
    """Buyers by when they last bought (fifths of all) and how often; money in the commonest currency alone."""
    found = {row[0]: Segment(*row) for row in read_rows(_RFM, values_until(end))}
    return [found[name] for name in SEGMENTS if name in found]


def values_until(end: datetime) -> dict[str, Any]:
    """What `read_rows` needs to know of purchases before a moment."""
    return {"statuses": [str(status) for status in PURCHASES], "end": end}


def read_rows(sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a statement in which `{purchases}`, `{days}` and `{ranked}` stand for the parts above."""
    with connection.cursor() as cursor:
        ranked = _RANKED.format(purchases=_PURCHASES)
        cursor.execute(sql.format(ranked=ranked, purchases=_PURCHASES, days=_DAYS), values)
        return cursor.fetchall()


def _one(sql: str, values: Mapping[str, Any]) -> Any:
    return read_rows(sql, values)[0]


def _months_before(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def _between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
