"""Where the next page of a search begins. Pure.

In the order of time a page goes on after its last ticket. Among best matches it goes on after a score, and the cursor
also holds all that the scores were made of besides the tickets: the moment, what each word weighed, and how far back
tickets were compared. So a later page scores and compares as the first did, whatever arrived meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tickets.errors import InvalidInput

from .rank import HEAVIEST

Position = tuple[datetime, int]
_BIGGEST = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_214_400  # the year 9999: a moment from outside must be one


class Order(StrEnum):
    """How found tickets stand: the best match first, or the one last written to."""

    BEST = "best"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the first page of best matches was ranked by. `edge` is the oldest ticket that was compared, None when that
    were all; `score` and `id` belong to the last ticket shown."""

    at: datetime
    weights: tuple[int, ...]
    edge: Position | None = None
    score: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended; `open_end` when it was found by the beginning of the last word."""

    after: Position | None = None
    open_end: bool = False
    ranking: Ranking | None = None

    @property
    def begins(self) -> bool:
        """Whether this is the first page."""
        return self.after is None and self.ranking is None

    def __str__(self) -> str:
        if self.begins:
            return ""
        return base64.urlsafe_b64encode(json.dumps(self._said(), separators=(",", ":")).encode()).decode()

    def _said(self) -> list[Any]:
        if self.ranking is None:
            assert self.after is not None
            return [self.after[0].isoformat(), self.after[1], self.open_end]
        one = self.ranking
        edge = [_microseconds(one.edge[0]), one.edge[1]] if one.edge else []
        weights = "".join(map(str, one.weights))
        return [one.score, one.id, int(one.at.timestamp()), weights, int(self.open_end), *edge]

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """InvalidInput for what is no cursor: it comes from outside."""
        if not text:
            return cls()
        try:
            said = json.loads(base64.urlsafe_b64decode(text))
            return _by_time(said) if len(said) == 3 else _by_rank(said)
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
            raise InvalidInput("after", _("This is no place to continue a search from.")) from error


def _by_time(said: Any) -> Cursor:
    at, id, open_end = said
    moment = parse_datetime(at)
    if moment is None or moment.tzinfo is None:
        raise ValueError(at)
    return Cursor((moment, _number(id)), bool(open_end))


def _by_rank(said: Any) -> Cursor:
    score, id, at, weights, open_end, *edge = said
    known = tuple(int(one) for one in weights)
    if type(score) is not int or abs(score) >= _BIGGEST or not 0 <= _number(at) < _LAST_SECOND:
        raise ValueError(said)
    if not all(1 <= one <= HEAVIEST for one in known) or len(edge) not in (0, 2):
        raise ValueError(said)
    oldest = (
        (_EPOCH + timedelta(microseconds=_number(edge[0], _LAST_SECOND * 10**6)), _number(edge[1])) if edge else None
    )
    ranking = Ranking(datetime.fromtimestamp(at, UTC), known, oldest, score, _number(id))
    return Cursor(None, bool(open_end), ranking)


def _number(value: Any, most: int = _BIGGEST) -> int:
    if type(value) is not int or not 0 < value < most:
        raise ValueError(value)
    return value


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
