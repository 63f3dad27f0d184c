"""A mail of ours to a visitor: from which channel, how often, and into which thread, so that the answer comes back.

Only what agents wrote goes to an address that nobody proved: whoever types a stranger's makes us mail that stranger at
most an answer of ours, a few times a day (threat 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from channels_inbound.models import Connection
from events.doorbell import ring
from livechat.limits import TooMuch, spend
from livechat.mailed_files import attach
from livechat.models import Visitor
from livechat.widget_settings import WidgetSettings
from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent, IdentityKind, Trust
from tickets.actions.base import record
from tickets.actions.compose import index_message
from tickets.events import TicketEvent
from tickets.models import (
    Attachment,
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
from tickets.tokens import new_token


def mail_channel_of(channel: Channel, settings: WidgetSettings | None = None) -> Channel | None:
    """The mail channel a chat goes on in: the one it is set to, else one of its team, else one of no team."""
    if settings is None:
        connection = Connection.objects.filter(channel=channel).first()
        settings = WidgetSettings.read(connection.settings) if connection else WidgetSettings()
    mail = Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).order_by("pk")
    found = list(mail.filter(Q(pk=settings.mail_channel or 0) | Q(team=channel.team_id) | Q(team=None)))
    ways = ((one.pk == settings.mail_channel, one.team_id == channel.team_id) for one in found)
    return max(zip(ways, found, strict=True), key=lambda pair: pair[0], default=(None, None))[1]


def spend_mail(visitor: Visitor) -> int:
    """Count a mail to the visitor's address; how many seconds it must wait, 0 for none. An address that the shop has
    signed gets more of them than one that somebody typed."""
    try:
        spend("mail_signed" if visitor.email_signed else "mail", address=visitor.email)
    except TooMuch as error:
        return error.wait
    return 0


def queue_mail(
    visitor: Visitor, ticket: Ticket, channel: Channel, *, subject: str, text: str, agent: Agent | None, at: datetime,
    files: Sequence[Attachment] = (),
) -> Message:  # fmt: skip
    """Queue a mail of ours to the visitor's address in a locked ticket; an answer to it comes back there. `files` go
    along."""
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
    attach(message, files)
    index_message(message, [file.filename for file in files])
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
