"""An agent's notices: the list, the bell's number, and marking them read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from events.compiled import compiled
from people.models import Agent, Presence
from people.permissions import Permission
from tickets.models import Cause, NoticeSettings, Notification, Ticket
from tickets.realtime import announce_to_agent

from .matters import matters_for

SHOWN = 100
# What one may do without; of what is theirs to mend everybody is told.
CHOOSABLE = tuple(cause for cause in Cause if cause)


def notices_of(agent: Agent) -> list[Notification]:
    """The agent's latest notices, newest first; one query."""
    return list(_visible(agent).select_related("event", "ticket", "channel").order_by("-id")[:SHOWN])


def unread_count(agent: Agent) -> int:
    """How many notices the bell counts."""
    return _visible(agent).filter(read_at=None).count()


def unread_and_said(agent: Agent) -> tuple[int, str]:
    """What the bell counts, and what the agent says of themselves; one query for the frame of every page."""
    key = ("frame", agent.scope, agent.permissions)
    ((count, said),) = compiled(key, lambda: _unread_and_said(agent)).run()
    return count, said or Presence.ONLINE


def _unread_and_said(agent: Agent) -> QuerySet[Agent, Any]:
    unread = _visible(agent).filter(read_at=None).order_by().values("agent").annotate(n=Count("pk")).values("n")
    return Agent.objects.filter(pk=agent.pk).values_list(Coalesce(Subquery(unread), 0), "availability__said")


def mark_ticket_read(agent: Agent, ticket_id: int, *, at: datetime | None = None) -> int:
    """The agent looked at the ticket, so its notices are read; how many there were."""
    return _mark_read(agent, Notification.objects.filter(ticket_id=ticket_id), at)


def mark_all_read(agent: Agent, *, up_to: int, at: datetime | None = None) -> int:
    """Read are the notices up to this one; what came while the page was open stays unread."""
    return _mark_read(agent, Notification.objects.filter(pk__lte=up_to), at)


def choose_notices(agent: Agent, *, off: Collection[str], digest_minutes: int) -> None:
    """Keep what the agent wants to be told of."""
    known = [cause.value for cause in CHOOSABLE if cause in off]
    chosen = {"off": known, "digest_minutes": digest_minutes}
    NoticeSettings.objects.update_or_create(agent=agent, defaults=chosen)


def announce_unread(agent: Agent) -> None:
    """Tell every tab of the agent what the bell counts."""
    announce_to_agent(agent.pk, "notices", unread=unread_count(agent))


def _visible(agent: Agent) -> QuerySet[Notification]:
    """A notice of a ticket that left the agent's sight is no longer shown, nor one of a channel that is not theirs to
    look after any more."""
    seen = Q(ticket__in=Ticket.objects.visible_to(agent))
    if agent.may(Permission.MANAGE_CHANNELS):
        seen |= Q(channel__isnull=False)
    elif agent.may(Permission.HANDLE_QUARANTINE):
        seen |= Q(channel__team__in=agent.team_ids)
    if kinds := matters_for(agent):
        seen |= Q(ticket=None, channel=None, event__kind__in=kinds)
    return Notification.objects.filter(seen, agent=agent)


def _mark_read(agent: Agent, notices: QuerySet[Notification], at: datetime | None) -> int:
    read = notices.filter(agent=agent, read_at=None).update(read_at=at or timezone.now())
    if read:
        announce_unread(agent)
    return read
