"""Drawings as numbers for the templates: top left is the origin.

Most are in percent of the drawing, which has no viewBox: it takes any width, and its letters keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor as floored
from math import log10

WIDTH, HEIGHT = 720, 140
MARGIN = 8
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Dot:
    """One value with the interval it lies in."""

    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True, slots=True)
class Line:
    """Values over time, from floor to ceiling of the scale; `points` is what a polyline takes."""

    dots: tuple[Dot, ...]
    points: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over a square of 100, the band its intervals fill, and its last point."""

    points: str
    band: str
    first: Dot
    last: Dot


@dataclass(frozen=True, slots=True)
class Bar:
    """Two values on top of each other, in percent, with the middle of the bar and where it ends above."""

    x: float
    width: float
    middle: float
    low_y: float
    low_height: float
    high_y: float
    high_height: float


def line(values: Sequence[tuple[float, float, float, float]], *, floor: float, ceiling: float) -> Line:
    """(place from 0 to 1, value, low, high) as a line with whiskers; bounds outside the scale end at it."""

    def height(value: float) -> float:
        share = (min(max(value, floor), ceiling) - floor) / (ceiling - floor)
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 2)

    dots = tuple(
        Dot(round(MARGIN + place * (WIDTH - 2 * MARGIN), 2), height(value), height(low), height(high))
        for place, value, low, high in values
    )
    return Line(dots, " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots))


def curve(values: Sequence[tuple[float, float, float, float]], *, floor: float, ceiling: float) -> Curve | None:
    """(place from 0 to 1, value, low, high) over a square of 100; nothing for fewer than two values."""
    if len(values) < 2:
        return None

    def height(value: float) -> float:
        return round(100 - 100 * (min(max(value, floor), ceiling) - floor) / (ceiling - floor), 2)

    dots = [Dot(round(100 * place, 2), height(value), height(low), height(high)) for place, value, low, high in values]
    around = [f"{dot.x:g},{dot.high_y:g}" for dot in dots] + [f"{dot.x:g},{dot.low_y:g}" for dot in reversed(dots)]
    return Curve(" ".join(f"{dot.x:g},{dot.y:g}" for dot in dots), " ".join(around), dots[0], dots[-1])


def spark(values: Sequence[tuple[float, float]]) -> Curve | None:
    """(place from 0 to 1, value) as a small line that fills its own scale, with the ground below it."""
    if len(values) < 2:
        return None
    low, high = min(value for _, value in values), max(value for _, value in values)
    room = (high - low) or 1.0
    # A tenth is left above and below; a line that does not move lies in the middle.
    floor, ceiling = (low - room / 10, high + room / 10) if high > low else (low - 1, low + 1)
    return curve([(place, value, floor, value) for place, value in values], floor=floor, ceiling=ceiling)


def bars(values: Sequence[tuple[int, int]], highest: float) -> list[Bar]:
    """(below, above) of each slot, side by side from zero to `highest`."""
    slot = 100 / max(1, len(values))
    width = slot * (0.4 if len(values) <= 10 else 0.66)
    found = []
    for number, (low, high) in enumerate(values):
        up, more = 100 * low / highest, 100 * high / highest
        x = number * slot + (slot - width) / 2
        found.append(Bar(
            round(x, 3), round(width, 3), round(x + width / 2, 3), round(100 - up, 2), round(up, 2),
            round(100 - up - more, 2), round(more, 2),
        ))  # fmt: skip
    return found


def scale(highest: float, parts: int = 4) -> list[float]:
    """Round numbers from zero to the first that is not below `highest`, in so many steps."""
    rough = max(highest, 1) / parts
    power = 10.0 ** floored(log10(rough))
    step = max(1.0, next(power * one for one in STEPS if power * one >= rough))
    # Whole cases are counted: no half lines.
    step = float(int(step) + 1) if step != int(step) and highest < 50 else step
    return [step * number for number in range(parts + 1)]


def cut_scale(low: float, high: float, floor: float, ceiling: float, parts: int = 4) -> list[float]:
    """Round numbers around the values, within the scale of the question."""
    room = max(high - low, (ceiling - floor) / 25)
    step = scale(room, parts - 1)[1] if ceiling - floor > 10 else 0.5
    first = max(floor, floored(low / step) * step)
    while first + step * parts < high:
        step *= 2
        first = max(floor, floored(low / step) * step)
    last = min(ceiling, first + step * parts)
    return [first + (last - first) * number / parts for number in range(parts + 1)]
