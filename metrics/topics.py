"""What people write about: tags and words of subjects, and which of them rise beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log
from typing import Any

from django.db import connection

from metrics.segments import Segment
from people.models import Agent
from tickets.models import Ticket

RECENT, BASE_DAYS = timedelta(days=1), 28
FEWEST, SHOWN = 5, 20
# One false alarm in a hundred looks, however many words there are.
ALARM = 0.01
_WORDS = """
SELECT w, count(DISTINCT t.id) FILTER (WHERE t.opened_at >= %(recent)s),
       count(DISTINCT t.id) FILTER (WHERE t.opened_at < %(recent)s)
FROM tickets_ticket t, regexp_split_to_table(lower(t.subject), '[^[:alpha:]''’ʼ-]+') AS w
WHERE t.opened_at >= %(start)s AND t.opened_at <= %(now)s AND t.status <> 'spam' AND length(w) >= 4 AND {visible}
GROUP BY w HAVING count(DISTINCT t.id) FILTER (WHERE t.opened_at >= %(recent)s) >= %(fewest)s
"""
_TAGS = """
SELECT g.name, count(*) FILTER (WHERE t.opened_at >= %(recent)s), count(*) FILTER (WHERE t.opened_at < %(recent)s)
FROM tickets_ticket t JOIN tickets_tagging x ON x.ticket_id = t.id JOIN tickets_tag g ON g.id = x.tag_id
WHERE t.opened_at >= %(start)s AND t.opened_at <= %(now)s AND t.status <> 'spam' AND {visible}
GROUP BY g.name HAVING count(*) FILTER (WHERE t.opened_at >= %(recent)s) > 0
"""
_ALL = """
SELECT count(*) FILTER (WHERE t.opened_at >= %(recent)s), count(*) FILTER (WHERE t.opened_at < %(recent)s)
FROM tickets_ticket t
WHERE t.opened_at >= %(start)s AND t.opened_at <= %(now)s AND t.status <> 'spam' AND {visible}
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """`count` tickets of the last day; `expected` is what four weeks before and today's whole volume let expect;
    `chance` how likely so many or more are without any cause."""

    name: str
    count: int
    expected: float
    chance: float
    spikes: bool


@dataclass(frozen=True, slots=True)
class Topics:
    words: list[Topic]
    tags: list[Topic]

    @property
    def alarms(self) -> list[Topic]:
        return [one for one in (*self.tags, *self.words) if one.spikes]


def topics(agent: Agent, now: datetime, segment: Segment | None = None) -> Topics:
    """Words and tags of the last 24 hours, what rises most first; of the customers of a segment where one is asked for.
    Three statements over four weeks of subjects."""
    values: dict[str, Any] = {"now": now, "recent": now - RECENT, "start": now - RECENT - timedelta(days=BASE_DAYS),
                              "fewest": FEWEST}  # fmt: skip
    visible = "true"
    if not (agent.is_active and agent.sees_everything):
        visible = "t.id = ANY(%(seen)s)"
        recent = Ticket.objects.visible_to(agent).filter(opened_at__gte=values["start"])
        values["seen"] = list(recent.values_list("pk", flat=True))
    if segment is not None:
        visible, values["members"] = f"{visible} AND {segment.sql('t.customer_id')}", list(segment.customers)
    with connection.cursor() as cursor:
        cursor.execute(_ALL.format(visible=visible), values)
        today, before = cursor.fetchone()
        cursor.execute(_WORDS.format(visible=visible), values)
        words = cursor.fetchall()
        cursor.execute(_TAGS.format(visible=visible), values)
        tags = cursor.fetchall()
    return Topics(rising(words, today=today, before=before), rising(tags, today=today, before=before))


def rising(counted: Sequence[tuple[str, int, int]], *, today: int, before: int) -> list[Topic]:
    """Topics by how unlikely their rise is. A busy day lifts all of them alike and is no spike of any. Pure."""
    busy = today / (before / BASE_DAYS) if before else 1.0
    found = []
    for name, count, earlier in counted:
        # Half a ticket in four weeks stands for what was never seen: new is not impossible.
        expected = max(earlier, 0.5) / BASE_DAYS * max(busy, 1.0)
        chance = poisson_tail(count, expected)
        spikes = count >= FEWEST and before > 0 and chance * max(1, len(counted)) < ALARM
        found.append(Topic(name, count, expected, chance, spikes))
    return sorted(found, key=lambda one: (one.chance, -one.count, one.name))[:SHOWN]


def poisson_tail(count: int, expected: float) -> float:
    """The probability of `count` or more where `expected` are expected."""
    if count <= 0:
        return 1.0
    below = sum(exp(k * log(expected) - expected - lgamma(k + 1)) for k in range(count))
    return max(0.0, 1.0 - below) if below < 0.999999 else _far_tail(count, expected)


def _far_tail(count: int, expected: float) -> float:
    """The same summed from its own end, where taking it from one would leave nothing but rounding."""
    total, term = 0.0, exp(count * log(expected) - expected - lgamma(count + 1))
    for k in range(count, count + 200):
        total += term
        term *= expected / (k + 1)
    return total
