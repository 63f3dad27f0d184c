"""Reports that leave the house about customers and their topics: who comes back, who is at risk, what rises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.pages.money import write_money
from metrics import returning
from metrics.at_risk import AtRisk, Endangered, at_risk
from metrics.facts import Scope
from metrics.mailing.pieces import Content, Figure, Table
from metrics.pages.numbers import decimal, length
from metrics.pages.retention import cells, comparison_names, segment_name, tiles
from metrics.retention import COHORTS, Cohort, Loyalty, Share
from metrics.telling import question_name, score_text
from metrics.topics import Topic, topics
from tickets.inbox.dates import short_date, short_month

RETENTION, TOPICS, AT_RISK = "retention", "topics", "at_risk"
# Paper is read from its top; all rows stand on the page and in its file.
MOST_ROWS, COMMENT = 50, 90


def retention_content(scope: Scope, chosen: dict[str, Any]) -> Content:
    now = timezone.now()
    found = returning.everything(scope, now)
    tables = [_comparisons(found), _cohorts(found), _segments(found)]
    counted_at = found.at if found.at != now else None
    return Content(
        _loyalty(found.loyalty), [one for one in tables if one.rows], lead=_counted(found.at, counted_at),
        counted_at=counted_at, counting=found.at is None,
    )  # fmt: skip


def _counted(at: datetime | None, counted_at: datetime | None) -> str:
    if at is None:
        return _("So many orders take a minute or two to count for the first time. Look again then.")
    return _("Counted at %(at)s.") % {"at": _moment(counted_at)} if counted_at else ""


def _loyalty(found: Loyalty) -> list[Figure]:
    by = _("The interval is Wilson's at 95 %.")
    figures = [
        Figure(name, _percent(share), _bounds(share), _of(share), meaning=f"{meaning} {by}")
        for _key, name, share, meaning in tiles(found)
    ]
    second = found.second
    bounds = f"{length(second.low)} … {length(second.high)}" if second.low is not None and second.high else ""
    meaning = _(
        "Second purchases of the period, from the first one on. Who never buys again has no such time and is not in "
        "it: read it together with the share beside it."
    )
    shown = "–" if second.seconds is None else length(second.seconds)
    n = ", ".join([_("median"), f"n = {found.seconds}"])
    return [*figures, Figure(_("Until the second purchase"), shown, bounds, n, meaning=meaning)]


def _percent(share: Share) -> str:
    return "–" if share.percent is None else f"{decimal(share.percent)} %"


def _bounds(share: Share) -> str:
    low, high = share.interval
    return f"{decimal(low)} … {decimal(high)} %" if share.n else ""


def _of(share: Share) -> str:
    if not share.n:
        return _("Nobody to count")
    said = _("%(hits)s of %(n)s") % {"hits": share.hits, "n": share.n}
    return " · ".join([said, _("few")]) if share.is_few else said


def _comparisons(found: returning.Everything) -> Table:
    head = (_("Group"), _("bought again"), _("Against"), _("bought again"), _("Difference among buyers alike"))
    rows = []
    known = [one for one in found.service.comparisons if one.one.n or one.other.n]
    for one in known:
        name, other = comparison_names(one.name)
        if one.matched is None or one.interval is None:
            said = _("Not enough data")
        else:
            chance = _("a real difference") if one.is_real else _("may be chance")
            low, high = (decimal(bound) for bound in one.interval)
            said = " ".join([decimal(one.matched), _("points"), f"(95 %: {low} … {high}) · {chance}"])
        rows.append(((name, _with_n(one.one), other, _with_n(one.other), said), None))
    note = _(
        "Of buyers whose first ticket after a purchase lies in the last year, and 90 days back or more: how many "
        "bought again within 90 days of it. The difference is taken among buyers alike in how many orders, how much "
        "and for how long they had bought; it compares groups and proves no cause."
    )
    return Table(_("Service and loyalty, honestly"), head, rows, shares=False, texts={0: 3, 2: 3, 4: 4}, note=note)


def _with_n(share: Share) -> str:
    return f"{_percent(share)}, n = {share.n}" if share.n else "–"


def _cohorts(found: returning.Everything) -> Table:
    head = (_("First bought in"), _("Buyers"), *[str(after) for after in range(COHORTS)])
    drawn = [(cohort, cells(cohort)) for cohort in found.cohorts]
    rows = [(_cohort(cohort, row), None) for cohort, row in drawn]
    shades = [[cell[3] if cell else None for cell in row] for _cohort_, row in drawn]
    note = _(
        "Percent of each month's first-time buyers who bought in the months after it. The last month of each row is "
        "not over yet."
    )
    return Table(_("Months after the first purchase"), head, rows, shares=False, note=note, shades=shades)


def _cohort(cohort: Cohort, row: list[tuple[int, int, str, int] | None]) -> list[str]:
    return [short_month(cohort.month), str(cohort.size), *[cell[2] if cell else "" for cell in row]]


def _segments(found: returning.Everything) -> Table:
    head = (_("Segment"), _("Buyers"), _("Orders"), _("Spent"))
    rows = [
        ((segment_name(one.name), str(one.buyers), str(one.orders), write_money(one.spent, one.currency)), None)
        for one in found.segments
    ]
    note = _(
        "Lately means among the two fifths of buyers who bought last; long ago, among the two fifths who did so first. "
        "Money counts in the commonest currency."
    )
    return Table(_("Buyers by when and how often they bought"), head, rows, shares=False, note=note)


def topics_content(scope: Scope, chosen: dict[str, Any]) -> Content:
    now = timezone.now()
    found = topics(scope.agent, now, scope.segment)
    rising = ", ".join(f"{one.name} ({one.count})" for one in found.alarms)
    meaning = _(
        "Tickets of the last 24 hours by tag and by words of their subject, against the four weeks before. Rising "
        "means: so many would come by chance less than once in a hundred looks over all topics together (Poisson, with "
        "today's whole volume taken into account)."
    )
    return Content(
        tables=[_topics(_("Tags"), found.tags), _topics(_("Words of subjects"), found.words)],
        when=_("The 24 hours up to %(moment)s") % {"moment": _moment(now)},
        lead=" ".join([_("Rising beyond chance in the last 24 hours:"), rising]) if rising else "", meaning=meaning,
    )  # fmt: skip


def _topics(title: str, found: list[Topic]) -> Table:
    head = (_("Topic"), _("Tickets today"), _("Expected"), _("Rising"))
    rows = [
        ((one.name, str(one.count), decimal(one.expected), _("rising") if one.spikes else ""), None) for one in found
    ]
    return Table(title, head, rows, shares=False)


def risk_content(scope: Scope, chosen: dict[str, Any]) -> Content:
    now = timezone.now()
    found = at_risk(scope.agent, now, scope.segment)
    low, waiting = len(found.rows), len(found.open)
    said = ngettext("%(n)s customer whose last rating was low", "%(n)s customers whose last rating was low", low)
    open_said = ngettext("%(n)s waits for a follow-up", "%(n)s wait for a follow-up", waiting)
    meaning = _(
        "Customers whose last rating within 180 days was low (satisfaction 1 or 2 of 5 or 1 to 4 of 10, recommendation "
        "0 to 6 of 10, ease 1 to 3 of 7), with what they bought in the last 365 days under addresses proven to be "
        "theirs, in the commonest currency. It is what they spent, no forecast."
    )
    figures = [
        Figure(_("Revenue at risk"), _money(found, found.revenue), of=said % {"n": low}, meaning=meaning),
        Figure(_("Of open follow-ups"), _money(found, found.open_revenue), of=open_said % {"n": waiting},
               meaning=meaning),
    ]  # fmt: skip
    when = _("Ratings of the 180 days up to %(moment)s") % {"moment": _moment(now)}
    return Content(figures, [_endangered(found)], when=when)


def _endangered(found: AtRisk) -> Table:
    head = (_("Customer"), _("Last rating"), _("Spent in a year"), _("Orders"), _("Last order"), _("Follow-up"))
    more = len(found.rows) - MOST_ROWS
    note = ngettext("%(n)s more on the page.", "%(n)s more on the page.", more) % {"n": more} if more > 0 else ""
    rows = [(_one_endangered(row), None) for row in found.rows[:MOST_ROWS]]
    return Table(_("Whom to ring first"), head, rows, shares=False, texts={0: 3, 1: 5, 5: 2}, note=note)


def _one_endangered(row: Endangered) -> list[str]:
    rated = f"{score_text(row.kind, row.score)} · {question_name(row.kind)} · {_day(row.rated_at)}"
    if row.comment:
        rated += f" · “{Truncator(row.comment).chars(COMMENT)}”"
    spent = write_money(row.spent, row.currency) if row.orders else "–"
    return [
        " ".join([row.name or _("Unknown"), f"#{row.ticket_id}"]), rated, spent, str(row.orders),
        _day(row.last_at) if row.last_at else "–",
        (row.owner or _("Nobody yet")) if row.follow_up else "–",
    ]  # fmt: skip


def _money(found: AtRisk, amount: int) -> str:
    return write_money(amount, found.currency) if found.currency else "–"


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j E Y, H:i")


def _day(at: datetime) -> str:
    return short_date(timezone.localtime(at).date(), year=True)
