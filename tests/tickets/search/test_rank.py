"""Which of two tickets comes first, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.people import NOW
from tickets.search.rank import HEAVIEST, Fit, ranked, score, weights_of

RARE, COMMON = 4, 1
WEIGHTS = (RARE, COMMON)
BOTH = RARE + COMMON
DAY = timedelta(days=1)


def fit(**fields: object) -> Fit:
    return Fit(**({"id": 1, "at": NOW, "message": BOTH} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "better", "worse"),
    [
        ("the subject over the body", fit(subject=BOTH, at=NOW - 365 * DAY), fit()),
        ("the customer over the body", fit(customer=RARE, at=NOW - 20 * DAY), fit()),
        ("their whole address over a subject", fit(exact_customer=True, at=NOW - 365 * DAY), fit(subject=BOTH)),
        ("a phrase over words apart", fit(message_phrase=True, at=NOW - 100 * DAY), fit()),
        ("a phrase in the subject over one below", fit(subject=BOTH, subject_phrase=True), fit(message_phrase=True)),
        ("all in one message over one each", fit(), fit(message=COMMON)),
        ("the rare word in the subject over the common", fit(subject=RARE), fit(subject=COMMON)),
        ("the rare word in one message over the common", fit(message=RARE), fit(message=COMMON)),
        (
            "of two alike the one written to last",
            fit(at=NOW - timedelta(minutes=5)),
            fit(at=NOW - timedelta(minutes=6)),
        ),
        ("a week between two is not worth a subject", fit(subject=COMMON, at=NOW - 7 * DAY), fit()),
        ("years are: an old body behind a new one", fit(), fit(at=NOW - 1000 * DAY)),
        ("anything over spam", fit(message=0, at=NOW - 3000 * DAY), fit(subject=BOTH, out_of_the_way=True)),
    ],
)
def test_what_comes_first(why: str, better: Fit, worse: Fit) -> None:
    assert score(better, WEIGHTS, at=NOW) > score(worse, WEIGHTS, at=NOW), why


def test_of_equals_the_higher_number_comes_first() -> None:
    assert [one.id for _score, one in ranked([fit(id=2), fit(id=3), fit(id=1)], WEIGHTS, at=NOW)] == [3, 2, 1]


def test_a_ticket_written_to_after_the_moment_is_as_new_as_one_of_the_moment() -> None:
    assert score(fit(at=NOW + DAY), WEIGHTS, at=NOW) == score(fit(), WEIGHTS, at=NOW)


@pytest.mark.parametrize(
    ("hits", "weight"), [(900_000, 1), (100_000, 2), (10_000, 3), (120, 5), (1, HEAVIEST), (0, HEAVIEST)]
)
def test_each_tenfold_rarity_is_one_more(hits: float, weight: int) -> None:
    assert weights_of([hits], 1_000_000) == (weight,)


def test_weights_bear_a_database_without_rows() -> None:
    assert weights_of([0, 5], 0) == (1, 1)
