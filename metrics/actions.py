"""Changing what is promised: each change keeps new rules, by which open clocks are then planned anew in a batch."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import SYSTEM
from events.audit import note_setting
from events.doorbell import ring
from events.ledger import record_event
from events.models import Event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.events import BrandEvent
from tickets.order import move_one, note_place, place_new

from .brands import CONDITION
from .events import RULES_STREAM, SlaEvent
from .models import BusinessCalendar, Policy
from .rules import freeze, freeze_if_changed, lock_rules

BRANDS_HEARD = frozenset({BrandEvent.MADE.value, BrandEvent.CHANGED.value, BrandEvent.REMOVED.value})


def save_policy(policy_id: int | None, *, by: Agent, **fields: Any) -> Policy:
    """Make or change a policy. Saving what is there already changes nothing."""
    with transaction.atomic():
        _begin(by)
        policy = _policy(policy_id) if policy_id else Policy()
        if policy_id and all(getattr(policy, name) == value for name, value in fields.items()):
            return policy
        if Policy.objects.filter(name=fields["name"]).exclude(pk=policy.pk).exists():
            raise InvalidInput("name", _("Another policy has this name."))
        if policy_id:
            note_setting(f"policy {policy.pk}", {name: getattr(policy, name) for name in fields}, fields, by=by.actor)
        for name, value in fields.items():
            setattr(policy, name, value)
        if not policy_id:
            order = list(Policy.objects.order_by("position", "pk"))
            place_policy(order, policy)
            Policy.objects.bulk_update([one for one in order if one is not policy], ["position"])
        policy.save()
        _end(SlaEvent.POLICY_SAVED, {"policy": policy.pk, "name": policy.name}, by=by)
    return policy


def move_policy(policy_id: int, *, by: Agent, up: bool) -> Policy:
    """Let a policy be asked before its neighbour, or after it; at the end of the list nothing changes."""
    with transaction.atomic():
        _begin(by)
        policy = _policy(policy_id)
        order = list(Policy.objects.order_by("position", "pk"))
        there = move_one(order, policy, up=up)
        if there is None:
            return policy
        Policy.objects.bulk_update(order, ["position"])
        note_place(f"policy {policy.pk}", there, up=up, by=by)
        _end(SlaEvent.POLICY_MOVED, {"policy": policy.pk, "to": there}, by=by)
    return order[there]


def remove_policy(policy_id: int, *, by: Agent) -> None:
    """Take a policy away; tickets under it follow the next that fits. Removing it again changes nothing."""
    with transaction.atomic():
        _begin(by)
        policy = Policy.objects.filter(pk=policy_id).first()
        if policy is None:
            return
        data = {"policy": policy.pk, "name": policy.name}
        policy.delete()
        _end(SlaEvent.POLICY_REMOVED, data, by=by)


def save_calendar(calendar_id: int | None, *, by: Agent, **fields: Any) -> BusinessCalendar:
    """Make or change a calendar. Saving what is there already changes nothing."""
    with transaction.atomic():
        _begin(by)
        calendar = _calendar(calendar_id) if calendar_id else BusinessCalendar()
        if calendar_id and all(getattr(calendar, name) == value for name, value in fields.items()):
            return calendar
        if BusinessCalendar.objects.filter(name=fields["name"]).exclude(pk=calendar.pk).exists():
            raise InvalidInput("name", _("Another calendar has this name."))
        if calendar_id:
            before = {name: getattr(calendar, name) for name in fields}
            note_setting(f"calendar {calendar.pk}", before, fields, by=by.actor)
        for name, value in fields.items():
            setattr(calendar, name, value)
        calendar.save()
        _end(SlaEvent.CALENDAR_SAVED, {"calendar": calendar.pk, "name": calendar.name}, by=by)
    return calendar


def remove_calendar(calendar_id: int, *, by: Agent) -> None:
    """Take a calendar away that no policy uses."""
    with transaction.atomic():
        _begin(by)
        calendar = BusinessCalendar.objects.filter(pk=calendar_id).first()
        if calendar is None:
            return
        if calendar.policies.exists():
            raise InvalidInput("calendar", _("A policy uses this calendar."))
        data = {"calendar": calendar.pk, "name": calendar.name}
        calendar.delete()
        _end(SlaEvent.CALENDAR_REMOVED, data, by=by)


def follow_brand(event: Event) -> None:
    """The subscriber: a brand has other channels, so policies that name it promise to others. Safe twice."""
    if not event.data.get("moved"):
        return
    with transaction.atomic():
        lock_rules()
        naming = Policy.objects.filter(is_active=True, conditions__has_key=CONDITION)
        if naming.exists() and (rules := freeze_if_changed()):
            data = {"brand": event.stream_id, "rules": rules.pk}
            record_event(RULES_STREAM, SlaEvent.BRAND_FOLLOWED, by=SYSTEM, at=timezone.now(), data=data,
                         cause_id=event.pk, depth=event.depth + 1)  # fmt: skip
            ring("replan")


def _begin(by: Agent) -> None:
    if not by.may(Permission.MANAGE_SERVICE_LEVELS):
        raise PermissionDenied(_("Your role does not allow this."))
    lock_rules()


def _end(kind: SlaEvent, data: dict[str, Any], *, by: Agent) -> None:
    rules = freeze(by=by)
    record_event(RULES_STREAM, kind, by=by.actor, at=timezone.now(), data=data | {"rules": rules.pk})
    ring("replan")


def _policy(policy_id: int) -> Policy:
    found = Policy.objects.filter(pk=policy_id).first()
    if found is None:
        raise NotFound(_("There is no such policy."))
    return found


def _calendar(calendar_id: int) -> BusinessCalendar:
    found = BusinessCalendar.objects.filter(pk=calendar_id).first()
    if found is None:
        raise NotFound(_("There is no such calendar."))
    return found


def place_policy(order: list[Policy], new: Policy) -> Policy:
    """Where a new one would stand among the others; nothing is saved."""
    place_new(order, new, demands=_demands)
    return new


def _demands(policy: Policy) -> int:
    """How many things it asks of a ticket."""
    return sum(bool(values) for values in policy.conditions.values())
