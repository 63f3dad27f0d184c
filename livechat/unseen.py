"""Replies a visitor did not see in time go by mail, together, and the answer comes back to the same ticket.

Only what agents wrote goes out: whoever types a stranger's address makes us mail that stranger at most an answer of
ours, a few times a day (threat 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels_inbound.models import Connection
from events.doorbell import ring
from livechat.limits import TooMuch, spend
from livechat.models import UnseenReplies, UsedToken, Visitor
from livechat.presence import where_visitor_is
from livechat.talk import readable
from livechat.widget_settings import WidgetSettings
from livechat.words import words_for
from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent, IdentityKind, Trust
from tickets.actions.base import record
from tickets.actions.compose import index_message
from tickets.events import TicketEvent
from tickets.models import (
    Channel,
    ChannelKind,
    Conversation,
    Message,
    MessageKind,
    OutboxState,
    Participant,
    ParticipantRole,
    ThreadLayer,
    Ticket,
)
from tickets.recipients import is_address
from tickets.tokens import new_token

# Who left is not coming back to the same page in a moment; a reload is.
GONE_AFTER = timedelta(seconds=60)
AT_ONCE = 200


def mail_due(*, at: datetime) -> int:
    """Mail every visitor whose time is over, or who is gone; how many mails were queued."""
    rows = UnseenReplies.objects.select_related("visitor").filter(Q(due_at__lte=at) | Q(since__lte=at - GONE_AFTER))
    sent = 0
    for row in rows.order_by("due_at")[:AT_ONCE]:
        if row.due_at <= at or where_visitor_is(row.visitor.thread) is None:
            sent += mail_unseen(row.visitor_id, at=at) is not None
    UsedToken.objects.filter(expires_at__lt=at - timedelta(hours=1)).delete()
    return sent


def mail_unseen(visitor_id: int, *, at: datetime) -> Message | None:
    """One mail with all the visitor has not seen; None when there is nothing, or nowhere to send it. Safe twice."""
    with transaction.atomic():
        row = UnseenReplies.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=visitor_id).first()
        if row is None:
            return None
        row.delete()
        visitor = Visitor.objects.get(pk=visitor_id)
        unseen = _unseen(visitor, at=at)
        channel = mail_channel_of(visitor)
        if not unseen or channel is None or not is_address(visitor.email) or too_many(visitor.email):
            return None
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=unseen[-1].ticket_id)
        unseen = [message for message in _unseen(visitor, at=at) if message.ticket_id == ticket.pk]
        return _queue(visitor, ticket, unseen, channel, at=at) if unseen else None


def _unseen(visitor: Visitor, *, at: datetime) -> list[Message]:
    replies = readable(visitor, at=at).filter(
        kind=MessageKind.OUTBOUND, marks__read_at__isnull=True, marks__mailed_at__isnull=True
    )
    return list(replies.select_related("agent").order_by("ticket_id", "sequence"))


def mail_channel_of(visitor: Visitor) -> Channel | None:
    """The mail channel the chat is set to go on in, else one of its team, else one of no team."""
    connection = Connection.objects.filter(channel=visitor.channel_id).first()
    wanted = WidgetSettings.read(connection.settings).mail_channel if connection else None
    mail = Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).order_by("pk")
    return (
        mail.filter(pk=wanted or 0).first()
        or mail.filter(team=visitor.channel.team_id).first()
        or mail.filter(team=None).first()
    )


def too_many(address: str) -> bool:
    """Whether this address got its mails of today; counts one."""
    try:
        spend("mail", address=address)
    except TooMuch:
        return True
    return False


def _queue(visitor: Visitor, ticket: Ticket, unseen: Sequence[Message], channel: Channel, *, at: datetime) -> Message:
    words = words_for(visitor.language)
    text = "\n\n".join([words["mail_intro"], *(one.text for one in unseen if one.text), words["mail_outro"]])
    message = queue_mail(
        visitor, ticket, channel, subject=words["mail_subject"], text=text, agent=unseen[-1].agent, at=at
    )
    for one in unseen:
        one.marks = {**one.marks, "mailed_at": at.isoformat()}
    Message.objects.bulk_update(unseen, ["marks"])
    return message


def queue_mail(
    visitor: Visitor, ticket: Ticket, channel: Channel, *, subject: str, text: str, agent: Agent | None, at: datetime
) -> Message:
    """Queue a mail of ours to the visitor's address in a locked ticket; an answer to it comes back there."""
    conversation, token = _mail_thread(visitor, ticket, channel), new_token()
    earlier = Message.objects.filter(conversation=conversation).exclude(external_id="").order_by("-sequence")
    forebears = list(reversed(earlier.values_list("external_id", flat=True)[:10]))
    # A name that was typed beside an address nobody proved is the sender's text, and the mail may reach a stranger.
    name = visitor.name if visitor.email_signed else ""
    envelope: dict[str, object] = {"to": [{"name": name, "address": visitor.email}]}
    if forebears:
        envelope |= {"in_reply_to": forebears[-1], "references": forebears}
    ticket.message_sequence += 1
    ticket.save(update_fields=["message_sequence"])
    message = Message.objects.create(
        ticket=ticket, conversation=conversation, sequence=ticket.message_sequence, kind=MessageKind.OUTBOUND,
        agent=agent, at=at, subject=subject, text=text, language=visitor.language[:8],
        thread_layer=ThreadLayer.AUTOMATIC, reply_token=token,
        external_id=f"{token}@{channel.address.rpartition('@')[2]}", envelope=envelope, outbox=OutboxState.QUEUED,
        not_before=at,
    )  # fmt: skip
    index_message(message)
    by = agent.actor if agent else ticket.customer.actor
    data = {"message": message.pk, "sequence": message.sequence, "automatic": True}
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=by, at=at, data=data)
    ring("outbound")
    return message


def _mail_thread(visitor: Visitor, ticket: Ticket, channel: Channel) -> Conversation:
    """The mail thread of this ticket with the visitor's address, who takes part in it: so an answer is no
    stranger's."""
    key = IdentityKey(IdentityKind.EMAIL, visitor.email)
    person = resolve_identities({key: Newcomer(visitor.name, Trust.CLAIMED, visitor.language)})[key]
    found = Conversation.objects.filter(ticket=ticket, channel=channel, participants__identity=person.id).first()
    if found is not None:
        return found
    made = Conversation.objects.create(
        ticket=ticket, channel=channel, customer_id=ticket.customer_id, subject=ticket.subject
    )
    Participant.objects.create(conversation=made, identity_id=person.id, role=ParticipantRole.JOINED)
    return made
