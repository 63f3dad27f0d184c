"""Notes on days: "new courier", "the sale began". They stand beside every drawing over time, since a line that bends
is read wrongly by whoever does not know why.

All readers of reports see those of everything, and of the channels and teams in their sight. Writing them is looking
after what is shared.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.ledger import record_event
from metrics.events import ANNOTATION_STREAM, ReportEvent
from metrics.facts import Scope
from metrics.models import Annotation
from people.models import Agent, Team
from people.permissions import Permission, PermissionDenied
from people.scope import Reach
from tickets.errors import InvalidInput, NotFound
from tickets.models import Channel

LONGEST = 120
# So many are drawn at most: more lines than days tell nothing.
DRAWN = 40


def visible_annotations(agent: Agent) -> QuerySet[Annotation]:
    """Those of everything, and of what the agent sees, latest first."""
    sight, found = agent.scope, Annotation.objects.select_related("channel", "team", "author")
    if sight.reach < Reach.TEAMS:
        found = found.filter(team=None)
    elif sight.reach == Reach.TEAMS:
        found = found.filter(Q(team=None) | Q(team__in=sight.team_ids))
    if sight.channel_ids is not None:
        found = found.filter(Q(channel=None) | Q(channel__in=sight.channel_ids))
    return found


def annotations_in(scope: Scope, first: date, last: date) -> list[Annotation]:
    """Those of these days that matter for what the scope looks at, oldest first. One query."""
    found = visible_annotations(scope.agent).filter(day__range=(first, last))
    if scope.channels is not None:
        found = found.filter(Q(channel=None) | Q(channel__in=scope.channels))
    if scope.team is not None:
        found = found.filter(Q(team=None) | Q(team=scope.team))
    return list(found.order_by("day", "pk")[:DRAWN])


def may_annotate(agent: Agent) -> bool:
    return agent.permissions.issuperset({Permission.READ_REPORTS, Permission.MANAGE_SHARED})


def write_annotation(
    annotation_id: int | None, *, by: Agent, day: date, text: str, channel_id: int | None, team_id: int | None
) -> Annotation:
    """Note something down, or change a note. Writing what is there already changes nothing. InvalidInput without
    words, or of a channel or team that the agent does not see."""
    text = _clean(text)
    with transaction.atomic():
        _refuse(by, channel_id, team_id)
        row = _locked(annotation_id, by=by) if annotation_id is not None else Annotation(author=by)
        values = {"day": day, "text": text, "channel_id": channel_id, "team_id": team_id}
        if row.pk and all(getattr(row, name) == value for name, value in values.items()):
            return row
        before = _told(row) if row.pk else None
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        kind = ReportEvent.ANNOTATION_CHANGED if before else ReportEvent.ANNOTATION_WRITTEN
        _record(row.pk, kind, _told(row) | ({"before": before} if before else {}), by=by)
    return row


def remove_annotation(annotation_id: int, *, by: Agent) -> None:
    """Take a note away. Removing it again changes nothing."""
    with transaction.atomic():
        _refuse(by, None, None)
        row = visible_annotations(by).select_for_update(of=("self",)).filter(pk=annotation_id).first()
        if row is None:
            return
        told = _told(row)
        row.delete()
        _record(annotation_id, ReportEvent.ANNOTATION_REMOVED, told, by=by)


def _clean(text: str) -> str:
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not text:
        raise InvalidInput("text", _("Say in a few words what happened."))
    return text


def _refuse(by: Agent, channel_id: int | None, team_id: int | None) -> None:
    if not may_annotate(by):
        raise PermissionDenied(_("Your role does not allow this."))
    if team_id is not None and not (by.scope.sees_team(team_id) and Team.objects.filter(pk=team_id).exists()):
        raise InvalidInput("team", _("There is no such team."))
    if channel_id is not None and not (
        by.scope.sees_channel(channel_id) and Channel.objects.filter(pk=channel_id).exists()
    ):
        raise InvalidInput("channel", _("There is no such channel."))


def _locked(annotation_id: int, *, by: Agent) -> Annotation:
    row = visible_annotations(by).select_for_update(of=("self",)).filter(pk=annotation_id).first()
    if row is None:
        raise NotFound(_("There is no such note."))
    return row


def _told(row: Annotation) -> dict[str, Any]:
    return {"day": row.day.isoformat(), "text": row.text, "channel": row.channel_id, "team": row.team_id}


def _record(annotation_id: int, kind: ReportEvent, data: dict[str, Any], *, by: Agent) -> None:
    record_event((ANNOTATION_STREAM, annotation_id), kind, by=by.actor, at=timezone.now(), data=data)
