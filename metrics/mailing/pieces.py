"""The pieces a report that leaves the house is made of. The mail and the paper lay out these and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its interval, what it is of, and how it moved; `real` where that is no chance, None unsaid, and
    then `better` says whether for the better. `meaning` is its definition."""

    name: str
    shown: str
    bounds: str = ""
    of: str = ""
    moved: str = ""
    real: bool | None = None
    better: bool | None = None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """How many were kept and missed in one day, week or month."""

    label: str
    kept: int
    missed: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A figure with its interval at one place (0 to 1) of a line."""

    label: str
    place: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, or dots between the ends of an axis, and what they show in a sentence."""

    title: str
    finding: str
    bars: Sequence[Bar] = ()
    dots: Sequence[Dot] = ()
    axis: tuple[float, float] = (0, 100)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, the first a name, each with a share in percent to draw, or None.

    `shares` is False where there are none at all: `head` then names every column. `texts` are the columns of words,
    and how they share the width; the others are numbers. `note` says what is shown. `shades` (0 to 10, a row each)
    colour the last cells of their rows, as a heat map does.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[tuple[Sequence[str], float | None]]
    shares: bool = True
    texts: Mapping[int, int] = field(default_factory=lambda: {0: 1})
    note: str = ""
    shades: Sequence[Sequence[int | None]] = ()

    def __post_init__(self) -> None:
        assert not self.shades or len(self.shades) == len(self.rows)

    @property
    def cells(self) -> list[list[tuple[str, bool, int | None]]]:
        """(text, whether of words, shade) of each cell of the rows."""
        found = []
        for number, (texts, _share) in enumerate(self.rows):
            shaded = self.shades[number] if self.shades else ()
            shades: list[int | None] = [*[None] * (len(texts) - len(shaded)), *shaded]
            found.append(
                [(text, at in self.texts, shade) for at, (text, shade) in enumerate(zip(texts, shades, strict=True))]
            )
        return found


@dataclass(frozen=True, slots=True)
class Content:
    """What a report says. `when`: of which time, where that is not the period asked for. `lead`: what comes before all
    figures. `meaning`: the definition of the whole. `counted_at`: the moment its figures are true of, where that is not
    now; while they are counted for the first time it is `counting`."""

    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    when: str = ""
    lead: str = ""
    meaning: str = ""
    counted_at: datetime | None = None
    counting: bool = False
