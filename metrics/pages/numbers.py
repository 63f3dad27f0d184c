"""How figures are written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.template.defaultfilters import floatformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from metrics.anchors import promised
from metrics.clocks.terms import Target
from metrics.satisfaction import Change, Scores
from metrics.surveys.scales import Kind
from tickets.inbox.due import span
from tickets.models import Channel

from .writing import write_duration

AXES = {Kind.CSAT: (0, 100), Kind.NPS: (-100, 100), Kind.CES: (1, 7), Kind.CSAT10: (0, 100)}


def long_text(seconds: float | None) -> tuple[str, str]:
    """A length of time as a figure and its unit; long ones are one text."""
    if seconds is None:
        return "–", ""
    if seconds < 90:
        return str(round(seconds)), pgettext("seconds, beside a figure", "s")
    if seconds < 3600:
        return str(round(seconds / 60)), pgettext("minutes, beside a figure", "min")
    return length(seconds), ""


def length(seconds: float) -> str:
    """12m, 3h 05m, 2d 4h."""
    return span(timedelta(seconds=seconds))


def promises_text(channels: Iterable[Channel]) -> dict[int, str]:
    """What the policies in force promise for a first answer on each channel: 2m, or 2m to 1h."""
    found = promised({channel.pk: channel.kind for channel in channels})
    return {
        id: write_duration(least) if least == most else f"{write_duration(least)} – {write_duration(most)}"
        for id, (least, most) in found.items()
    }


def points(change: Change | None) -> str:
    """How many percentage points, without a sign."""
    return _("%(n)s pt") % {"n": decimal(abs(change.value))} if change else ""


def decimal(value: float) -> str:
    """One decimal, with the reader's sign for it."""
    # Not number_format, which cuts where this rounds.
    return floatformat(value, 1)


def unit(kind: Kind) -> str:
    """What stands behind a figure of the question."""
    return {Kind.CSAT: "%", Kind.NPS: "", Kind.CES: _("of 7"), Kind.CSAT10: "%"}[kind]


def write(kind: str, value: float | None) -> str:
    """A figure as it is read: a rounded NPS with its sign, one decimal for the others."""
    if value is None:
        return "–"
    if kind != Kind.NPS:
        return decimal(value)
    return f"{value:+.0f}".replace("-", "−") if round(value) else "0"


def write_bounds(scores: Scores) -> str:
    """The interval in words; nothing where it is no narrower than the scale."""
    if scores.n < 2 or scores.interval is None:
        return ""
    floor, ceiling = AXES[Kind(scores.kind)]
    low, high = (min(max(bound, floor), ceiling) for bound in scores.interval)
    return f"{write(scores.kind, low)} … {write(scores.kind, high)}"


def meaning(kind: Kind) -> str:
    """What is counted, and how sure it is."""
    return {
        Kind.CSAT: _(
            "Share of answers 4 and 5 on the scale from 1 to 5, by the day they were given; a changed answer counts as "
            "it is now. Answers on a scale from 1 to 10 are a figure of their own. The interval is Wilson's at 95 %; a "
            "difference is called real when Newcombe's interval of it leaves out zero."
        ),
        Kind.CSAT10: _(
            "Share of answers 9 and 10 on the scale from 1 to 10, the two highest as survey tools count; 1 to 4 are "
            "dissatisfied. On ten steps fewer people choose the two highest than on five, so this figure is never "
            "added to the one from 1 to 5, nor compared with it. The interval is Wilson's at 95 %; a difference is "
            "called real when Newcombe's interval of it leaves out zero."
        ),
        Kind.NPS: _(
            "Percent of promoters (9 and 10) less percent of detractors (0 to 6). The interval follows from the "
            "variance of the answers, with one answer of each kind added in thought, so that few answers are not taken "
            "for certainty."
        ),
        Kind.CES: _(
            "Mean of the answers from 1 (very hard) to 7 (very easy), with the interval of Student's distribution. "
            "Differences are judged by Welch's interval."
        ),
    }[kind]


def kept_meaning() -> str:
    """What is counted of promises."""
    return _(
        "Promises that ended in the period: kept when answered or solved by the deadline, missed when not, in open "
        "time of the policy's calendar. What was solved without an answer before its deadline counts neither way. The "
        "interval is Wilson's at 95 %."
    )


def overdue_text(target: str, n: int) -> str:
    """What a share of kept promises does not count yet; "" where there is nothing."""
    if not n:
        return ""
    if target in (Target.FIRST, Target.NEXT):
        said = ngettext("and %(n)s overdue without an answer, which counts once it ends",
                        "and %(n)s overdue without an answer, which count once they end", n)  # fmt: skip
    else:
        said = ngettext("and %(n)s overdue, which counts once it ends",
                        "and %(n)s overdue, which count once they end", n)  # fmt: skip
    return said % {"n": number_format(n, use_l10n=True, force_grouping=True)}


def waited_meaning(n: int) -> str:
    """What is counted of the time to first answers, of which there are so many."""
    return _(
        "%(n)s first answers of people in the period, from the customer's message to the click on Send, each period of "
        "a ticket for itself. Notes, automatic replies and answers taken back do not count. The intervals are exact "
        "(order statistics, 95 %%) and need no assumption about the distribution."
    ) % {"n": n}
