"""Moments to snooze until and to send at, counted in the agent's own day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.errors import InvalidInput
from tickets.models import UNTIL_ANSWER

MORNING = time(9)
EVENING = time(17)


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    name: str | Promise
    at: datetime


# Keys that are reckoned when they are chosen.
ANSWER, BUSINESS = "answer", "business"
NextMorning = Callable[[datetime], datetime | None]
_opening: list[NextMorning] = []


def teach_opening(opens: NextMorning) -> None:
    """Learn when the shop opens next after a moment's day, from the app that keeps its calendar; once."""
    _opening[:] = [opens]


def next_business_day(now: datetime) -> datetime:
    """When the shop opens on its next day; without a calendar at nine, Monday to Friday."""
    if _opening and (opens := _opening[0](now)):
        return opens
    days = 1
    while (now + timedelta(days=days)).weekday() > 4:
        days += 1
    return _at(now, days, MORNING)


def chosen_moment(key: str, now: datetime) -> datetime | None:
    """The moment of a choice of the menus; None for a key that is none."""
    if key == ANSWER:
        return UNTIL_ANSWER
    if key == BUSINESS:
        return next_business_day(now)
    return next((choice.at for choice in snooze_choices(now) if choice.key == key), None)


def send_choices(now: datetime) -> list[Choice]:
    """When a reply may leave later: the next mornings."""
    return [choice for choice in snooze_choices(now) if choice.key in ("hours", "tomorrow", "monday")]


def moment_of(form: QueryDict, preset_field: str, field: str) -> datetime | None:
    """The moment a form means: a choice of the menu by its key, or a local date and time; None without either."""
    if preset := form.get(preset_field):
        chosen = chosen_moment(preset, timezone.localtime())
        if chosen is None:
            raise InvalidInput(field, _("Choose a time in the future."))
        return chosen
    typed = form.get(field) or ""
    if not typed:
        return None
    try:
        at = parse_datetime(typed)
    except ValueError:
        at = None
    if at is None:
        raise InvalidInput(field, _("Choose a date and a time."))
    return timezone.make_aware(at) if timezone.is_naive(at) else at


def snooze_choices(now: datetime) -> list[Choice]:
    """What to offer at a local moment; every choice lies ahead, none twice."""
    tomorrow = _at(now, 1, MORNING)
    monday = _at(now, 7 - now.weekday(), MORNING)
    offered = [
        Choice("hours", gettext_lazy("In 3 hours"), _whole(now + timedelta(hours=3))),
        Choice("evening", gettext_lazy("This evening"), _at(now, 0, EVENING)),
        Choice("tomorrow", gettext_lazy("Tomorrow"), tomorrow),
        Choice("monday", gettext_lazy("Monday"), monday),
        Choice("week", gettext_lazy("In a week"), _at(now, 7, MORNING)),
    ]
    seen: set[datetime] = set()
    kept: list[Choice] = []
    for choice in offered:
        if choice.at > now and choice.at not in seen:
            seen.add(choice.at)
            kept.append(choice)
    return kept


def _at(now: datetime, days: int, clock: time) -> datetime:
    """That time of day so many days on; wall time, so that a change of clocks does not move nine o'clock."""
    day = now.date() + timedelta(days=days)
    return datetime.combine(day, clock, tzinfo=now.tzinfo)


def _whole(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
