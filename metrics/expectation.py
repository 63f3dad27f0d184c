"""How often buyers will buy again: the BG/NBD model of Fader, Hardie and Lee ("Counting Your Customers" the Easy Way,
Marketing Science 2005). Pure.

While a buyer is one, purchases come as by a Poisson process whose rate differs from buyer to buyer (gamma: r, alpha);
after any purchase they may be gone for good, with a chance that differs too (beta: a, b). Of each buyer only three
numbers count: how many purchases came after the first (x), when the last of them did (t), and how long ago the first
was (age), in weeks. Nobody sees who is gone; the model says how likely it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

# (x, t, age, how many buyers are alike in these).
Group = tuple[int, float, float, int]
Point = tuple[float, ...]
# Where the search begins, and how far it may go: e to this power.
_START: Point = (0.0, 1.0, 0.0, 0.5)
_FAR = 12.0
_STEPS, _NEAR = 1200, 1e-7
_TERMS = 20_000


@dataclass(frozen=True, slots=True)
class Model:
    """The four numbers that say how the buyers of a shop differ."""

    r: float
    alpha: float
    a: float
    b: float


def log_likelihood(model: Model, groups: Sequence[Group]) -> float:
    """How well a model explains what buyers did, the higher the better."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    by_count: dict[int, tuple[float, float]] = {}
    start = r * log(alpha) - lgamma(r) + lgamma(a + b) - lgamma(b)
    total = 0.0
    for x, t, age, n in groups:
        known = by_count.get(x)
        if known is None:
            ways = lgamma(r + x) + lgamma(b + x) - lgamma(a + b + x)
            known = by_count[x] = ways, log(a / (b + x - 1)) if x else 0.0
        still = -(r + x) * log(alpha + age)
        if x:
            gone = known[1] - (r + x) * log(alpha + t)
            high, low = (still, gone) if still > gone else (gone, still)
            still = high + log1p(exp(low - high))
        total += n * (start + known[0] + still)
    return total


def fit(groups: Sequence[Group]) -> Model | None:
    """The model that explains these buyers best; None where no search comes to an end."""
    if not groups:
        return None
    whole = sum(n for *_rest, n in groups)

    def cost(point: Point) -> float:
        if max(map(abs, point)) > _FAR:
            return float("inf")
        model = _model(point)
        # By x = 1 the model asks for b + x - 1 > 0, which every b above zero gives.
        return -log_likelihood(model, groups) / whole

    found = _lowest(cost, _START)
    return _model(found) if found is not None else None


def _model(point: Point) -> Model:
    return Model(*(exp(value) for value in point))


def is_alive(model: Model, x: int, t: float, age: float) -> float:
    """How likely somebody is still a buyer, from 0 to 1."""
    if not x:
        return 1.0  # by this model nobody goes before a second purchase
    return 1 / (1 + _gone(model, x, t, age))


def expected(model: Model, x: int, t: float, age: float, weeks: float) -> float:
    """How many purchases are to be expected of somebody in so many weeks from now."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    if abs(a - 1) < 1e-6:  # the formula divides by it; what lies beside it is as good
        a = 1 + 1e-6
    base = alpha + age + weeks
    left, whole = (alpha + age) / base, a + b + x - 1
    # Of the authors' series and what Euler's transformation makes of it one stays small, the other may grow beyond all
    # numbers: theirs where somebody bought often, his where nearly everybody goes at once.
    if r + x + 1 > a:
        series = left ** (a - 1) * _hypergeometric(whole - r - x, a - 1, whole, weeks / base)
    else:
        series = left ** (r + x) * _hypergeometric(r + x, b + x, whole, weeks / base)
    bought = whole / (a - 1) * (1 - series)
    return max(0.0, bought / (1 + (_gone(model, x, t, age) if x else 0.0)))


def _gone(model: Model, x: int, t: float, age: float) -> float:
    """How much likelier it is that somebody is gone than that they are still a buyer."""
    return exp(log(model.a / (model.b + x - 1)) + (model.r + x) * log((model.alpha + age) / (model.alpha + t)))


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss's series for 0 <= z < 1."""
    total = term = 1.0
    for j in range(_TERMS):
        term *= (a + j) * (b + j) / ((c + j) * (1 + j)) * z
        total += term
        if abs(term) < 1e-12 * abs(total):
            break
    return total


def _lowest(cost: Callable[[Point], float], start: Point) -> Point | None:
    """Where a function is lowest, by Nelder and Mead's simplex; None if it does not settle."""
    size = len(start)
    simplex = [start, *(tuple(v + (i == axis) for i, v in enumerate(start)) for axis in range(size))]
    found = sorted((cost(point), point) for point in simplex)
    for _step in range(_STEPS):
        best, worst = found[0], found[-1]
        if worst[0] - best[0] < _NEAR * (abs(best[0]) + _NEAR) and _spread(found) < 1e-4:
            return best[1]
        middle = tuple(sum(point[axis] for _, point in found[:-1]) / size for axis in range(size))
        found = _moved(cost, found, middle)
    return None


def _moved(
    cost: Callable[[Point], float], found: list[tuple[float, Point]], middle: Point
) -> list[tuple[float, Point]]:
    """The simplex after one step: its worst corner mirrored, stretched or drawn in, else all drawn to the best."""

    def corner(far: float) -> tuple[float, Point]:
        point = tuple(m + far * (w - m) for m, w in zip(middle, found[-1][1], strict=True))
        return cost(point), point

    mirrored = corner(-1.0)
    if mirrored[0] < found[0][0]:
        return sorted([*found[:-1], min(mirrored, corner(-2.0))])
    if mirrored[0] < found[-2][0]:
        return sorted([*found[:-1], mirrored])
    drawn = corner(-0.5 if mirrored[0] < found[-1][0] else 0.5)
    if drawn[0] < min(mirrored[0], found[-1][0]):
        return sorted([*found[:-1], drawn])
    best = found[0][1]
    near = [tuple((b + p) / 2 for b, p in zip(best, point, strict=True)) for _, point in found[1:]]
    return sorted([found[0], *((cost(point), point) for point in near)])


def _spread(found: list[tuple[float, Point]]) -> float:
    return max(abs(one - other) for _, point in found[1:] for one, other in zip(point, found[0][1], strict=True))
