"""The condition of a provider's connection: in trouble, refused (red, its people are told), well again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.models import Connection, ConnectionState
from events.actors import SYSTEM
from events.doorbell import ring
from events.ledger import record_event
from tickets.models import Channel, ChannelHealth, Message, OutboxState


def note_trouble(connection_id: int, detail: str, now: datetime) -> None:
    """Something is wrong that may pass by itself."""
    rows = Connection.objects.filter(pk=connection_id).exclude(state=ConnectionState.REFUSED)
    rows.update(state=ConnectionState.TROUBLE, trouble=detail[:500], trouble_at=now)


def alarm(channel_id: int, detail: str, *, at: datetime) -> None:
    """The provider warns of something its people must see, and the channel may go on: told once until it works."""
    with transaction.atomic():
        lock_channel(channel_id)
        rows = Connection.objects.filter(channel=channel_id).exclude(state=ConnectionState.REFUSED)
        if not rows.update(state=ConnectionState.TROUBLE, trouble=detail[:500], trouble_at=at):
            return
        healthy = Channel.objects.filter(pk=channel_id).exclude(health=ChannelHealth.FAILING)
        if healthy.update(health=ChannelHealth.FAILING, health_detail=detail[:500]):
            record_event(
                channel_stream(channel_id), ChannelEvent.CONNECTION_WARNED, by=SYSTEM, at=at,
                data={"channel": channel_id},
            )  # fmt: skip


def connection_refused(channel_id: int, detail: str, *, at: datetime) -> None:
    """The provider does not take our credentials: the channel turns red and its people are told, once."""
    with transaction.atomic():
        lock_channel(channel_id)
        rows = Connection.objects.filter(channel=channel_id).exclude(state=ConnectionState.REFUSED)
        if not rows.update(state=ConnectionState.REFUSED, trouble=detail[:500], trouble_at=at):
            return
        Channel.objects.filter(pk=channel_id).update(health=ChannelHealth.FAILING, health_detail=detail[:500])
        record_event(
            channel_stream(channel_id), ChannelEvent.CONNECTION_REFUSED, by=SYSTEM, at=at, data={"channel": channel_id}
        )


def connection_recovered(channel_id: int, *, at: datetime) -> bool:
    """The provider takes our credentials again: told once, and only after they were refused. The caller has locked
    the channel."""
    rows = Connection.objects.filter(channel=channel_id, state=ConnectionState.REFUSED)
    if not rows.update(state=ConnectionState.OK, trouble="", quiet_until=None):
        return False
    Channel.objects.filter(pk=channel_id).update(health=ChannelHealth.OK, health_detail="")
    record_event(
        channel_stream(channel_id), ChannelEvent.CONNECTION_RECOVERED, by=SYSTEM, at=at, data={"channel": channel_id}
    )
    return True


def connection_works(channel_id: int, *, at: datetime) -> None:
    """Something went through: whatever was wrong is over."""
    found = Connection.objects.filter(channel=channel_id).exclude(state=ConnectionState.OK).first()
    if found is None:
        return
    if found.state == ConnectionState.REFUSED:
        with transaction.atomic():
            lock_channel(channel_id)
            connection_recovered(channel_id, at=at)
    rows = Connection.objects.filter(channel=channel_id).exclude(state=ConnectionState.OK)
    if rows.update(state=ConnectionState.OK, trouble="", quiet_until=None):
        Channel.objects.filter(pk=channel_id).update(health=ChannelHealth.OK, health_detail="")


def release_waiting(channel_id: int, *, at: datetime) -> int:
    """The channel works again: what waited goes now."""
    waiting = Message.objects.filter(
        Q(not_before__gt=at), conversation__channel=channel_id, outbox=OutboxState.QUEUED, attempts__gt=0
    )
    released = waiting.update(not_before=at)
    if released:
        ring("outbound")
    return released
