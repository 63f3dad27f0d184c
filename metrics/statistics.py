"""How sure a figure is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, inf, lgamma, log, log1p, sqrt

Z = 1.959963984540054  # 95 %
Interval = tuple[float, float]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, without continuity correction); (0, 1) for nothing."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def newcombe(now: tuple[int, int], before: tuple[int, int]) -> Interval:
    """The 95 % interval of a difference of two shares, each given as (hits, n), out of Wilson's of each (Newcombe 1998,
    method 10)."""
    (one, low1, high1), (two, low2, high2) = ((hits / n, *wilson(hits, n)) for hits, n in (now, before))
    gap = one - two
    return gap - sqrt((one - low1) ** 2 + (high2 - two) ** 2), gap + sqrt((high1 - one) ** 2 + (two - low2) ** 2)


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


def _binomial(n: int, q: float) -> Iterator[tuple[int, float]]:
    """(k, probability) of the binomial distribution, all that matters of it; each out of the one before."""
    spread = 12 * sqrt(n * q * (1 - q)) + 12
    first, last = max(0, int(n * q - spread)), min(n, int(n * q + spread))
    probability = exp(_log_choose(n, first) + first * log(q) + (n - first) * log1p(-q))
    odds = q / (1 - q)
    for k in range(first, last + 1):
        yield k, probability
        probability *= (n - k) / (k + 1) * odds


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


Counts = Mapping[float, int] | Mapping[int, int]


def moments(counts: Counts) -> tuple[int, float, float]:
    """(n, mean, sample variance) of values given as how often each occurs; the variance is 0 for a single one."""
    n = sum(counts.values())
    mean = sum(value * times for value, times in counts.items()) / n
    square = sum(times * (value - mean) ** 2 for value, times in counts.items())
    return n, mean, square / (n - 1) if n > 1 else 0.0


def mean_interval(counts: Counts) -> Interval:
    """The 95 % interval of a mean by Student's distribution, within the values that occur where they all agree."""
    n, mean, variance = moments(counts)
    reach = student(n - 1) * sqrt(variance / n) if n > 1 else inf
    return mean - reach, mean + reach


def nps_interval(promoters: int, detractors: int, n: int) -> Interval:
    """The 95 % interval of a Net Promoter Score in points, by the variance of its answers. One answer of each kind is
    added in thought, so that ten promoters and nobody else are not taken for certainty (Rocks 2016, adjusted Wald)."""
    n, up, down = n + 3, promoters + 1, detractors + 1
    share = (up - down) / n
    reach = Z * sqrt(((up + down) / n - share * share) / n)
    middle = 100 * share
    return max(-100.0, middle - 100 * reach), min(100.0, middle + 100 * reach)


def difference(now: Counts, before: Counts) -> Interval:
    """The 95 % interval of a difference of two means (Welch)."""
    (n1, mean1, var1), (n2, mean2, var2) = moments(now), moments(before)
    if n1 < 2 or n2 < 2:
        return -inf, inf
    part1, part2 = var1 / n1, var2 / n2
    both = part1 + part2
    if both == 0:
        # All say the same on both sides: how sure that is cannot be read from it.
        return -inf, inf
    freedom = both * both / (part1 * part1 / (n1 - 1) + part2 * part2 / (n2 - 1))
    reach = student(freedom) * sqrt(both)
    return mean1 - mean2 - reach, mean1 - mean2 + reach


def student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t (Cornish-Fisher, exact for 1 and 2; below 0.001 off from 5 on)."""
    if freedom < 1.5:
        return 12.706204736432095
    if freedom < 2.5:
        return 4.302652729911275
    z, v = Z, freedom
    return (
        z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )  # fmt: skip


def shrink(groups: Sequence[Counts]) -> list[float | None]:
    """Each group's mean pulled towards the mean of all: by as much as its own uncertainty outweighs how much groups
    truly differ (empirical Bayes, the spread between groups by DerSimonian and Laird). None for an empty group."""
    known = [moments(group) if sum(group.values()) else None for group in groups]
    full = [one for one in known if one]
    if not full:
        return [None for _ in groups]
    total = sum(n for n, _, _ in full)
    mean = sum(n * each for n, each, _ in full) / total
    # One spread within groups for all: a group's own, of five answers, says little.
    within = sum((n - 1) * variance for n, _, variance in full) / max(1, total - len(full))
    if within == 0:
        return [one[1] if one else None for one in known]
    weights = [n / within for n, _, _ in full]
    heard = sum(w * (each - mean) ** 2 for w, (_, each, _) in zip(weights, full, strict=True))
    spread = sum(weights) - sum(w * w for w in weights) / sum(weights)
    between = max(0.0, (heard - (len(full) - 1)) / spread) if spread > 0 else 0.0
    return [_pulled(one, mean, within, between) if one else None for one in known]


def _pulled(one: tuple[int, float, float], mean: float, within: float, between: float) -> float:
    n, own, _ = one
    trust = between / (between + within / n)
    return mean + trust * (own - mean)
