"""Statuses of the shop's own, as managers keep them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent, Team
from people.permissions import Permission
from tickets.errors import InvalidInput, NotFound
from tickets.events import StatusEvent
from tickets.models import CATEGORIES, CustomStatus, Tone
from tickets.order import move_one, note_place
from tickets.statuses import LONGEST

from .base import require

STREAM = "status"
MOST = 60


def save_custom_status(
    status_id: int | None,
    *,
    by: Agent,
    name: str,
    category: str,
    names: Mapping[str, str] | None = None,
    tone: str = "",
    team: Team | None = None,
    is_default: bool = False,
    at: datetime | None = None,
) -> CustomStatus:
    """Make a status or change it; its category never changes. Saving what is there already changes nothing."""
    require(by, Permission.MANAGE_SHARED)
    wanted = {
        "name": _name(name), "names": _names(names or {}), "tone": _tone(tone), "team": team, "is_default": is_default,
    }  # fmt: skip
    with transaction.atomic():
        status = _locked(status_id) if status_id else _new(category)
        if status.category != category:
            raise InvalidInput("category", _("The category of a status stays as it is. Archive it and make another."))
        if CustomStatus.objects.filter(name__iexact=wanted["name"]).exclude(pk=status.pk).exists():
            raise InvalidInput("name", _("There is a status of this name already."))
        if status.pk and all(getattr(status, key) == value for key, value in wanted.items()):
            return status
        made = status.pk is None
        if not made:
            note_setting(f"{STREAM} {status.pk}", {key: getattr(status, key) for key in wanted}, wanted, by=by.actor)
        for key, value in wanted.items():
            setattr(status, key, value)
        if is_default:
            others = CustomStatus.objects.filter(category=category, team=team, is_default=True)
            others.exclude(pk=status.pk).update(is_default=False)
        status.save()
        data = {"name": status.name, "category": category, "team": team.pk if team else None, "default": is_default}
        _record(status, StatusEvent.MADE if made else StatusEvent.CHANGED, by=by, at=at, data=data)
    return status


def archive_custom_status(status_id: int, *, by: Agent, on: bool = True, at: datetime | None = None) -> CustomStatus:
    """Offer it no more, or again. Its tickets stay in its category and are shown as that; none of them is written."""
    require(by, Permission.MANAGE_SHARED)
    at = at or timezone.now()
    with transaction.atomic():
        status = _locked(status_id)
        if (status.archived_at is not None) == on:
            return status
        note_setting(f"{STREAM} {status.pk}", {"archived": not on}, {"archived": on}, by=by.actor)
        status.archived_at, status.is_default = (at if on else None), False
        status.save(update_fields=["archived_at", "is_default"])
        kind = StatusEvent.ARCHIVED if on else StatusEvent.RESTORED
        _record(status, kind, by=by, at=at, data={"name": status.name})
    return status


def move_custom_status(status_id: int, *, by: Agent, up: bool, at: datetime | None = None) -> CustomStatus:
    """Let it stand before its neighbour of the same category, or after it; at the end nothing changes."""
    require(by, Permission.MANAGE_SHARED)
    with transaction.atomic():
        rows = CustomStatus.objects.select_for_update().filter(archived_at=None).order_by("pk")
        order = sorted(rows, key=lambda one: (CATEGORIES.index(one.category), one.position, one.pk))
        status = next((one for one in order if one.pk == status_id), None)
        if status is None:
            raise NotFound(_("There is no such status."))
        there = move_one(order, status, up=up, part_of=lambda one: one.category)
        if there is None:
            return status
        CustomStatus.objects.bulk_update(order, ["position"])
        note_place(f"{STREAM} {status.pk}", there, up=up, by=by)
        _record(status, StatusEvent.MOVED, by=by, at=at, data={"to": there})
    return status


def _new(category: str) -> CustomStatus:
    if category not in CATEGORIES:
        raise InvalidInput("category", _("There is no such category."))
    if CustomStatus.objects.count() >= MOST:
        raise InvalidInput("name", _("These are too many statuses."))
    last = CustomStatus.objects.aggregate(last=Max("position"))["last"]
    return CustomStatus(category=category, position=0 if last is None else last + 1)


def _locked(status_id: int) -> CustomStatus:
    status = CustomStatus.objects.select_for_update().filter(pk=status_id).first()
    if status is None:
        raise NotFound(_("There is no such status."))
    return status


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(name) <= LONGEST:
        raise InvalidInput("name", _("A name has 1 to 40 characters."))
    return name


def _names(names: Mapping[str, str]) -> dict[str, str]:
    known = dict(settings.LANGUAGES)
    return {code: _name(name) for code, name in names.items() if code in known and name.strip()}


def _tone(tone: str) -> str:
    if tone not in Tone.values:
        raise InvalidInput("tone", _("There is no such colour."))
    return tone


def _record(status: CustomStatus, kind: str, *, by: Agent, at: datetime | None, data: dict[str, Any]) -> None:
    record_event((STREAM, status.pk), kind, by=by.actor, at=at or timezone.now(), data=data)
