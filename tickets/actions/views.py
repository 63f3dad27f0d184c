"""Making, changing and removing saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from tickets.conditions import MOST_VALUES, is_condition
from tickets.errors import InvalidInput, NotFound
from tickets.events import ViewEvent
from tickets.models import SavedView, ViewOrder
from tickets.order import move_one, note_place

from .base import require

MOST_VIEWS = 50  # of one audience
STREAM = "view"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who has it in front of them: its maker alone, a team, or everyone."""

    owner: Agent | None = None
    team: Team | None = None


EVERYONE = Audience()


def shown_to(agent: Agent) -> Q:
    """Which things made for somebody (views, replies) this agent has."""
    teams = Q(owner=None) if agent.sees_everything else Q(team=None, owner=None) | Q(team__in=agent.team_ids)
    return Q(owner=agent) | teams


def editable_by(agent: Agent) -> Q:
    """One's own; what is shared by those who may manage it, within their teams."""
    return Q(owner=agent) | (shown_to(agent) & Q(owner=None) if agent.may(Permission.MANAGE_SHARED) else Q(pk__in=[]))


def require_audience(by: Agent, audience: Audience) -> None:
    """Refuse to make something for people the agent does not answer for."""
    require(by, Permission.READ_TICKETS)
    if audience.owner == by and audience.team is None:
        return
    own_team = audience.team is None or by.sees_everything or audience.team.pk in by.team_ids
    if audience.owner is not None or not by.may(Permission.MANAGE_SHARED) or not own_team:
        raise PermissionDenied(_("Your role does not allow this."))


def save_view(
    view_id: int | None,
    *,
    by: Agent,
    name: str,
    audience: Audience,
    where: Mapping[str, Any],
    order: str = ViewOrder.NEWEST,
    at: datetime | None = None,
) -> SavedView:
    """Make a view, or change one. Saving it unchanged records nothing."""
    require_audience(by, audience)
    wanted = {
        "name": _name(name), "owner": audience.owner, "team": audience.team, "where": _checked(where), "order": order,
    }  # fmt: skip
    if order not in ViewOrder.values:
        raise InvalidInput("order", _("There is no such order."))
    with transaction.atomic():
        if view_id is None:
            return _make(by, wanted, at or timezone.now())
        view = _locked(view_id, by)
        changed = [name for name, value in wanted.items() if getattr(view, name) != value]
        if changed and view.owner_id is None:
            before = {name: getattr(view, name) for name in changed}
            note_setting(f"view {view.pk}", before, {name: wanted[name] for name in changed}, by=by.actor)
        for name in changed:
            setattr(view, name, wanted[name])
        if changed:
            view.save(update_fields=changed)
            _record(view, ViewEvent.CHANGED, by, at, {"fields": changed})
    return view


def remove_view(view_id: int, *, by: Agent, at: datetime | None = None) -> None:
    """Remove a view; its tickets stay as they are."""
    with transaction.atomic():
        view = _locked(view_id, by)
        _record(view, ViewEvent.REMOVED, by, at, {"name": view.name})
        view.delete()


def move_view(view_id: int, *, by: Agent, down: bool, at: datetime | None = None) -> None:
    """One place up or down among the views of its audience. At the end it stays."""
    with transaction.atomic():
        view = _locked(view_id, by)
        row = list(_siblings(view.owner, view.team).select_for_update().order_by("position", "pk"))
        there = move_one(row, view, up=not down)
        if there is None:
            return
        SavedView.objects.bulk_update(row, ["position"])
        if view.owner_id is None:
            note_place(f"view {view.pk}", there, up=not down, by=by)
        _record(view, ViewEvent.MOVED, by, at, {"to": there})


def _make(by: Agent, wanted: dict[str, Any], at: datetime) -> SavedView:
    siblings = _siblings(wanted["owner"], wanted["team"])
    if siblings.count() >= MOST_VIEWS:
        raise InvalidInput("name", _("There are enough views: remove one first."))
    last = siblings.aggregate(last=Max("position"))["last"]
    view = SavedView.objects.create(created_by=by, position=(last if last is not None else -1) + 1, **wanted)
    _record(view, ViewEvent.MADE, by, at, {"name": view.name})
    return view


def _siblings(owner: Agent | None, team: Team | None) -> QuerySet[SavedView]:
    return SavedView.objects.filter(owner=owner, team=team)


def _locked(view_id: int, by: Agent) -> SavedView:
    """The view, if the agent has it in front of them; PermissionDenied if they have, but may not change it."""
    require(by, Permission.READ_TICKETS)
    view = SavedView.objects.select_for_update(of=("self",)).filter(shown_to(by), pk=view_id).first()
    if view is None:
        raise NotFound(_("There is no such view."))
    require_audience(by, Audience(view.owner, view.team))
    return view


def _record(view: SavedView, kind: ViewEvent, by: Agent, at: datetime | None, data: dict[str, Any]) -> None:
    record_event((STREAM, view.pk), kind, by=by.actor, at=at or timezone.now(), data=data)


def _name(name: str) -> str:
    clean = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(clean) <= 60:
        raise InvalidInput("name", _("A name has 1 to 60 characters."))
    return clean


def _checked(where: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Known conditions with values of their kind. What cannot be read is refused, never left out in silence."""
    checked: dict[str, list[Any]] = {}
    for name, allowed in where.items():
        if not is_condition(name) or not isinstance(allowed, list) or len(allowed) > MOST_VALUES:
            raise InvalidInput(name, _("This condition cannot be read."))
        if not all(value is None or isinstance(value, str | int | bool) for value in allowed):
            raise InvalidInput(name, _("This condition cannot be read."))
        if allowed:
            checked[name] = allowed
    return checked
