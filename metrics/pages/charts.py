"""Drawings as numbers for the templates: everything in the drawing's own units, top left is the origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 140
MARGIN = 8


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
