"""Replies a visitor did not see in time go by mail, together, and the answer comes back to the same ticket.

Nothing is given up in silence: what cannot go waits, its ticket says why, and it goes once it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from events.actors import SYSTEM
from livechat.events import ChatEvent
from livechat.mailed_files import carried
from livechat.mailing import mail_channel_of, queue_mail, spend_mail
from livechat.models import BlockedAddress, UnseenReplies, UsedToken, Visitor
from livechat.presence import where_visitor_is
from livechat.talk import readable
from livechat.widget_settings import WidgetSettings
from livechat.words import words_for
from people.languages import choose_language
from tickets.actions.base import record
from tickets.models import Channel, Message, MessageKind, Ticket
from tickets.recipients import is_address

Waits = UnseenReplies.Waits
# Who left is not coming back to the same page in a moment; a reload is.
GONE_AFTER = timedelta(seconds=60)
AT_ONCE = 200
A_DAY = timedelta(days=1)
# After the first mail of a day the next ones gather more: so many minutes for the second, the third and all others.
WIDER = (15, 30, 60)
# A mail channel may be made, an address be given.
LOOK_AGAIN = timedelta(hours=1)
GIVE_UP = timedelta(days=7)


def note_unseen(visitor: Visitor, settings: WidgetSettings, *, at: datetime) -> None:
    """The visitor got a reply; unless they look in time, it goes by mail with all others."""
    mails = _mails_since(visitor, at - A_DAY)
    minutes = max(settings.unseen_minutes, WIDER[min(mails, len(WIDER)) - 1] if mails else 0)
    UnseenReplies.objects.get_or_create(
        visitor=visitor,
        defaults={
            "since": at, "due_at": at + timedelta(minutes=minutes), "waits": Waits.GATHERS if mails else Waits.NOT,
        },
    )  # fmt: skip


def mail_due(*, at: datetime) -> int:
    """Mail every visitor whose time is over, or who is gone; how many mails were queued."""
    soon = Q(waits=Waits.NOT, since__lte=at - GONE_AFTER)
    rows = UnseenReplies.objects.select_related("visitor").filter(Q(due_at__lte=at) | soon)
    sent = 0
    for row in rows.order_by("due_at")[:AT_ONCE]:
        if row.due_at <= at or where_visitor_is(row.visitor.thread) is None:
            sent += mail_unseen(row.visitor_id, at=at) is not None
    UsedToken.objects.filter(expires_at__lt=at - timedelta(hours=1)).delete()
    BlockedAddress.objects.filter(until__lte=at).delete()
    return sent


def mail_unseen(visitor_id: int, *, at: datetime) -> Message | None:
    """One mail with all the visitor has not seen; None when there is nothing, or it has to wait. Safe twice."""
    with transaction.atomic():
        row = UnseenReplies.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=visitor_id).first()
        if row is None:
            return None
        visitor = Visitor.objects.select_related("channel").get(pk=visitor_id)
        unseen = _unseen(visitor, at=at)
        if unseen:
            ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=unseen[-1].ticket_id)
            unseen = [message for message in _unseen(visitor, at=at) if message.ticket_id == ticket.pk]
        if not unseen or not _may_go(visitor, at=at):
            row.delete()
            return None
        channel = mail_channel_of(visitor.channel)
        why, until = _must_wait(visitor, channel, at=at)
        if channel is None or why:
            _wait(row, ticket, why, until=until, at=at)
            return None
        row.delete()
        return _queue(visitor, ticket, unseen, channel, at=at)


def _unseen(visitor: Visitor, *, at: datetime) -> list[Message]:
    replies = readable(visitor, at=at).filter(
        kind=MessageKind.OUTBOUND, marks__read_at__isnull=True, marks__mailed_at__isnull=True
    )
    return list(replies.select_related("agent").order_by("ticket_id", "sequence"))


def _may_go(visitor: Visitor, *, at: datetime) -> bool:
    """Whether a mail is more than a machine's: the bot answers everybody, and whoever types a thousand strangers'
    addresses would make it mail them all (threat 12). What a person wrote, or a signed address, is another matter."""
    by_people = readable(visitor, at=at).filter(kind=MessageKind.OUTBOUND, agent__isnull=False)
    return visitor.email_signed or by_people.exists()


def _must_wait(visitor: Visitor, channel: Channel | None, *, at: datetime) -> tuple[str, datetime]:
    """Why no mail can go now, and when to look again; counts one mail where one can."""
    if not is_address(visitor.email):
        return Waits.ADDRESS, at + LOOK_AGAIN
    if channel is None:
        return Waits.CHANNEL, at + LOOK_AGAIN
    seconds = spend_mail(visitor)
    return (Waits.LIMIT if seconds else Waits.NOT), at + timedelta(seconds=seconds)


def _wait(row: UnseenReplies, ticket: Ticket, why: str, *, until: datetime, at: datetime) -> None:
    """Keep what could not go, and say so once for each reason. After a week it stays in the chat alone."""
    if why != row.waits:
        data = {"why": str(why)} | ({"until": until.isoformat()} if why == Waits.LIMIT else {})
        record(ticket, ChatEvent.MAIL_WAITS, by=SYSTEM, at=at, data=data)
    elif row.since + GIVE_UP <= at and why != Waits.LIMIT:
        row.delete()
        return
    row.waits, row.due_at = why, until
    row.save(update_fields=["waits", "due_at"])


def _mails_since(visitor: Visitor, since: datetime) -> int:
    """How many mails of unseen replies this visitor got."""
    told = Message.objects.filter(
        conversation__channel=visitor.channel_id, conversation__external_id=visitor.thread,
        kind=MessageKind.OUTBOUND, at__gt=since - GIVE_UP, marks__mailed_at__isnull=False,
    )  # fmt: skip
    return sum(moment > since.isoformat() for moment in set(told.values_list("marks__mailed_at", flat=True)))


def _queue(visitor: Visitor, ticket: Ticket, unseen: Sequence[Message], channel: Channel, *, at: datetime) -> Message:
    words = words_for(visitor.language)
    with translation.override(choose_language([visitor.language])):
        files = carried(unseen)
    said = filter(None, map(files.text_of, unseen))
    text = "\n\n".join([words["mail_intro"], *said, words["mail_outro"]])
    message = queue_mail(
        visitor, ticket, channel, subject=words["mail_subject"], text=text, agent=unseen[-1].agent, at=at,
        files=files.attached,
    )  # fmt: skip
    for one in unseen:
        one.marks = {**one.marks, "mailed_at": at.isoformat()}
    Message.objects.bulk_update(unseen, ["marks"])
    return message
