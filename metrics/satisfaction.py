"""The figures of the satisfaction page: counted in SQL as answers a score, everything else worked out from those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from metrics.facts import FEW, Scope, answers
from metrics.measures import KINDS, SCORES, Dim
from metrics.models import SurveyAnswer, SurveyInvitation, SurveyState
from metrics.statistics import Interval, difference, mean_interval, newcombe, nps_interval, shrink, wilson
from metrics.surveys.scales import QUESTIONS, SCALES, Band, Kind, band_of, question_of
from metrics.tallies import Tallied, count
from people.models import Agent, Team
from tickets.models import Channel, Ticket

# What an answer counts for: CSAT in percent satisfied, NPS promoters less detractors, CES the score itself.
GROUPS = {"channel": Dim.CHANNEL, "team": Dim.TEAM, "agent": Dim.AGENT}
# As they are shown: the scales of one question side by side.
_ORDER = (Kind.CSAT, Kind.CSAT10, Kind.NPS, Kind.CES)
_KINDS = {number: kind for kind, number in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Scores:
    """How often each score was given, and the figure that follows."""

    kind: str
    counts: Mapping[int, int]

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    @property
    def is_few(self) -> bool:
        return self.n < FEW

    @property
    def value(self) -> float | None:
        """CSAT: percent of 4 and 5, or of 9 and 10 of 10. NPS: -100 to 100. CES: the mean. None without answers."""
        return self._sum / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Where the true figure lies (95 %): Wilson's for CSAT, by the variance of the answers for the others."""
        if not self.n:
            return None
        if question_of(self.kind) == Kind.CSAT:
            low, high = wilson(self.in_band(Band.HIGH), self.n)
            return 100 * low, 100 * high
        if self.kind == Kind.NPS:
            return nps_interval(self.in_band(Band.HIGH), self.in_band(Band.LOW), self.n)
        return mean_interval(self.counts)

    @property
    def worths(self) -> dict[float, int]:
        """The same counts by what each answer is worth in the figure."""
        found: dict[float, int] = {}
        for score, n in self.counts.items():
            found[worth(self.kind, score)] = found.get(worth(self.kind, score), 0) + n
        return found

    @property
    def _sum(self) -> float:
        return sum(value * n for value, n in self.worths.items())

    def in_band(self, band: Band) -> int:
        return sum(n for score, n in self.counts.items() if band_of(self.kind, score) == band)

    @property
    def shares(self) -> list[tuple[str, int, float]]:
        """(band, answers, percent) from low to high."""
        return [(str(band), n := self.in_band(band), 100 * n / self.n if self.n else 0.0) for band in Band]


@dataclass(frozen=True, slots=True)
class Row:
    """One channel, team or person. `shrunk` is the figure pulled towards the whole by as much as few answers deserve;
    below `FEW` answers nothing may be concluded and nobody is placed by it."""

    id: int | None
    name: str
    scores: Scores
    shrunk: float | None


@dataclass(frozen=True, slots=True)
class Response:
    """How many of those asked in the period have answered."""

    asked: int
    answered: int

    @property
    def share(self) -> float | None:
        return 100 * self.answered / self.asked if self.asked else None

    @property
    def interval(self) -> Interval:
        low, high = wilson(self.answered, self.asked)
        return 100 * low, 100 * high


@dataclass(frozen=True, slots=True)
class Change:
    """Now less before, with its interval; real where that does not hold zero."""

    value: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        return self.low > 0 or self.high < 0


def worth(kind: str, score: int) -> float:
    """What one answer adds to the figure: the figure is the mean of these."""
    if kind == Kind.CES:
        return float(score)
    band = band_of(kind, score)
    return 100.0 if band == Band.HIGH else -100.0 if kind == Kind.NPS and band == Band.LOW else 0.0


def scores(scope: Scope) -> dict[str, Scores]:
    """By kind of question."""
    counts: dict[str, dict[int, int]] = {kind: {} for kind in _ORDER}
    for (_group, _day, key), n in count(scope, SCORES).items():
        counts[_KINDS[key // 100]][key % 100] = n
    return {kind: Scores(kind, given) for kind, given in counts.items()}


def scale_used(found: Mapping[str, Scores]) -> Kind:
    """On which of its scales more people said how satisfied they are: the one that stands for satisfaction where there
    is room for one figure."""
    return Kind.CSAT10 if found[Kind.CSAT10].n > found[Kind.CSAT].n else Kind.CSAT


def shown_kinds(found: Mapping[str, Scores]) -> list[Kind]:
    """All three questions; satisfaction on each scale somebody answered on, never both as one."""
    both = found[Kind.CSAT].n and found[Kind.CSAT10].n
    satisfied = [Kind.CSAT, Kind.CSAT10] if both else [scale_used(found)]
    return [*satisfied, *(kind for kind in QUESTIONS if kind != Kind.CSAT)]


def change(now: Scores, before: Scores) -> Change | None:
    """What differs between two periods; None where one of them has no answers."""
    if not now.n or not before.n:
        return None
    low, high = difference(now.worths, before.worths)
    if question_of(now.kind) == Kind.CSAT:
        sides = ((one.in_band(Band.HIGH), one.n) for one in (now, before))
        low, high = (100 * bound for bound in newcombe(*sides))
    assert now.value is not None and before.value is not None
    return Change(now.value - before.value, low, high)


def response(scope: Scope) -> Response:
    """Of those asked in the period; whoever answered later counts as well."""
    asked = SurveyInvitation.objects.filter(state=SurveyState.ASKED, asked_at__gte=scope.start, asked_at__lt=scope.end)
    for name, value in (("channel_id__in", scope.channels), ("team_id", scope.team), ("agent_id", scope.member)):
        if value is not None:
            asked = asked.filter(**{name: value})
    if scope.language:
        asked = asked.filter(language=scope.language)
    if scope.segment:
        asked = asked.filter(scope.segment.q("customer_id"))
    if not (scope.agent.is_active and scope.agent.sees_everything):
        asked = asked.filter(ticket__in=Ticket.objects.visible_to(scope.agent))
    said = asked.aggregate(asked=Count("pk"), answered=Count("answer"))
    return Response(said["asked"], said["answered"])


def by_group(scope: Scope, kind: str, group: str) -> list[Row]:
    """By channel, team or agent, by name."""
    return _rows(count(scope, SCORES, group=GROUPS[group]), kind, group)


def satisfied_by_group(scope: Scope, group: str) -> tuple[Kind, list[Row]]:
    """The same of satisfaction, on the scale that more people answered on, and which that is."""
    counted = count(scope, SCORES, group=GROUPS[group])
    given: Counter[int] = Counter()
    for (_id, _day, key), n in counted.items():
        given[key // 100] += n
    kind = scale_used({one: Scores(one, {0: given[number]}) for one, number in KINDS.items()})
    return kind, _rows(counted, kind, group)


def _rows(counted: Tallied, kind: str, group: str) -> list[Row]:
    counts: dict[int | None, dict[int, int]] = {}
    for (id, _day, key), n in counted.items():
        if key // 100 == KINDS[kind]:
            counts.setdefault(id, {})[key % 100] = n
    names = names_of(group, [id for id in counts if id is not None])
    found = [Scores(kind, given) for given in counts.values()]
    shrunk = shrink([one.worths for one in found])
    table = [
        Row(id, names.get(id, "–") if id is not None else "–", one, value)
        for id, one, value in zip(counts, found, shrunk, strict=True)
    ]
    return sorted(table, key=lambda row: (row.id is None, row.name.casefold()))


def names_of(group: str, ids: Iterable[int]) -> dict[int, str]:
    """What the channels, teams or people with these ids are called."""
    model: Any = {"channel": Channel, "team": Team, "agent": Agent}[group]
    return dict(model.objects.filter(pk__in=list(ids)).values_list("pk", "name"))


def by_week(scope: Scope, kind: str) -> list[tuple[date, Scores]]:
    """The figure of each week (its Monday in the scope's zone); weeks without answers are left out."""
    return over_time(scope, "week")[kind]


def over_time(scope: Scope, step: str) -> dict[str, list[tuple[date, Scores]]]:
    """The questions by day, week or month; those without answers are left out."""
    found: dict[str, dict[date, dict[int, int]]] = {kind: {} for kind in Kind}
    for (_group, slot, key), n in count(scope, SCORES, over=step).items():
        if isinstance(slot, date):
            found[_KINDS[key // 100]].setdefault(slot, {})[key % 100] = n
    return {kind: [(day, Scores(kind, slots[day])) for day in sorted(slots)] for kind, slots in found.items()}


def reasons(scope: Scope, kind: str, band: str) -> list[tuple[str, int]]:
    """How often each reason was given with scores of the band, most often first."""
    allowed = [score for score in SCALES[kind] if band_of(kind, score) == band]
    counted: dict[str, int] = {}
    for given in (
        answers(scope).filter(kind=kind, score__in=allowed).exclude(reasons=[]).values_list("reasons", flat=True)
    ):
        for reason in given:
            counted[reason] = counted.get(reason, 0) + 1
    return sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))


def before(scope: Scope) -> Scope:
    """The period of the same length right before."""
    return scope.at(scope.start - (scope.end - scope.start), scope.start)


def rows_behind(scope: Scope, kind: str, band: str, *, commented: bool) -> QuerySet[SurveyAnswer]:
    """The answers of a figure, latest first."""
    found = answers(scope)
    if kind in set(Kind):
        found = found.filter(kind=kind)
        if band in set(Band):
            found = found.filter(score__in=[s for s in SCALES[kind] if band_of(kind, s) == band])
    if commented:
        found = found.exclude(comment="")
    return found.select_related("ticket__channel", "customer").order_by("-id")


def finding(weeks: Sequence[tuple[date, Scores]]) -> tuple[Scores, Scores] | None:
    """The first and last week that have enough answers to be compared; None where fewer than two have."""
    enough = [one for _week, one in weeks if not one.is_few]
    return (enough[0], enough[-1]) if len(enough) > 1 else None
