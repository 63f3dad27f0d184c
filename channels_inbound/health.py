"""How each channel is doing: when mail last came and went, and what is wrong. Written seldom, read on one page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from events.statements import prepared
from tickets.models import Channel, ChannelHealth

# A flood must not write its mailbox's row once a mail.
RESOLUTION = timedelta(seconds=5)
_RECEIVED = """
UPDATE tickets_channel SET last_received_at = %s
WHERE id = ANY(%s) AND (last_received_at IS NULL OR last_received_at < %s)
"""


# When this process last wrote it, by channel: most mails of a flood then cost no statement at all.
_noted: dict[int, datetime] = {}


def note_received(channel_ids: Iterable[int], *, at: datetime) -> None:
    """Mail came in. Rolled back, it is written again `RESOLUTION` later."""
    due = sorted({id for id in channel_ids if id not in _noted or not timedelta() <= at - _noted[id] < RESOLUTION})
    if due:
        with prepared() as cursor:
            cursor.execute(_RECEIVED, [at, due, at - RESOLUTION])
        _noted.update(dict.fromkeys(due, at))


def note_sent(channel_id: int, *, at: datetime) -> None:
    """The outgoing server took a mail: whatever was wrong is over."""
    old = Q(last_sent_at=None) | Q(last_sent_at__lt=at - RESOLUTION) | ~Q(health=ChannelHealth.OK)
    Channel.objects.filter(old, pk=channel_id).update(last_sent_at=at, health=ChannelHealth.OK, health_detail="")


def note_send_trouble(channel_id: int, *, detail: str) -> None:
    """The outgoing server cannot be used."""
    changed = ~Q(health=ChannelHealth.FAILING) | ~Q(health_detail=detail[:500])
    Channel.objects.filter(changed, pk=channel_id).update(health=ChannelHealth.FAILING, health_detail=detail[:500])
