"""Conditions within a search: from:zoe tag:"late parcel" -status:solved before:2026-03-01. What is left over are words.

Nothing typed is an error. A value that nothing is called finds nothing, which is what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.facets import Where
from tickets.fields import named_conditions
from tickets.models import Priority, Status, TicketField

NAMES = (
    "from", "to", "tag", "status", "channel", "assignee", "team", "priority", "before", "after", "has", "language",
    "order", "field", "brand",
)  # fmt: skip
_OPERATOR = re.compile(rf'(?<!\S)(-?)({"|".join(NAMES)}):(?:"([^"]*)"?|“([^”]*)”?|(\S*))', re.IGNORECASE)
_OF_DIRECTORY = ("channel", "assignee", "team", "field", "status", "brand")
_HOLD = {"hold": Status.ON_HOLD, "waiting": Status.PENDING}


@dataclass(frozen=True, slots=True)
class Known:
    """What the values of operators may be called: numbers by name. Read only for the operators that need it."""

    channels: Mapping[int, str] = field(default_factory=dict)
    teams: Mapping[int, str] = field(default_factory=dict)
    agents: Mapping[int, str] = field(default_factory=dict)
    me: int = 0
    fields: Sequence[TicketField] = ()
    statuses: Mapping[int, str] = field(default_factory=dict)
    brands: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search taken apart: the words, the condition on tickets beside them, those none of which may be true, and the
    numbers of orders, which stand in mails too."""

    words: str
    where: Where
    unlike: tuple[Where, ...] = ()
    orders: tuple[str, ...] = ()

    @property
    def all_words(self) -> str:
        """The words, and the orders as phrases, since people write of them."""
        return " ".join([self.words, *(f'"{order}"' for order in self.orders)]).strip()


def needs_names(typed: str) -> bool:
    """Whether an operator is used whose values are names of the directory."""
    return any(found[2].lower() in _OF_DIRECTORY for found in _OPERATOR.finditer(typed))


def split_operators(typed: str, known: Known) -> Asked:
    """Take the operators out. One said twice means either of both, but for the bounds of time; with a minus before it
    what it finds is left out."""
    where: dict[str, tuple[object, ...]] = {}
    unlike: list[Where] = []
    words: list[str] = []
    orders: list[str] = []
    place = 0
    for found in _OPERATOR.finditer(typed):
        words.append(typed[place : found.start()])
        place = found.end()
        minus, name, value = found[1], found[2].lower(), (found[3] or found[4] or found[5] or "").strip()
        if not value:
            continue
        if name == "order":
            if minus:  # the mails that tell of it
                words.append(f'-"{value}"')
            else:
                orders.append(value)
            continue
        condition, values = _READ[name](value, known)
        if minus:
            unlike.append({condition: values})
            continue
        where[condition] = (*where.get(condition, ()), *values)
    words.append(typed[place:])
    return Asked(" ".join(" ".join(words).split()), where, tuple(unlike), tuple(orders))


Reader = Callable[[str, Known], tuple[str, tuple[object, ...]]]


def _same(name: str) -> Reader:
    return lambda value, known: (name, (value,))


def _status(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
    wanted = value.lower()
    if wanted == "snoozed":
        return "snoozed", (True,)
    own = tuple(id for id, names in known.statuses.items() if wanted in names.casefold())
    if own and wanted not in [status.value for status in Status]:
        return "state", own
    named = [status.value for status in Status if wanted in (status.value, status.label.lower())]
    return "status", tuple(named or ([_HOLD[wanted].value] if wanted in _HOLD else []))


def _of(condition: str, names: Callable[[Known], Mapping[int, str]]) -> Reader:
    """Whatever has this in its name; `none` is without, `me` whoever asks."""

    def read(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
        wanted = value.casefold()
        if wanted in ("none", _("nobody").casefold()) and condition != "channel":
            return condition, (None,)
        if wanted in ("me", _("me").casefold()) and condition == "assignee":
            return condition, (known.me,)
        return condition, tuple(id for id, name in names(known).items() if wanted in name.casefold())

    return read


def _priority(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
    wanted = value.lower()
    return "priority", tuple(one.value for one in Priority if wanted in (one.name.lower(), one.label.lower()))


def _has(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
    files = value.lower() in ("attachment", "attachments", "file", "files", _("attachment"))
    return ("attachment", (True,)) if files else ("status", ())


def _field(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
    """`field:Name=value`; of a field that nothing is called, nothing is found."""
    return "field", named_conditions(value, known.fields) or ("0*",)


def _day(name: str) -> Reader:
    """A day of the reader's calendar: `after` begins with it, `before` ends with the one before."""

    def read(value: str, known: Known) -> tuple[str, tuple[object, ...]]:
        day = _date(value.lower())
        if day is None:
            return "status", ()
        moment = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
        return name, (moment.isoformat(),)

    return read


def _date(value: str) -> date | None:
    today = timezone.localdate()
    named = {"today": 0, "yesterday": 1, _("today"): 0, _("yesterday"): 1}
    if value in named:
        return today - timedelta(days=named[value])
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(value, pattern).date()
        except ValueError:
            continue
    return None


_READ: dict[str, Reader] = {
    "from": _same("from"),
    "to": _same("to"),
    "tag": lambda value, known: ("tag", (" ".join(value.lower().split()),)),
    "status": _status,
    "channel": _of("channel", lambda known: known.channels),
    "assignee": _of("assignee", lambda known: known.agents),
    "team": _of("team", lambda known: known.teams),
    "brand": _of("brand", lambda known: known.brands),
    "priority": _priority,
    "before": _day("before"),
    "after": _day("after"),
    "has": _has,
    "field": _field,
    "language": lambda value, known: ("language", (value.lower(),)),
}
