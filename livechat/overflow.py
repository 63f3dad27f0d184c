"""Chats that nobody of their team can take now go on to the next team that can.

A team is full when everybody of it who is here is busy or has as much as they may (`capacity.py`), and empty when
nobody is here. While somebody there has room, a chat stays: that one has not answered yet, which is another thing
(`chats.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache

from django.db import transaction

from channels_inbound.models import Connection
from events.actors import SYSTEM
from events.models import Event
from livechat.alerts import ring_agents
from livechat.capacity import room_of
from livechat.events import ChatEvent
from livechat.widget_settings import PROVIDER, WidgetSettings
from people.hours import opening_of
from people.models import Team
from tickets.actions.base import audience, record
from tickets.events import TICKET_STREAM
from tickets.models import Status, Ticket

AT_ONCE = 200


def pass_on_waiting(*, at: datetime) -> int:
    """Give chats on that wait in a team which cannot take them; how many. Safe in several processes at once."""
    done = 0
    for connection in Connection.objects.filter(provider=PROVIDER, channel__is_active=True):
        settings = WidgetSettings.read(connection.settings)
        if settings.overflow and settings.overflow_seconds and opening_of(settings.calendar, at=at).within:
            done += _pass_on(connection.channel_id, settings, at)
    return done


def _pass_on(channel_id: int, settings: WidgetSettings, at: datetime) -> int:
    room = cache(lambda team_id: room_of(team_id, channel_id, settings.most_chats))
    teams = set(Team.objects.filter(pk__in=settings.overflow).values_list("pk", flat=True))
    limit = at - timedelta(seconds=settings.overflow_seconds)
    late = Ticket.objects.filter(channel=channel_id, status=Status.OPEN, assignee=None, waiting_since__lte=limit)
    done = 0
    for ticket_id, team_id in late.order_by("waiting_since", "pk").values_list("pk", "team")[:AT_ONCE]:
        why = room(team_id).why
        chain = (
            [team for team in settings.overflow if team in teams and team != team_id and room(team).free] if why else []
        )
        if chain and _move(ticket_id, team_id, chain, why, limit=limit, at=at):
            done += 1
            room.cache_clear()
    return done


def _move(
    ticket_id: int, team_id: int | None, chain: Collection[int], why: str, *, limit: datetime, at: datetime
) -> bool:
    with transaction.atomic():
        rows = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            pk=ticket_id, team=team_id, status=Status.OPEN, snoozed_until=None, assignee=None, waiting_since__lte=limit
        )
        ticket = rows.first()
        if ticket is None or ticket.waiting_since is None:
            return False
        been, moved_at = _teams_before(ticket_id, ticket.waiting_since)
        to = next((team for team in chain if team not in been), None)
        # Each team has its time with it, and none has it twice in one wait.
        if to is None or (moved_at is not None and moved_at > limit):
            return False
        before = audience(ticket)
        ticket.team_id = to
        ticket.save(update_fields=["team"])
        data = {"from": team_id, "to": to, "why": why, "seconds": int((at - ticket.waiting_since).total_seconds())}
        record(ticket, ChatEvent.PASSED_ON, by=SYSTEM, at=at, data=data, before=before)
        ring_agents(ticket_id, team_id=to, assignee_id=None, channel_id=ticket.channel_id)
    return True


def _teams_before(ticket_id: int, since: datetime) -> tuple[set[int | None], datetime | None]:
    """Teams this wait has been in before, and when it came to the present one."""
    rows = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket_id, kind=ChatEvent.PASSED_ON, at__gte=since)
    found = list(rows.order_by("sequence").values_list("data__from", "at"))
    return {team for team, _ in found}, found[-1][1] if found else None
