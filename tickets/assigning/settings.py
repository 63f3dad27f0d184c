"""How a team's tickets find somebody, as a manager says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.doorbell import ring
from events.ledger import record_event
from people.availability import MOST_AT_ONCE
from people.models import Agent, Team
from people.permissions import Permission
from tickets.actions.base import require
from tickets.errors import InvalidInput, NotFound
from tickets.models import Assigning, Method

from .rules import HEAVIEST

CHANGED = "team.assigning_changed"
LONGEST_AWAY = 24 * 60


def rule_of(team_id: int) -> Assigning:
    """The team's rule; one that is off, where nothing was ever said."""
    return Assigning.objects.filter(pk=team_id).first() or Assigning(team_id=team_id)


def save_assigning(
    team_id: int,
    *,
    by: Agent,
    method: str,
    most: int,
    weights: Mapping[str, int],
    calendar: int | None,
    away_minutes: int | None,
    sticky: bool,
) -> Assigning:
    """Say how a team's tickets find somebody. Saying it again changes nothing."""
    require(by, Permission.MANAGE_TEAMS)
    _refuse_unusable(method, most, weights, away_minutes)
    fields: dict[str, Any] = {
        "method": method, "most": most, "weights": dict(weights), "calendar": calendar, "away_minutes": away_minutes,
        "sticky": sticky,
    }  # fmt: skip
    with transaction.atomic():
        if not Team.objects.filter(pk=team_id).exists():
            raise NotFound(_("There is no such team."))
        Assigning.objects.bulk_create([Assigning(team_id=team_id)], ignore_conflicts=True)
        rule = Assigning.objects.select_for_update().get(pk=team_id)
        if all(getattr(rule, name) == value for name, value in fields.items()):
            return rule
        note_setting(f"team {team_id}", {name: getattr(rule, name) for name in fields}, fields, by=by.actor)
        for name, value in fields.items():
            setattr(rule, name, value)
        rule.save(update_fields=list(fields))
        Assigning.objects.filter(pk=team_id).update(asked=F("asked") + 1)
        record_event(("team", team_id), CHANGED, by=by.actor, at=timezone.now(), data=fields)
        ring("assign")
    return rule


def _refuse_unusable(method: str, most: int, weights: Mapping[str, int], away_minutes: int | None) -> None:
    if method not in Method.values:
        raise InvalidInput("method", _("There is no such way."))
    if not 1 <= most <= MOST_AT_ONCE:
        raise InvalidInput("most", _("Choose a number from 1 to %(most)d.") % {"most": MOST_AT_ONCE})
    if any(not 1 <= weight <= HEAVIEST for weight in weights.values()):
        raise InvalidInput("weights", _("Choose a number from 1 to %(most)d.") % {"most": HEAVIEST})
    if away_minutes is not None and not 1 <= away_minutes <= LONGEST_AWAY:
        raise InvalidInput("away_minutes", _("Choose a number from 1 to %(most)d.") % {"most": LONGEST_AWAY})
