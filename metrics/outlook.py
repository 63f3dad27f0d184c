"""What buyers are expected to buy from now on, by `metrics.expectation` over the orders of all shops; and how well that
would have foretold the last 90 days.

Purchases of one day are one; time is counted in weeks. Very many different buyers are taken together by two weeks, four
and so on, until there are few enough groups: the search reads each of them some hundred times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from commerce.matching import orders_of_customer
from commerce.models import PURCHASES
from metrics.expectation import Group, Model, expected, fit, is_alive
from metrics.facts import FEW
from metrics.retention import read_rows, values_until

SOON, LATER = 90, 365
# With fewer buyers, or fewer who came back, four numbers fit anything.
LEAST_BUYERS = 200
MOST_GROUPS = 3000
_DAYS = """
days AS (SELECT DISTINCT buyer_id, (placed_at AT TIME ZONE %(zone)s)::date AS day FROM purchases)"""
_GROUPS = """
WITH {purchases}, {days},
buyers AS (
    SELECT count(*) - 1 AS x, max(day) - min(day) AS lasted, %(today)s::date - min(day) AS age FROM days
    GROUP BY buyer_id
)
SELECT x, round(lasted / 7.0)::int, round(age / 7.0)::int, count(*) FROM buyers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_HAPPENED = """
WITH {purchases}, {days},
known AS (SELECT DISTINCT buyer_id FROM days WHERE day <= %(cut)s)
SELECT count(*) FROM days JOIN known USING (buyer_id) WHERE day > %(cut)s
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of `buyers`, of whom so many bought `again`: the purchases to be expected in 90 and in 365 days, and how many of
    them are still buyers (`active`). `foretold` is what would have been said 90 days ago of the time since, `happened`
    what was; None where there was not enough then. Without a model there is not enough data."""

    buyers: int
    again: int
    model: Model | None = None
    soon: float = 0.0
    later: float = 0.0
    active: float = 0.0
    foretold: float | None = None
    happened: int | None = None


@dataclass(frozen=True, slots=True)
class BuyerOutlook:
    """The same of one customer: how often they bought, how likely they still do, and what is to be expected."""

    purchases: int
    alive: float
    soon: float
    later: float


def outlook(end: datetime, zone: str) -> Outlook:
    """Of everybody who bought before `end`. Some seconds of reckoning: for Celery, not for a page."""
    groups = _groups(end, zone)
    buyers, again = _counted(groups)
    model = _model_of(groups)
    if model is None:
        return Outlook(buyers, again)
    foretold, happened = _looking_back(end, zone)
    return Outlook(
        buyers, again, model, _sum(model, groups, SOON), _sum(model, groups, LATER),
        sum(n * is_alive(model, x, t, age) for x, t, age, n in groups), foretold, happened,
    )  # fmt: skip


def outlook_of_customer(customer_id: int, model: Model, today: date, zone: str) -> BuyerOutlook | None:
    """By the orders under their proven addresses; None for who never bought."""
    bought = orders_of_customer(customer_id).filter(Q(refunded__lt=F("total")) | Q(total=0), status__in=PURCHASES)
    tz = ZoneInfo(zone)
    days = sorted({at.astimezone(tz).date() for at in bought.values_list("placed_at", flat=True)})
    days = [day for day in days if day <= today]
    if not days:
        return None
    x, t, age = len(days) - 1, _weeks(days[-1] - days[0]), _weeks(today - days[0])
    soon, later = (expected(model, x, t, age, span / 7) for span in (SOON, LATER))
    return BuyerOutlook(len(days), is_alive(model, x, t, age), soon, later)


def _weeks(length: timedelta) -> float:
    return length.days / 7


def _groups(end: datetime, zone: str) -> list[Group]:
    today = _last_day(end, zone)
    rows = read_rows(_GROUPS, values_until(end) | {"zone": zone, "today": today})
    return coarser([(x, float(t), float(max(t, age)), n) for x, t, age, n in rows])


def coarser(groups: Sequence[Group], most: int = MOST_GROUPS) -> list[Group]:
    """The same buyers in fewer groups: times rounded to more and more weeks until there are few enough."""
    found, step = list(groups), 1
    while len(found) > most:
        step *= 2
        counts: Counter[tuple[int, float, float]] = Counter()
        for x, t, age, n in groups:
            counts[x, float(round(t / step) * step), float(round(age / step) * step)] += n
        found = [(*alike, n) for alike, n in sorted(counts.items())]
    return found


def _counted(groups: Sequence[Group]) -> tuple[int, int]:
    return sum(n for *_rest, n in groups), sum(n for x, _t, _age, n in groups if x)


def _model_of(groups: Sequence[Group]) -> Model | None:
    buyers, again = _counted(groups)
    return fit(groups) if buyers >= LEAST_BUYERS and again >= FEW else None


def _looking_back(end: datetime, zone: str) -> tuple[float | None, int | None]:
    """What the model of 90 days ago said of those 90 days, and what its buyers did."""
    then = end - timedelta(days=SOON)
    earlier = _groups(then, zone)
    model = _model_of(earlier)
    if model is None:
        return None, None
    values: dict[str, Any] = values_until(end) | {"zone": zone, "cut": _last_day(then, zone)}
    return _sum(model, earlier, SOON), read_rows(_HAPPENED, values)[0][0]


def _sum(model: Model, groups: Sequence[Group], days: int) -> float:
    return sum(n * expected(model, x, t, age, days / 7) for x, t, age, n in groups)


def _last_day(end: datetime, zone: str) -> date:
    return (end.astimezone(ZoneInfo(zone)) - timedelta(microseconds=1)).date()
