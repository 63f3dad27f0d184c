"""Who is there to answer, and how long answers take: from live figures, or nothing is said.

Who counts as there is decided by `people.availability.agents_here` alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from django.db.models import Q, QuerySet

from livechat.widget_settings import PROVIDER
from people.passing import remembered
from tickets.models import Channel, Cycle, Status, Ticket

ENOUGH = 5
LOOKED_BACK = timedelta(days=14)
KEPT_SECONDS = 60


def waiting_chats(team_id: int | None) -> QuerySet[Ticket]:
    """A team's chats that nobody has taken, whose visitors wait."""
    return Ticket.objects.filter(
        channel__kind=PROVIDER, team=team_id, status=Status.OPEN, assignee=None, snoozed_until=None,
        waiting_since__isnull=False,
    )  # fmt: skip


def place_in_queue(ticket: Ticket) -> int | None:
    """1 for whoever waits longest; None for who does not wait to be taken. By order of waiting, nothing else."""
    waits = ticket.waiting_since
    if waits is None or ticket.assignee_id is not None or ticket.status != Status.OPEN or ticket.snoozed_until:
        return None
    before = Q(waiting_since__lt=waits) | Q(waiting_since=waits, pk__lt=ticket.pk)
    return waiting_chats(ticket.team_id).filter(before).count() + 1


def expected_minutes(channel: Channel, *, ahead: int, hands: int, at: datetime) -> int | None:
    """How long an answer takes now: what it took lately, once more for each time everybody here must first answer
    somebody who waits longer. None while there are too few answers to say, or nobody to give one."""
    usual = usual_answer_minutes(channel, at=at)
    return usual * (1 + ahead // hands) if usual is not None and hands else usual


def usual_answer_minutes(channel: Channel, *, at: datetime) -> int | None:
    """The median minutes until a first answer here lately; None while there are too few to say."""
    kept = remembered(f"chat-usual:{channel.pk}", KEPT_SECONDS, lambda: _reckon(channel, at=at))
    return kept if kept > 0 else None


def _reckon(channel: Channel, *, at: datetime) -> int:
    recent = Cycle.objects.filter(ticket__channel=channel, opened_at__gt=at - LOOKED_BACK, first_reply_at__isnull=False)
    waits = [
        (answered - opened).total_seconds()
        for opened, answered in recent.order_by("-opened_at").values_list("opened_at", "first_reply_at")[:100]
        if answered is not None
    ]
    return max(1, round(median(waits) / 60)) if len(waits) >= ENOUGH else -1
