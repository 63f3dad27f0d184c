"""Intervals against what others publish and against counting by hand."""

from __future__ import annotations

from math import comb

import pytest

from metrics.figures import quantile
from metrics.statistics import order_statistics, wilson


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
