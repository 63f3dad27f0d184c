"""What mailboxes mean for the channel they bring mail to: receiving fails while one of them does. Sending is apart."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils import translation

from channels_inbound.imap.actions import SILENT_AFTER, silent
from channels_inbound.imap.troubles import WORDS, Kind
from channels_inbound.models import Mailbox, MailboxState
from tickets.models import Channel, ChannelHealth


def refresh_receiving(*, at: datetime) -> None:
    """Write down what changed, for every channel. Two statements where nothing did."""
    failing: dict[int, str] = {}
    active = Mailbox.objects.filter(is_active=True, channel__is_active=True).select_related("channel")
    for mailbox in active.order_by("pk"):
        if mailbox.channel_id not in failing and (words := _trouble(mailbox, at=at)):
            failing[mailbox.channel_id] = words
    over = Channel.objects.filter(receive_health=ChannelHealth.FAILING).exclude(pk__in=failing)
    over.update(receive_health=ChannelHealth.OK, receive_detail="")
    for channel_id, words in failing.items():
        changed = ~Q(receive_health=ChannelHealth.FAILING) | ~Q(receive_detail=words)
        Channel.objects.filter(changed, pk=channel_id).update(
            receive_health=ChannelHealth.FAILING, receive_detail=words
        )


def _trouble(mailbox: Mailbox, *, at: datetime) -> str:
    """Why nothing comes from it, in English for `retold`; "" while it does, or may again in a moment."""
    lasting = mailbox.failing_since is not None and mailbox.failing_since < at - SILENT_AFTER
    if mailbox.state == MailboxState.REFUSED or (mailbox.state == MailboxState.RETRYING and lasting):
        with translation.override("en"):
            return f"mailbox {mailbox.username}: {WORDS[Kind(mailbox.trouble)]}"
    return f"mailbox {mailbox.username}: nobody has looked into it for too long" if silent(mailbox, at=at) else ""
