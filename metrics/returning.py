"""What the retention page and the overview ask about orders, in words that can be kept with their answers.

Periods are told as days back from today in a zone, so that tomorrow's question is today's. Of a reader who sees some
tickets only, their sight is part of the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from metrics import experience, retention
from metrics.expectation import Model
from metrics.experience import Comparison
from metrics.facts import Scope
from metrics.outlook import Outlook
from metrics.outlook import outlook as whole_outlook
from metrics.retention import REPEAT_DAYS, Cohort, Loyalty, Segment, Share
from metrics.stored import Answered, answer_again, ask, teach_work
from metrics.tallies import midnight
from metrics.waits import NOTHING, Quantile
from people.models import Agent

YEAR = 365
NOBODY = Share(0, 0)


@dataclass(frozen=True, slots=True)
class Service:
    """How service and loyalty go together, and of when that is."""

    comparisons: list[Comparison]
    endings: list[tuple[str, Share]]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Everything:
    """All a report of who comes back says, and the oldest moment of its parts; None while one of them is counted for
    the first time."""

    loyalty: Loyalty
    cohorts: list[Cohort]
    segments: list[Segment]
    service: Service
    at: datetime | None


def everything(scope: Scope, now: datetime) -> Everything:
    asked = [_ask_loyalty(scope, now), _ask_cohorts(scope, now), _ask_segments(scope, now)]
    served = service(scope, now)
    moments = [*[said.at for said in asked], served.at]
    known = [at for at in moments if at is not None]
    return Everything(
        _read_loyalty(asked[0]), _read_cohorts(asked[1]), _read_segments(asked[2]), served,
        min(known) if len(known) == len(moments) else None,
    )  # fmt: skip


def loyalty(scope: Scope, now: datetime) -> tuple[Loyalty, datetime | None]:
    said = _ask_loyalty(scope, now)
    return _read_loyalty(said), said.at


def _ask_loyalty(scope: Scope, now: datetime) -> Answered:
    return ask("loyalty", _period(scope, now), now=now)


def _read_loyalty(said: Answered) -> Loyalty:
    if said.at is None:
        return Loyalty(NOBODY, NOBODY, NOBODY, NOTHING, 0)
    kept, known, again = (Share(*pair) for pair in said.answer["shares"])
    return Loyalty(kept, known, again, Quantile(*said.answer["second"]), said.answer["seconds"])


def repeat(scope: Scope, now: datetime) -> Share:
    return Share(*(ask("repeat", _period(scope, now), now=now).answer or (0, 0)))


def repeats(scope: Scope, step: str, now: datetime) -> list[tuple[date, Share]]:
    said = ask("repeats", _period(scope, now) | {"step": step}, now=now)
    return [(date.fromisoformat(day), Share(hits, n)) for day, hits, n in said.answer or ()]


def cohorts(scope: Scope, now: datetime) -> list[Cohort]:
    return _read_cohorts(_ask_cohorts(scope, now))


def _ask_cohorts(scope: Scope, now: datetime) -> Answered:
    return ask("cohorts", _end(scope, now), now=now)


def _read_cohorts(said: Answered) -> list[Cohort]:
    return [Cohort(date.fromisoformat(month), size, tuple(active)) for month, size, active in said.answer or ()]


def segments(scope: Scope, now: datetime) -> list[Segment]:
    return _read_segments(_ask_segments(scope, now))


def _ask_segments(scope: Scope, now: datetime) -> Answered:
    return ask("segments", _end(scope, now), now=now)


def _read_segments(said: Answered) -> list[Segment]:
    return [Segment(*row) for row in said.answer or ()]


def service(scope: Scope, now: datetime) -> Service:
    """Of the year up to the period's end, as far as 90 days have passed since."""
    agent = scope.agent
    sight = None if agent.sees_everything else [agent.pk, repr(_sorted(agent.scope))]
    said: Answered = ask("service", _end(scope, now) | {"sight": sight}, now=now)
    if said.at is None:
        return Service(experience.compare([]), experience.by_ending([]), None)
    comparisons = [
        Comparison(name, Share(*one), Share(*other), matched, tuple(interval) if interval else None)
        for name, one, other, matched, interval in said.answer["comparisons"]
    ]
    endings = [(name, Share(hits, n)) for name, hits, n in said.answer["endings"]]
    return Service(comparisons, endings, said.at)


def outlook(scope: Scope, now: datetime) -> tuple[Outlook | None, datetime | None]:
    """What is to be expected of everybody who bought up to the period's end; None while it is worked out for the first
    time."""
    said = ask("outlook", _end(scope, now), now=now, heavy=True)
    if said.at is None:
        return None, None
    model = said.answer["model"]
    return Outlook(**said.answer | {"model": Model(*model) if model else None}), said.at


def _sorted(sight: Any) -> tuple[Any, ...]:
    channels = sight.channel_ids
    return int(sight.reach), sorted(sight.team_ids), None if channels is None else sorted(channels)


def _end(scope: Scope, now: datetime) -> dict[str, Any]:
    tz = ZoneInfo(scope.zone)
    return {"zone": scope.zone, "end": (scope.end.astimezone(tz).date() - now.astimezone(tz).date()).days}


def _period(scope: Scope, now: datetime) -> dict[str, Any]:
    tz = ZoneInfo(scope.zone)
    days = (scope.end.astimezone(tz).date() - scope.start.astimezone(tz).date()).days
    return _end(scope, now) | {"days": days}


def _bounds(question: Mapping[str, Any]) -> tuple[datetime, datetime]:
    zone = question["zone"]
    end = datetime.now(ZoneInfo(zone)).date() + timedelta(days=question["end"])
    return midnight(end - timedelta(days=question.get("days", 0)), zone), midnight(end, zone)


def _loyalty(question: Mapping[str, Any]) -> Any:
    found = retention.loyalty(*_bounds(question))
    shares = [[one.hits, one.n] for one in (found.retention, found.returning, found.repeat)]
    second = [found.second.seconds, found.second.low, found.second.high]
    return {"shares": shares, "second": second, "seconds": found.seconds}


def _repeat(question: Mapping[str, Any]) -> Any:
    found = retention.repeat(*_bounds(question))
    return [found.hits, found.n]


def _repeats(question: Mapping[str, Any]) -> Any:
    found = retention.repeats(*_bounds(question), question["step"], question["zone"])
    return [[day.isoformat(), one.hits, one.n] for day, one in found]


def _cohorts(question: Mapping[str, Any]) -> Any:
    found = retention.cohorts(_bounds(question)[1], question["zone"])
    return [[one.month.isoformat(), one.size, list(one.active)] for one in found]


def _segments(question: Mapping[str, Any]) -> Any:
    found = retention.segments(_bounds(question)[1])
    return [[one.name, one.buyers, one.orders, one.spent, one.currency] for one in found]


def _outlook(question: Mapping[str, Any]) -> Any:
    found = whole_outlook(_bounds(question)[1], question["zone"])
    model = found.model
    return {
        "buyers": found.buyers, "again": found.again, "soon": found.soon, "later": found.later,
        "active": found.active, "foretold": found.foretold, "happened": found.happened,
        "model": [model.r, model.alpha, model.a, model.b] if model else None,
    }  # fmt: skip


def _service(question: Mapping[str, Any]) -> Any:
    end = _bounds(question)[1]
    sight = question["sight"]
    agent = Agent.objects.filter(pk=sight[0]).first() if sight else None
    since = end - timedelta(days=YEAR + REPEAT_DAYS)
    cases = [] if sight and agent is None else experience.cases(agent, since, end)
    compared = [
        [c.name, [c.one.hits, c.one.n], [c.other.hits, c.other.n], c.matched, list(c.interval) if c.interval else None]
        for c in experience.compare(cases)
    ]
    return {
        "comparisons": compared,
        "endings": [[name, share.hits, share.n] for name, share in experience.by_ending(cases)],
    }


def keep_fresh(now: datetime) -> int:
    """Work out anew what readers asked lately; how many answers that were."""
    return answer_again(now)


for _name, _work in {
    "loyalty": _loyalty, "repeat": _repeat, "repeats": _repeats, "cohorts": _cohorts, "segments": _segments,
    "service": _service, "outlook": _outlook,
}.items():  # fmt: skip
    teach_work(_name, _work)
