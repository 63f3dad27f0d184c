"""How well a ticket fits a search: what counts, and how much. Pure.

A ticket that was found holds everything asked for; the rank says where. The subject and the customer's name tell more
than a message, words one after the other as they were typed more than words apart, one message with all of them more
than several with one each, a rare word more than a common one, and of two alike the one written to last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HEAVIEST = 5  # of a word; one digit, since a cursor keeps it as such
_SUBJECT, _SUBJECT_PHRASE = 2000, 1500
_CUSTOMER, _EXACT_CUSTOMER = 1600, 4000
_MESSAGE, _MESSAGE_PHRASE = 1000, 1300
_RECENT, _FADES = 1500, timedelta(days=60)
_OUT_OF_THE_WAY = -10_000
_FINE = 1000  # parts of a point, so that minutes tell of two that are alike


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a ticket has what was asked for. `subject`, `customer` and `message` are the weights of the words found
    there, the last in its best message; a phrase is all words one after the other."""

    id: int
    at: datetime
    subject: int = 0
    subject_phrase: bool = False
    customer: int = 0
    exact_customer: bool = False
    message: int = 0
    message_phrase: bool = False
    out_of_the_way: bool = False  # spam, or only a signpost to another ticket


def weights_of(hits: Sequence[float], all_messages: float) -> tuple[int, ...]:
    """What each word weighs, 1 to HEAVIEST: one more for every time it is ten times as rare. Coarse, as the planner's
    guesses are from which it comes."""
    return tuple(min(HEAVIEST, 1 + max(0, round(math.log10(max(all_messages, 1) / max(one, 1))))) for one in hits)


def score(fit: Fit, weights: Sequence[int], *, at: datetime) -> int:
    """Higher is better. Whole numbers, so that a later page compares exactly what the first one did."""
    whole = max(sum(weights), 1)
    points = (
        _SUBJECT * fit.subject // whole
        + _CUSTOMER * fit.customer // whole
        + _MESSAGE * fit.message // whole
        + _SUBJECT_PHRASE * fit.subject_phrase
        + _EXACT_CUSTOMER * fit.exact_customer
        + _MESSAGE_PHRASE * fit.message_phrase
        + _OUT_OF_THE_WAY * fit.out_of_the_way
    )
    age = max(at - fit.at, timedelta())
    return points * _FINE + int(_RECENT * _FINE / (1 + age / _FADES))


def ranked(fits: Sequence[Fit], weights: Sequence[int], *, at: datetime) -> list[tuple[int, Fit]]:
    """(score, fit), the best first; of equals the higher number."""
    scored = [(score(fit, weights, at=at), fit) for fit in fits]
    return sorted(scored, key=lambda one: (-one[0], -one[1].id))
