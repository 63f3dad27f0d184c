"""Whether somebody is there to answer, and how long answers take: from live figures, or nothing is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from django.core.cache import cache

from people.models import Agent
from people.permissions import MATRIX, Permission
from tickets.live.desks import agents_at_their_desks
from tickets.models import Channel, Cycle

ENOUGH = 5
LOOKED_BACK = timedelta(days=14)
KEPT_SECONDS = 60
_ANSWERING = [role for role, may in MATRIX.items() if Permission.REPLY in may]


def somebody_there(channel: Channel) -> bool:
    """Whether an agent who may answer this channel's tickets has the helpdesk open."""
    here = agents_at_their_desks()
    if not here:
        return False
    agents = Agent.objects.filter(pk__in=here, is_active=True, role__in=_ANSWERING)
    if channel.team_id is not None:
        agents = agents.filter(teams=channel.team_id)
    return agents.exists()


def usual_answer_minutes(channel: Channel, *, at: datetime) -> int | None:
    """The median minutes until a first answer here lately; None while there are too few to say."""
    key = f"chat:usual:{channel.pk}"
    kept = cache.get(key)
    if kept is None:
        kept = _reckon(channel, at=at)
        cache.set(key, kept, KEPT_SECONDS)
    return kept if kept >= 0 else None


def _reckon(channel: Channel, *, at: datetime) -> int:
    recent = Cycle.objects.filter(ticket__channel=channel, opened_at__gt=at - LOOKED_BACK, first_reply_at__isnull=False)
    waits = [
        (answered - opened).total_seconds()
        for opened, answered in recent.order_by("-opened_at").values_list("opened_at", "first_reply_at")[:100]
        if answered is not None
    ]
    return max(1, round(median(waits) / 60)) if len(waits) >= ENOUGH else -1
