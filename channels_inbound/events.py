"""What happens to a channel and its deliveries, noun.past, on the channel's own stream."""

from __future__ import annotations

from enum import StrEnum

from tickets.models import Channel


class ChannelEvent(StrEnum):
    CHANNEL_CREATED = "channel.created"
    CHANNEL_CHANGED = "channel.changed"
    MAIL_QUARANTINED = "mail.quarantined"
    MAIL_RETRIED = "mail.retried"
    MAIL_REFETCHED = "mail.refetched"
    CALL_LOG_BEGUN = "call_log.begun"
    CALL_LOG_IMPORTED = "call_log.imported"
    CONNECTION_ADDED = "connection.added"
    CONNECTION_CHANGED = "connection.changed"
    CONNECTION_REMOVED = "connection.removed"
    CONNECTION_REFUSED = "connection.refused"
    CONNECTION_WARNED = "connection.warned"
    CONNECTION_RECOVERED = "connection.recovered"
    CONNECTION_ENDING = "connection.ending"
    CONTACT_FORM_CHANGED = "contact_form.changed"
    TEMPLATES_SYNCED = "templates.synced"
    OUTGOING_ADDED = "outgoing.added"
    OUTGOING_CHANGED = "outgoing.changed"
    OUTGOING_REMOVED = "outgoing.removed"
    DKIM_ADDED = "dkim.added"
    DKIM_STARTED = "dkim.started"
    DKIM_REMOVED = "dkim.removed"
    MAILBOX_ADDED = "mailbox.added"
    MAILBOX_CHANGED = "mailbox.changed"
    MAILBOX_REMOVED = "mailbox.removed"
    MAILBOX_REFUSED = "mailbox.refused"
    MAILBOX_RECOVERED = "mailbox.recovered"
    MAILBOX_RENUMBERED = "mailbox.renumbered"


def channel_stream(channel_id: int) -> tuple[str, int]:
    return ("channel", channel_id)


def lock_channel(channel_id: int) -> Channel:
    """The channel, locked for its stream's sequence; rows that merely refer to it are not held up."""
    return Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
