"""Short dates for lists. Django's own short months are capitalised in languages that never do that."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext_lazy

MONTHS = (
    pgettext_lazy("month, short", "Jan"),
    pgettext_lazy("month, short", "Feb"),
    pgettext_lazy("month, short", "Mar"),
    pgettext_lazy("month, short", "Apr"),
    pgettext_lazy("month, short", "May"),
    pgettext_lazy("month, short", "Jun"),
    pgettext_lazy("month, short", "Jul"),
    pgettext_lazy("month, short", "Aug"),
    pgettext_lazy("month, short", "Sep"),
    pgettext_lazy("month, short", "Oct"),
    pgettext_lazy("month, short", "Nov"),
    pgettext_lazy("month, short", "Dec"),
)


def short_date(on: date, *, year: bool = False) -> str:
    """5 Nov, or 5 Nov 2026."""
    return f"{on.day} {MONTHS[on.month - 1]}" + (f" {on.year}" if year else "")


def short_month(on: date) -> str:
    """Nov 2026."""
    return f"{MONTHS[on.month - 1]} {on.year}"


def short_moment(at: datetime) -> str:
    """The time today, the date and time otherwise, in the reader's zone."""
    local = timezone.localtime(at)
    now = timezone.localtime()
    clock = date_format(local, "H:i")
    if local.date() == now.date():
        return clock
    if local.year == now.year:
        return f"{short_date(local)}, {clock}"
    return short_date(local, year=True)
