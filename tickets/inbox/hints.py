"""What may come next in a search: operators while one begins, their values once one is there."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from people.brands import several_brands
from tickets.models import Priority, Status, Tag, TicketField
from tickets.search.operators import NAMES

from .access import signed_in
from .directory import read_directory
from .finder import read_query

MOST = 8


@require_safe
@signed_in
def hints(request: HttpRequest) -> HttpResponseBase:
    """Whole lines that go on from what was typed, the likeliest first."""
    typed = read_query(request)
    before, _gap, last = typed.rpartition(" ")
    lead = f"{before} " if before else ""
    if last.startswith("-"):  # what is to be left out is named alike
        lead, last = f"{lead}-", last[1:]
    name, colon, value = last.partition(":")
    if not colon:
        fitting = [f"{one}:" for one in NAMES if last and one.startswith(last.lower())]
        if "brand:" in fitting and not several_brands():
            fitting.remove("brand:")
    elif name.lower() in NAMES:
        wanted = value.strip('"“').casefold()
        values = [one for one in _values(name.lower(), wanted) if wanted in one.casefold()]
        values.sort(key=lambda one: not one.casefold().startswith(wanted))
        fitting = [f"{name}:{_quoted(one)}" for one in values]
    else:
        fitting = []
    return JsonResponse({"hints": [lead + one for one in fitting if one != last][:MOST]})


def _values(name: str, wanted: str) -> Iterable[str]:
    if name == "status":
        return [*(status.value for status in Status), "snoozed", *(one.label for one in read_directory().statuses)]
    if name == "priority":
        return [priority.name.lower() for priority in reversed(Priority)]
    if name == "has":
        return ["attachment"]
    if name in ("before", "after"):
        return ["today", "yesterday"]
    if name == "tag":
        return Tag.objects.filter(name__contains=wanted).values_list("name", flat=True)[:MOST]
    if name == "field":
        return _of_fields()
    if name in ("channel", "team", "assignee", "brand"):
        return _named(name)
    return []


def _named(name: str) -> list[str]:
    known = read_directory()
    if name == "channel":
        return [channel.name for channel in known.channels.values()]
    if name == "brand":
        return [*known.brands.values(), "none"]
    if name == "team":
        return [*known.teams.values(), "none"]
    return ["me", "none", *(one.name for one in known.agents.values() if one.takes_tickets)]


def _of_fields() -> list[str]:
    """Each field, and its choices as they are asked for."""
    found: list[str] = []
    for field in TicketField.objects.filter(archived_at=None):
        found += [f"{field.name}={one}" for one in field.choices] or [f"{field.name}="]
    return found


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
