"""Service and loyalty, honestly: whether people came back after they wrote to us, by how it went.

For each buyer with a verified address, the first ticket they opened after a purchase is looked at, and whether they
bought again within 90 days of it. Groups are compared within strata of buyers alike before it (how many orders, how
much spent, for how long), since whoever buys often comes back anyway. It stays a comparison, no proof of a cause.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from django.db import connection

from commerce.models import PURCHASES
from metrics.facts import FEW
from metrics.retention import REPEAT_DAYS, Share
from metrics.statistics import Interval, Z
from metrics.surveys.scales import Band, Kind, band_of, question_of
from people.models import Agent
from tickets.models import Ticket

# Answered within an hour is quick, after a day slow.
QUICK, SLOW = 3600, 86_400
_PROVEN = ["signed", "verified"]
# Whose ticket the reader does not see is left out, and is none who never wrote.
# One row a buyer: the stratum's three traits, the outcome, and how the ticket went. Sets are joined whole; asking for
# each buyer alone would take minutes.
_CASES = """
WITH purchases AS MATERIALIZED (
    SELECT o.buyer_id, o.placed_at, o.total - o.refunded AS value FROM commerce_order o
    WHERE o.status = ANY(%(statuses)s) AND (o.refunded < o.total OR o.total = 0)
),
firsts AS MATERIALIZED (SELECT buyer_id, min(placed_at) AS first FROM purchases GROUP BY 1),
owners AS MATERIALIZED (
    SELECT b.id AS buyer_id, COALESCE(c.merged_into_id, c.id) AS customer_id
    FROM commerce_buyer b
    JOIN people_identity i ON i.kind = 'email' AND i.value = b.email AND NOT i.suspect AND i.trust = ANY(%(proven)s)
    JOIN people_customer c ON c.id = i.customer_id
    WHERE b.email <> ''
),
asked AS MATERIALIZED (
    SELECT t.id, t.opened_at, COALESCE(c.merged_into_id, c.id) AS customer_id, {visible} AS seen
    FROM tickets_ticket t JOIN people_customer c ON c.id = t.customer_id
    WHERE t.status <> 'spam' AND t.opened_at >= %(start)s AND t.opened_at < %(end)s
),
first_contact AS MATERIALIZED (
    SELECT DISTINCT ON (o.buyer_id) o.buyer_id, a.id AS ticket_id, a.opened_at AS at, a.seen
    FROM asked a JOIN owners o USING (customer_id) JOIN firsts f USING (buyer_id)
    WHERE f.first < a.opened_at ORDER BY o.buyer_id, a.opened_at
),
silent AS (
    SELECT p.buyer_id, NULL::bigint AS ticket_id, min(p.placed_at) AS at
    FROM purchases p LEFT JOIN first_contact f USING (buyer_id)
    WHERE f.buyer_id IS NULL AND p.placed_at >= %(start)s AND p.placed_at < %(end)s GROUP BY 1
),
cases AS MATERIALIZED (
    SELECT buyer_id, ticket_id, at FROM first_contact WHERE seen UNION ALL SELECT * FROM silent
),
bought AS MATERIALIZED (
    SELECT c.buyer_id, c.ticket_id, count(*) FILTER (WHERE p.placed_at <= c.at) AS orders,
           COALESCE(sum(p.value) FILTER (WHERE p.placed_at <= c.at), 0)::bigint AS value,
           extract(epoch FROM c.at - min(p.placed_at))::float8 AS tenure,
           bool_or(p.placed_at > c.at AND p.placed_at <= c.at + %(window)s) AS came_back
    FROM cases c JOIN purchases p USING (buyer_id) GROUP BY c.buyer_id, c.ticket_id, c.at
),
rated AS MATERIALIZED (
    SELECT DISTINCT ON (ticket_id) ticket_id, kind, score FROM metrics_surveyanswer
    WHERE kind = ANY(%(satisfaction)s) AND ticket_id IS NOT NULL ORDER BY ticket_id, id
),
answered AS MATERIALIZED (
    SELECT ticket_id, wall_seconds, breached_at IS NOT NULL AS breached FROM metrics_clock
    WHERE cycle = 1 AND target = 'first' AND number = 1 AND stopped_at >= %(start)s
)
SELECT b.ticket_id IS NOT NULL, b.orders, b.value, b.tenure, b.came_back, a.wall_seconds,
       COALESCE(a.breached, false), a.ticket_id IS NOT NULL, r.kind, r.score
FROM bought b LEFT JOIN answered a ON a.ticket_id = b.ticket_id LEFT JOIN rated r ON r.ticket_id = b.ticket_id
"""


@dataclass(frozen=True, slots=True)
class Case:
    contacted: bool
    orders: int
    value: int
    tenure: float
    came_back: bool
    waited: float | None
    breached: bool
    promised: bool
    rated: Band | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One experience against another. `matched` is the difference in points among buyers alike, None where too few are
    alike to say anything; real where its interval leaves out zero."""

    name: str
    one: Share
    other: Share
    matched: float | None
    interval: Interval | None

    @property
    def is_real(self) -> bool:
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


Picks = Callable[[Case], bool]
COMPARISONS: tuple[tuple[str, Picks, Picks], ...] = (
    (
        "quick",
        lambda c: c.waited is not None and c.waited <= QUICK,
        lambda c: c.waited is not None and c.waited >= SLOW,
    ),
    ("kept", lambda c: c.promised and not c.breached, lambda c: c.promised and c.breached),
    ("satisfied", lambda c: c.rated == Band.HIGH, lambda c: c.rated == Band.LOW),
    ("contacted", lambda c: c.contacted, lambda c: not c.contacted),
)


def cases(agent: Agent | None, start: datetime, end: datetime) -> list[Case]:
    """What happened in the period, as far as 90 days have passed since; tickets within the reader's sight, all
    of them for None."""
    seen = "true"
    values: dict[str, Any] = {
        "statuses": [str(status) for status in PURCHASES], "proven": _PROVEN, "start": start,
        "end": min(end, datetime.now(end.tzinfo)) - timedelta(days=REPEAT_DAYS),
        "window": timedelta(days=REPEAT_DAYS),
        "satisfaction": [kind.value for kind in Kind if question_of(kind) == Kind.CSAT],
    }  # fmt: skip
    if agent is not None and not (agent.is_active and agent.sees_everything):
        seen = "t.id = ANY(%(seen)s)"
        values["seen"] = list(Ticket.objects.visible_to(agent).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_CASES.format(visible=seen), values)
        # Each answer is judged on the scale it was given on.
        return [Case(*(*row[:-2], band_of(row[-2], row[-1]) if row[-2] else None)) for row in cursor.fetchall()]


ENDINGS: tuple[tuple[str, Picks], ...] = (
    ("well", lambda c: c.rated == Band.HIGH),
    ("unrated", lambda c: c.contacted and c.rated is None),
    ("badly", lambda c: c.rated in (Band.LOW, Band.MIDDLE)),
    ("silent", lambda c: not c.contacted),
)


def by_ending(found: Sequence[Case]) -> list[tuple[str, Share]]:
    """How many came back by how the customer rated our help, beside those who never wrote. Pure."""
    sides = [(name, [case.came_back for case in found if picks(case)]) for name, picks in ENDINGS]
    return [(name, Share(sum(back), len(back))) for name, back in sides]


def compare(found: Sequence[Case]) -> list[Comparison]:
    """All comparisons over the same cases. Pure."""
    strata = _strata(found)
    return [
        _compared(name, [(s, c) for s, c in strata if one(c)], [(s, c) for s, c in strata if other(c)])
        for name, one, other in COMPARISONS
    ]


Stratum = tuple[int, int, int]


def _strata(found: Sequence[Case]) -> list[tuple[Stratum, Case]]:
    """Buyers alike: one, two, three or more orders; thirds of what they spent; thirds of how long they have bought."""
    values, tenures = _thirds([case.value for case in found]), _thirds([case.tenure for case in found])
    return [
        ((min(case.orders, 3), _third(case.value, values), _third(case.tenure, tenures)), case) for case in found
    ]  # fmt: skip


def _thirds(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return (ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]) if ordered else (0, 0)


def _third(value: float, bounds: tuple[float, float]) -> int:
    return sum(value > bound for bound in bounds)


def _compared(name: str, ones: list[tuple[Stratum, Case]], others: list[tuple[Stratum, Case]]) -> Comparison:
    one, other = (Share(sum(c.came_back for _, c in side), len(side)) for side in (ones, others))
    if one.n < FEW or other.n < FEW:
        return Comparison(name, one, other, None, None)
    difference, reach = _matched(_by_stratum(ones), _by_stratum(others))
    if difference is None:
        return Comparison(name, one, other, None, None)
    return Comparison(name, one, other, 100 * difference, (100 * (difference - reach), 100 * (difference + reach)))


def _by_stratum(side: list[tuple[Stratum, Case]]) -> dict[Stratum, tuple[int, int]]:
    found: dict[Stratum, tuple[int, int]] = {}
    for stratum, case in side:
        hits, n = found.get(stratum, (0, 0))
        found[stratum] = hits + case.came_back, n + 1
    return found


def _matched(
    ones: dict[Stratum, tuple[int, int]], others: dict[Stratum, tuple[int, int]]
) -> tuple[float | None, float]:
    """The difference of shares over the strata both sides have, weighted by Mantel and Haenszel, and half its interval.
    None where fewer than half of the smaller side have anybody alike on the other."""
    shared = ones.keys() & others.keys()
    smaller = min(sum(n for _, n in side.values()) for side in (ones, others))
    alike = min(sum(side[s][1] for s in shared) for side in (ones, others))
    if not shared or alike * 2 < smaller:
        return None, 0.0
    total = difference = variance = 0.0
    for stratum in shared:
        (hits1, n1), (hits2, n2) = ones[stratum], others[stratum]
        weight = n1 * n2 / (n1 + n2)
        # One case of each kind is added in thought, or a stratum in which all agree would be taken for certain.
        p1, p2 = (hits1 + 1) / (n1 + 2), (hits2 + 1) / (n2 + 2)
        total += weight
        difference += weight * (hits1 / n1 - hits2 / n2)
        variance += weight * weight * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return difference / total, Z * sqrt(variance) / total
