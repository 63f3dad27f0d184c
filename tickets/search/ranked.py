"""The best matches among the newest tickets that were found.

Two statements, whatever is asked: what the candidates are called and whose they are, and where each has the words. How
many are compared is bounded (MOST_COMPARED), so that a word of every mail costs no more than one of a few hundred; what
is older follows by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from people.finding.query import Query
from people.finding.text import normalise, short_vector

from .rank import Fit, ranked

MOST_COMPARED = 300
_ADDRESSES = 10  # of one customer, the newest


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ticket with its score, and the message that fits best (None where none has any of the words)."""

    id: int
    score: int
    message_id: int | None


def rank(
    query: Query, found: Sequence[tuple[int, datetime]], weights: Sequence[int], *, at: datetime
) -> list[Ranked]:  # fmt: skip
    """The tickets that were found, the best match first. `weights` are those of the query's wanted terms."""
    if not found:
        return []
    called = _called([id for id, _at in found])
    best, fits = dict[int, int | None](), list[Fit]()
    for id, message, subject, subject_phrase, customer, worth, phrase in _worth(query, called, weights):
        one, best[id] = called[id], message
        exact = one.is_exactly(query.part)
        fits.append(Fit(id, one.at, subject, subject_phrase, customer, exact, worth or 0, bool(phrase), one.aside))
    return [Ranked(fit.id, score, best[fit.id]) for score, fit in ranked(fits, weights, at=at)]


@dataclass(frozen=True, slots=True)
class _Called:
    """What a ticket is called and whose it is."""

    at: datetime
    subject: str
    language: str
    aside: bool
    name: str
    addresses: list[str]

    def is_exactly(self, part: str) -> bool:
        """Whether what was typed is the customer's whole name or address."""
        return bool(part) and part in (normalise(self.name).strip(), *self.addresses)


_CALLED = """
SELECT t.id, t.last_message_at, t.subject, t.language, t.status = 'spam' OR t.merged_into_id IS NOT NULL, c.name, ARRAY(
    SELECT i.value FROM people_identity i WHERE i.customer_id = c.id ORDER BY i.id DESC LIMIT %s
)
FROM tickets_ticket t JOIN people_customer c ON c.id = t.customer_id WHERE t.id = ANY(%s)
"""


def _called(ids: Sequence[int]) -> dict[int, _Called]:
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [_ADDRESSES, list(ids)])
        return {id: _Called(*rest) for id, *rest in cursor.fetchall()}


def _worth(query: Query, called: dict[int, _Called], weights: Sequence[int]) -> list[tuple[Any, ...]]:
    """(id, best message, weights in the subject, phrase there?, in the customer, in that message, phrase there?)."""
    terms = query.wanted
    weigh = " + ".join(["({0} @@ %s::tsquery)::int * %s"] * len(terms))
    weighed = [part for pair in zip(terms, weights, strict=True) for part in pair]
    together = "{0} @@ %s::tsquery" if query.phrase else "false"
    phrase = [query.phrase] if query.phrase else []
    any_term = " | ".join(f"({term})" for term in terms)
    # Every part of the statement is ours; what was typed travels as parameters. The best message: most of the words,
    # by weight, a phrase above all, then the newest.
    statement = f"""
    SELECT g.id, m.id, {weigh.format("g.subject")}, {together.format("g.subject")}, {weigh.format("g.customer")},
           m.worth, m.together
    FROM (SELECT id, subject::tsvector, customer::tsvector
          FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given(id, subject, customer)) AS g
    LEFT JOIN LATERAL (
        SELECT e.message_id AS id, {weigh.format("e.vector")} AS worth, {together.format("e.vector")} AS together
        FROM tickets_searchentry e WHERE e.ticket_id = g.id AND e.vector @@ %s::tsquery
        ORDER BY together DESC, worth DESC, e.message_id DESC LIMIT 1
    ) AS m ON true
    """  # noqa: S608
    ids = list(called)
    subjects = [short_vector(one.subject, one.language) for one in called.values()]
    people = [short_vector("\n".join((one.name, *one.addresses))) for one in called.values()]
    values = [*weighed, *phrase, *weighed, ids, subjects, people, *weighed, *phrase, any_term]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
