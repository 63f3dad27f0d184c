"""Intervals against what others publish and against counting by hand."""

from __future__ import annotations

import random
from collections import Counter
from math import comb

import pytest

from metrics.statistics import (
    difference,
    mean_interval,
    moments,
    nps_interval,
    order_statistics,
    shrink,
    student,
    wilson,
)
from metrics.waits import quantile


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (3, 4, 0.3006, 0.9544),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson(hits: int, n: int, low: float, high: float) -> None:
    """81 of 263 and 15 of 148 are the examples of Newcombe (1998)."""
    assert wilson(hits, n) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("n", [6, 10, 25, 100, 371])
@pytest.mark.parametrize("q", [0.5, 0.9])
def test_ranks_cover_the_quantile_with_their_confidence(n: int, q: float) -> None:
    ranks = order_statistics(n, q)
    if ranks is None:
        # Not even the whole sample would do: the largest value lies below the quantile too often.
        assert q**n > 0.025 or (1 - q) ** n > 0.025
        return
    low, high = ranks
    below = [comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    assert sum(below[low:high]) >= 0.95
    assert sum(below[:low]) <= 0.025 and sum(below[high:]) <= 0.025
    assert sum(below[: low + 1]) > 0.025 and sum(below[high - 1 :]) > 0.025  # no narrower pair would do


def test_known_ranks_of_the_median() -> None:
    """Tables of the sign test: n = 10 gives the 2nd and 9th, n = 20 the 6th and 15th, n = 5 nothing."""
    assert [order_statistics(n, 0.5) for n in (5, 6, 10, 20)] == [None, (1, 6), (2, 9), (6, 15)]


def test_quantiles_are_observed_values() -> None:
    assert quantile([], 0.5).seconds is None
    assert [quantile([1, 2, 3, 4], q).seconds for q in (0.25, 0.5, 0.51, 0.9, 0.99)] == [1, 2, 3, 4, 4]
    many = quantile([float(n) for n in range(1, 101)], 0.5)
    assert (many.seconds, many.low, many.high) == (50, 40, 61)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)],
)
def test_students_quantiles_are_those_of_the_tables(freedom: float, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=0.01)


def test_a_mean_has_students_interval() -> None:
    """Seven values with mean 4 and variance 4.667 by hand: 4 ± 2.447 · sqrt(4.667 / 7)."""
    counts = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}
    assert moments(counts) == (7, 4.0, pytest.approx(4.6667, abs=1e-3))
    assert mean_interval(counts) == pytest.approx((2.002, 5.998), abs=0.01)


def test_an_nps_interval_holds_the_score_and_never_claims_certainty() -> None:
    low, high = nps_interval(60, 15, 100)
    assert low < 45 < high and 13 < (high - low) / 2 < 15
    assert nps_interval(10, 0, 10)[0] < 80 and nps_interval(10, 0, 10)[1] <= 100
    assert nps_interval(0, 0, 0)[0] < -70


def test_intervals_cover_what_they_claim_to() -> None:
    """Answers drawn with known shares: 95 of 100 intervals hold the truth, give or take."""
    draw = random.Random(20)
    held = {"nps": 0, "mean": 0, "difference": 0}
    for _ in range(1000):
        said = Counter(draw.choices([-1, 0, 1], [0.15, 0.25, 0.6], k=80))
        low, high = nps_interval(said[1], said[-1], 80)
        held["nps"] += low <= 45 <= high
        grades, others = (Counter(draw.choices(range(1, 8), [1, 1, 2, 3, 5, 6, 4], k=50)) for _ in range(2))
        truth = sum(s * w for s, w in zip(range(1, 8), [1, 1, 2, 3, 5, 6, 4], strict=True)) / 22
        low, high = mean_interval(grades)
        held["mean"] += low <= truth <= high
        low, high = difference(grades, others)
        held["difference"] += low <= 0 <= high
    assert all(930 <= count <= 970 for count in held.values()), held


def test_few_answers_are_pulled_to_the_whole_and_many_stand() -> None:
    groups = [{100.0: 450, 0.0: 50}, {100.0: 300, 0.0: 200}, {100.0: 3}, {}]
    many, other, few, none = shrink(groups)
    assert many is not None and other is not None and few is not None and none is None
    assert many == pytest.approx(90, abs=1) and other == pytest.approx(60, abs=1)
    assert 75 < few < 97  # three answers of three are no 100 %
    # Where groups differ no more than chance, all are what the whole is.
    alike = shrink([{100.0: 8, 0.0: 2}, {100.0: 7, 0.0: 3}, {100.0: 9, 0.0: 1}])
    assert alike == [pytest.approx(80), pytest.approx(80), pytest.approx(80)]
