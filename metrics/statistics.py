"""How sure a figure is. Pure."""

from __future__ import annotations

from math import exp, lgamma, log, log1p, sqrt

Z = 1.959963984540054  # 95 %


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, without continuity correction); (0, 1) for nothing."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def order_statistics(n: int, q: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """Ranks (from 1) of the values between which the q-quantile lies with at least that confidence, whatever the
    distribution; None where n is too small for such a pair."""
    tail = (1 - confidence) / 2
    low, high = 0, 0
    reached = 0.0
    for k, probability in _binomial(n, q):
        # `reached` is P(fewer than k values lie below the quantile).
        if reached <= tail:
            low = k
        reached += probability
        if reached >= 1 - tail:
            high = k + 1
            break
    if low < 1 or high < 1 or high > n:
        return None
    return low, high


def _binomial(n: int, q: float) -> list[tuple[int, float]]:
    """(k, probability) of the binomial distribution, all that matters of it."""
    spread = 12 * sqrt(n * q * (1 - q)) + 12
    first, last = max(0, int(n * q - spread)), min(n, int(n * q + spread))
    return [(k, exp(_log_choose(n, k) + k * log(q) + (n - k) * log1p(-q))) for k in range(first, last + 1)]


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
