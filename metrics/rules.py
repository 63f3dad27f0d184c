"""Policies and calendars as clocks read them: frozen, by number, parsed once a process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext, override

from people.models import Agent
from tickets.kinds import registered_kinds

from .brands import channels_for_brands
from .business_time import Calendar, Interval, OwnDay
from .clocks.machine import Key
from .clocks.terms import Target, Terms, Traits
from .models import BusinessCalendar, Policy, Rules

PAUSES = ("pending", "on_hold", "snoozed")
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('metrics.rules', 0))"
DEFAULT_ESCALATION = [
    {"when": 90, "do": "notify", "value": "assignee"},
    {"when": 100, "do": "notify", "value": "team"},
]
# Name, kinds of channel, seconds to an answer. Social are all kinds whose code is here but chat, phone and mail; what
# fits none of the first three is mail.
DEFAULTS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("Chat", ("chat",), 120),
    ("Phone", ("phone",), 300),
    ("Social", (), 3600),
    ("Mail", (), 24 * 3600),
)


@dataclass(frozen=True, slots=True)
class Fitting:
    """A policy's conditions and what it promises."""

    conditions: Mapping[str, frozenset[Any]]
    terms: Terms
    calendar_name: str
    escalation: tuple[Mapping[str, Any], ...]

    def fits(self, traits: Traits) -> bool:
        """Whether every trait named has one of the values allowed."""
        return conditions_fit(self.conditions, {name: getattr(traits, name) for name in self.conditions})


def conditions_fit(conditions: Mapping[str, Collection[Any]], traits: Mapping[str, Any]) -> bool:
    """Whether every trait named has one of the values allowed; of several values of one trait one is enough."""
    return all(_allows(allowed, traits[name]) for name, allowed in conditions.items())


def _allows(allowed: Collection[Any], value: Any) -> bool:
    return not value.isdisjoint(allowed) if isinstance(value, frozenset) else value in allowed


class StoredRules:
    """The rules by number. `recorded` says which a known clock started with; new ones take the newest, but for calls:
    those are over when they are heard of, and were promised what was in force when they rang."""

    def __init__(self, recorded: Mapping[Key, int], newest: int) -> None:
        self.recorded, self.newest = recorded, newest

    def at_start(self, key: Key, at: datetime) -> int:
        if key[1] == Target.WAIT and key not in self.recorded:
            return in_force(at, self.newest)
        return self.recorded.get(key, self.newest)

    def terms(self, rules: int, traits: Traits) -> Terms | None:
        found = fitting(rules, traits)
        return found.terms if found else None


def fitting(rules: int, traits: Traits) -> Fitting | None:
    """The first policy of these rules that fits."""
    return next((policy for policy in policies_of(rules) if policy.fits(traits)), None)


def in_force(at: datetime, newest: int) -> int:
    """The rules of that moment; before there were any the first ones, which are the defaults."""
    made = _moments(newest)
    return made[max(0, bisect_right(made, (at, newest)) - 1)][1]


@lru_cache(4)
def _moments(newest: int) -> tuple[tuple[datetime, int], ...]:
    """When each rules up to these were made."""
    return tuple(Rules.objects.filter(pk__lte=newest).order_by("made_at", "pk").values_list("made_at", "pk"))


@lru_cache(64)
def policies_of(rules: int) -> tuple[Fitting, ...]:
    """The policies of these rules in order; rows never change, so they are read once a process."""
    return parse(Rules.objects.values_list("content", flat=True).get(pk=rules))


def parse(content: Mapping[str, Any]) -> tuple[Fitting, ...]:
    """Rules as they are stored, made ready."""
    calendars = {int(id): (said["name"], calendar_of(said)) for id, said in content["calendars"].items()}
    return tuple(_fitting(said, *calendars[said["calendar"]]) for said in content["policies"])


def _fitting(said: Mapping[str, Any], calendar_name: str, calendar: Calendar) -> Fitting:
    targets = {t.value: timedelta(seconds=said[t.value]) for t in Target if said.get(t.value)}
    terms = Terms(
        said["id"], said["name"], said["calendar"], calendar, targets, tuple(said["warn"]), frozenset(said["pauses"]),
        said["bot_counts"],
    )  # fmt: skip
    conditions = {name: frozenset(values) for name, values in said["conditions"].items()}
    return Fitting(conditions, terms, calendar_name, tuple(said["escalation"]))


def calendar_of(said: Mapping[str, Any]) -> Calendar:
    """A calendar from its stored form."""
    own = tuple(
        OwnDay(
            date.fromisoformat(day["on"]), bool(day.get("closed")), intervals(day.get("extra", ())), day.get("note", "")
        )
        for day in said["own_days"]
    )
    weekly = tuple(intervals(day) for day in said["weekly"])
    return Calendar(said["time_zone"], weekly, said["country"], said["region"], own)


def intervals(pairs: Any) -> tuple[Interval, ...]:
    return tuple(Interval(int(start), int(end)) for start, end in pairs)


def rules_in_force() -> int | None:
    """The newest rules; None in a helpdesk that has promised nothing yet. Only reads, as pages must."""
    return Rules.objects.order_by("-pk").values_list("pk", flat=True).first()


def newest_rules() -> int:
    """The rules in force; a helpdesk without any gets the defaults."""
    newest = rules_in_force()
    return newest if newest is not None else ensure_defaults()


def ensure_defaults() -> int:
    """Policies to start with, once. Safe at once in many processes."""
    with transaction.atomic():
        lock_rules()
        newest = rules_in_force()
        if newest is not None:
            return newest
        if not Policy.objects.exists():
            _make_defaults()
        return freeze(by=None).pk


def social_kinds() -> tuple[str, ...]:
    """Every kind whose code is here, but mail, chat, phone, and the contract anybody may speak."""
    here = {traits.kind for traits in registered_kinds() if not traits.addressed}
    return tuple(sorted(here - {"chat", "phone", "http"}))


def _make_defaults() -> None:
    with override(settings.LANGUAGE_CODE):
        names = {"Chat": gettext("Chat"), "Phone": gettext("Phone"), "Social": gettext("Social networks"),
                 "Mail": gettext("Mail and everything else")}  # fmt: skip
        calendar, _created = BusinessCalendar.objects.get_or_create(
            name=gettext("Around the clock"),
            defaults={"time_zone": settings.TIME_ZONE, "weekly": [[[0, 1440]]] * 7},
        )
    for position, (name, known, seconds) in enumerate(DEFAULTS):
        kinds = social_kinds() if name == "Social" else known
        Policy.objects.create(
            name=names[name], position=position, calendar=calendar, warn=[75, 90], pauses=list(PAUSES),
            conditions={"channel_kind": list(kinds)} if kinds else {}, first_seconds=seconds, next_seconds=seconds,
            wait_seconds=seconds if name == "Phone" else None,
            escalation=DEFAULT_ESCALATION,
        )  # fmt: skip


def lock_rules() -> None:
    """Let nobody else change policies or calendars until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def freeze(*, by: Agent | None) -> Rules:
    """Keep policies and calendars as they are now; what is planned from here on follows them."""
    return Rules.objects.create(made_by=by, content=_content_now())


def freeze_if_changed() -> Rules | None:
    """The same where what is there is not yet what is in force; None where it is. Under the lock of rules."""
    content, newest = _content_now(), rules_in_force()
    if newest is not None and Rules.objects.values_list("content", flat=True).get(pk=newest) == content:
        return None
    return Rules.objects.create(content=content)


def _content_now() -> dict[str, Any]:
    policies = list(Policy.objects.filter(is_active=True).order_by("position", "pk"))
    used = {policy.calendar_id for policy in policies}
    return {
        "policies": [policy_content(one) | {"conditions": channels_for_brands(one.conditions)} for one in policies],
        "calendars": {str(c.pk): calendar_content(c) for c in BusinessCalendar.objects.filter(pk__in=used)},
    }


def policy_content(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.pk, "name": policy.name, "calendar": policy.calendar_id, "conditions": policy.conditions,
        "first": policy.first_seconds, "next": policy.next_seconds, "resolution": policy.resolution_seconds,
        "wait": policy.wait_seconds, "warn": policy.warn, "pauses": policy.pauses, "bot_counts": policy.bot_counts,
        "escalation": policy.escalation,
    }  # fmt: skip


def calendar_content(calendar: BusinessCalendar) -> dict[str, Any]:
    names = ("name", "time_zone", "weekly", "country", "region", "own_days")
    return {name: getattr(calendar, name) for name in names}
