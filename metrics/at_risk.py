"""Customers at risk: whose last rating of the last half year was low, and what they bought in the year before.

The money is no forecast: it is what they spent, under addresses proven to be theirs, and would have to spend again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from commerce.models import PURCHASES
from metrics.segments import Segment
from metrics.surveys.scales import SCALES, Band, Kind, scores_of
from people.models import Agent
from tickets.models import Ticket

LOOKED_BACK, BOUGHT_BACK = timedelta(days=180), timedelta(days=365)
MOST = 200
# The last rating a customer gave decides, whoever may see it; whose ticket the reader does not see is left out after.
_AT_RISK = """
WITH rated AS (
    SELECT DISTINCT ON (COALESCE(c.merged_into_id, c.id)) COALESCE(c.merged_into_id, c.id) AS customer_id,
           a.ticket_id, a.kind, a.score, a.answered_at, a.comment
    FROM metrics_surveyanswer a JOIN people_customer c ON c.id = a.customer_id
    WHERE a.answered_at >= %(since)s AND a.answered_at <= %(now)s AND a.ticket_id IS NOT NULL
    ORDER BY 1, a.answered_at DESC, a.id DESC
),
low AS (
    SELECT * FROM rated r WHERE (kind || ':' || score) = ANY(%(low)s) AND {visible} AND {member}
),
addresses AS (
    SELECT l.customer_id, i.kind, i.value FROM low l
    JOIN people_customer c ON c.id = l.customer_id OR c.merged_into_id = l.customer_id
    JOIN people_identity i ON i.customer_id = c.id AND NOT i.suspect AND i.trust = ANY(%(proven)s)
),
buyers AS (
    SELECT a.customer_id, b.id FROM addresses a
    JOIN commerce_buyer b ON a.kind = 'email' AND b.email = a.value AND b.email <> ''
    UNION SELECT a.customer_id, b.id FROM addresses a
    JOIN commerce_buyer b ON a.kind = 'phone' AND b.phone = a.value AND b.phone <> ''
),
spent AS (
    SELECT b.customer_id, o.currency, sum(o.total - o.refunded)::bigint AS spent, count(*) AS orders,
           max(o.placed_at) AS last_at
    FROM buyers b JOIN commerce_order o ON o.buyer_id = b.id
    WHERE o.status = ANY(%(purchases)s) AND o.placed_at >= %(bought)s AND o.placed_at <= %(now)s
    GROUP BY 1, 2
),
main AS (SELECT currency FROM spent GROUP BY 1 ORDER BY sum(orders) DESC, 1 LIMIT 1)
SELECT l.customer_id, p.name, l.ticket_id, l.kind, l.score, l.answered_at, l.comment, COALESCE(s.spent, 0),
       COALESCE((SELECT currency FROM main), ''), COALESCE(s.orders, 0), s.last_at, f.id, w.name
FROM low l JOIN people_customer p ON p.id = l.customer_id
LEFT JOIN spent s ON s.customer_id = l.customer_id AND s.currency = (SELECT currency FROM main)
LEFT JOIN metrics_followup f ON f.customer_id = l.customer_id AND f.state = 'open'
LEFT JOIN people_agent w ON w.id = f.owner_id
ORDER BY COALESCE(s.spent, 0) DESC, l.answered_at DESC, l.customer_id
"""


@dataclass(frozen=True, slots=True)
class Endangered:
    """One customer, their last rating, and what they bought in the last year (minor units)."""

    customer_id: int
    name: str
    ticket_id: int
    kind: str
    score: int
    rated_at: datetime
    comment: str
    spent: int
    currency: str
    orders: int
    last_at: datetime | None
    follow_up: int | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The customers, most money first, and what it comes to in the commonest currency. `open`: of those whom nobody
    has followed up yet."""

    rows: list[Endangered]

    @property
    def currency(self) -> str:
        return self.rows[0].currency if self.rows else ""

    @property
    def revenue(self) -> int:
        return sum(row.spent for row in self.rows)

    @property
    def open(self) -> list[Endangered]:
        return [row for row in self.rows if row.follow_up is not None]

    @property
    def open_revenue(self) -> int:
        return sum(row.spent for row in self.open)


def at_risk(agent: Agent, now: datetime, segment: Segment | None = None) -> AtRisk:
    """Whose last rating was low, of tickets the reader may see, in a segment where one is asked for. One query, two for
    who sees some tickets only."""
    values: dict[str, Any] = {
        "since": now - LOOKED_BACK, "bought": now - BOUGHT_BACK, "now": now, "proven": ["signed", "verified"],
        "purchases": [str(status) for status in PURCHASES],
        "low": [f"{kind}:{score}" for kind in Kind for score in scores_of(kind, Band.LOW) if score in SCALES[kind]],
    }  # fmt: skip
    visible = "true"
    if not agent.sees_everything:
        visible = "r.ticket_id = ANY(%(seen)s)"
        seen = Ticket.objects.visible_to(agent).filter(survey_answers__answered_at__gte=now - LOOKED_BACK)
        values["seen"] = list(seen.values_list("pk", flat=True))
    member = "true"
    if segment is not None:
        member, values["members"] = segment.sql("r.customer_id"), list(segment.customers)
    with connection.cursor() as cursor:
        cursor.execute(_AT_RISK.format(visible=visible, member=member), values)
        return AtRisk([Endangered(*row) for row in cursor.fetchall()])
