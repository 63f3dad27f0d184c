"""The six figures at the top of the overview, ready to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import overview, returning, satisfaction
from metrics.clocks.terms import Target
from metrics.facts import Scope
from metrics.figures import Attainment, overdue_counts
from metrics.overview import Slot
from metrics.satisfaction import Change, Scores
from metrics.statistics import newcombe
from metrics.surveys.scales import Kind, question_of

from .charts import Curve, spark
from .numbers import decimal, length, long_text, meaning, overdue_text, points, unit, write, write_bounds


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. `up` is the sign of its change; `better` says whether that is for the better, where it is no chance;
    None otherwise."""

    key: str
    name: str
    shown: str
    unit: str
    moved: str
    word: str
    up: int
    better: bool | None
    n: str
    few: bool
    bounds: str
    trend: Curve | None
    rows: str
    meaning: str
    # What is not in the figure yet, and where it is listed.
    besides: str = ""
    besides_rows: str = ""


def tiles(
    scope: Scope, now: Mapping[str, Scores], earlier: Scope | None, query: str, slots: Sequence[Slot]
) -> list[Tile]:
    """All six, in the order of the page; `now` is what was answered in the scope, `slots` are the first answers of its
    trend. Satisfaction is that on the scale more people answered on."""
    step = overview.step_of((scope.end - scope.start).days)
    trend = overview.trend_of(scope)
    scored = satisfaction.over_time(trend, step)
    before = satisfaction.scores(earlier) if earlier else None
    asked = (satisfaction.scale_used(now), Kind.NPS, Kind.CES)
    days = overview.slots_between(trend.start, trend.end, step)
    return [
        _median(scope, earlier, slots, days, query),
        _kept(scope, overview.attained(earlier) if earlier else None, slots, days, query),
        *[_question(now[kind], before[kind] if before else None, scored[kind], days, query) for kind in asked],
        _again(scope, earlier, step),
    ]


def _median(scope: Scope, earlier: Scope | None, slots: Sequence[Slot], days: list[date], query: str) -> Tile:
    n, now = overview.waited(scope)
    change = overview.slower(now, overview.waited(earlier)[1]) if earlier else None
    shown, unit = long_text(now.seconds)
    bounds = f"{length(now.low)} … {length(now.high)}" if now.low is not None and now.high is not None else ""
    return Tile(
        "median", _("First answer, median"), shown, unit, length(abs(change.value)) if change else "",
        _word(change, _("slower"), _("faster")), _sign(change), _better(change, up_is_good=False),
        ngettext("%(n)s answer", "%(n)s answers", n) % {"n": number_format(n, use_l10n=True, force_grouping=True)},
        not overview.enough(n), bounds, _trend([(slot.day, slot.median) for slot in slots], days),
        f"{reverse('sla_missed')}?which=all&{query}",
        _("The middle one of all first answers of people given in the period, from the customer's message to the click "
          "on Send. Notes, automatic replies and answers taken back do not count. The interval is exact (order "
          "statistics, 95 %); a change is called real when both intervals leave a gap."),
    )  # fmt: skip


def _kept(
    scope: Scope, before: Attainment | None, slots: Sequence[Slot], days: list[date], query: str
) -> Tile:  # fmt: skip
    now, late = overview.attained(scope), overdue_counts(scope, timezone.now())[Target.FIRST]
    change = overview.kept_change(now, before) if before else None
    low, high = now.interval
    return Tile(
        "kept", _("First answer in time"), decimal(100 * now.share) if now.share is not None else "–",
        "%" if now.n else "", points(change), _word(change, _("more"), _("fewer")), _sign(change),
        _better(change), ngettext("%(n)s promise", "%(n)s promises", now.n) % {"n": number_format(now.n)}, now.is_few,
        f"{decimal(100 * low)} … {decimal(100 * high)}\N{NO-BREAK SPACE}%" if now.n else "",
        _trend([(slot.day, slot.share) for slot in slots], days), f"{reverse('sla_missed')}?target=first&{query}",
        _("Promises of a first answer that ended in the period and were kept, of all that were kept or missed. What "
          "was solved without an answer before its deadline counts neither way. Wilson's interval, differences by "
          "Newcombe's (95 %). Good shops keep 95 of 100."),
        overdue_text(Target.FIRST, late), f"{reverse('sla_missed')}?target=first&which=overdue&{query}",
    )  # fmt: skip


def _question(
    now: Scores, before: Scores | None, scored: Sequence[tuple[date, Scores]], days: list[date], query: str
) -> Tile:
    change = satisfaction.change(now, before) if before else None
    kind = Kind(now.kind)
    names = {Kind.CSAT: _("Satisfaction (CSAT)"), Kind.NPS: _("Net Promoter Score"), Kind.CES: _("Ease (CES)"),
             Kind.CSAT10: _("Satisfaction (CSAT, 1 to 10)")}  # fmt: skip
    words = {Kind.CSAT: (_("more"), _("fewer")), Kind.NPS: (_("better"), _("worse")),
             Kind.CES: (_("easier"), _("harder"))}  # fmt: skip
    question = question_of(kind)
    moved = points(change) if question == Kind.CSAT else decimal(abs(change.value)) if change else ""
    return Tile(
        question, names[kind], write(kind, now.value), unit(kind) if now.n else "", moved,
        _word(change, *words[question]), _sign(change), _better(change),
        ngettext("%(n)s rating", "%(n)s ratings", now.n) % {"n": number_format(now.n)}, now.is_few, write_bounds(now),
        _trend([(day, one.value) for day, one in scored], days),
        f"{reverse('satisfaction_answers')}?kind={kind}&{query}", meaning(kind),
    )  # fmt: skip


def _again(scope: Scope, earlier: Scope | None, step: str) -> Tile:
    moment = timezone.now()
    now = returning.repeat(scope, moment)
    before = returning.repeat(earlier, moment) if earlier else None
    change = None
    if before and now.percent is not None and before.percent is not None:
        low, high = newcombe((now.hits, now.n), (before.hits, before.n))
        change = Change(now.percent - before.percent, 100 * low, 100 * high)
    trend = overview.trend_of(scope)
    found = returning.repeats(trend, step, moment)
    low, high = now.interval
    return Tile(
        "again", _("Bought again in 90 days"), write(Kind.CSAT, now.percent), "%" if now.n else "", points(change),
        _word(change, _("more"), _("fewer")), _sign(change), _better(change),
        ngettext("%(n)s buyer", "%(n)s buyers", now.n) % {"n": number_format(now.n)}, now.is_few,
        f"{decimal(low)} … {decimal(high)}\N{NO-BREAK SPACE}%" if now.n else "",
        _trend([(day, one.percent) for day, one in found], overview.slots_between(trend.start, trend.end, step)),
        reverse("retention"),
        _("Of buyers whose first purchase lies in a period of this length that ended 90 days ago, the share that "
          "bought again within 90 days. Counted over all shops; channel, team and person do not narrow it."),
    )  # fmt: skip


def _trend(values: Sequence[tuple[date, float | None]], days: list[date]) -> Curve | None:
    places = {day: number / max(1, len(days) - 1) for number, day in enumerate(days)}
    return spark([(places[day], value) for day, value in values if value is not None and day in places])


def _word(change: Change | None, more: str, less: str) -> str:
    if change is None:
        return ""
    return more if change.value > 0 else less if change.value < 0 else _("the same")


def _sign(change: Change | None) -> int:
    return (change.value > 0) - (change.value < 0) if change else 0


def _better(change: Change | None, *, up_is_good: bool = True) -> bool | None:
    return (change.value > 0) == up_is_good if change and change.is_real else None
