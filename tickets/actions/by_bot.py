"""What the bot may do on a ticket: answer its customer and leave a note. The same door as for everybody: one row in the
outbox, one event, and a guard against an old screen. Whoever calls holds the ticket's lock and decides whether it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from events.actors import Actor, ActorKind
from events.doorbell import ring
from tickets.events import TicketEvent
from tickets.kinds import traits_of_channel
from tickets.models import AutoKind, Conversation, Message, MessageKind, OutboxState, ThreadLayer, Ticket
from tickets.preview import preview_of
from tickets.tokens import new_token

from .base import record
from .compose import clean_text, index_message
from .reach import counterpart, refuse_unsendable
from .replies import recipients_envelope, refuse_stale, reply_subject

BOT = Actor(ActorKind.BOT)


def reply_by_bot(
    ticket: Ticket,
    answered: Message,
    *,
    text: str,
    expected: int,
    at: datetime,
    language: str,
    about: dict[str, Any],
    choices: Sequence[str] = (),
    waits: bool = False,
) -> Message:
    """Queue the bot's answer to a message of the locked ticket. StaleReply when something came since `expected`,
    InvalidInput when the channel takes nothing now.

    `about` is kept in the envelope as `bot`; `choices` stand below it where the channel has them. Afterwards nobody
    waits for us, unless the bot only says that people will answer (`waits`).
    """
    conversation = answered.conversation
    refuse_stale(ticket, expected)
    text = clean_text(text, needed=True)
    recipients = counterpart(conversation, answered)
    refuse_unsendable(conversation, recipients, text, (), at=at)
    most = traits_of_channel(conversation.channel).choices
    envelope = recipients_envelope(recipients) | {"bot": about}
    envelope |= {"choices": list(choices)[:most]} if choices and most else {}
    token = new_token()
    message = _add(
        ticket, conversation, MessageKind.OUTBOUND, text, at, language, envelope=envelope, reply_token=token,
        subject=reply_subject(answered.subject or ticket.subject), outbox=OutboxState.QUEUED, not_before=at,
        external_id=f"{token}@{conversation.channel.address.rpartition('@')[2]}",
    )  # fmt: skip
    ticket.preview = preview_of(text)
    ticket.waiting_since = (ticket.waiting_since or answered.at) if waits else None
    ticket.save(update_fields=["message_sequence", "last_message_at", "preview", "waiting_since"])
    data = {"message": message.pk, "sequence": message.sequence}
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=BOT, at=at, data=data)
    ring("outbound")
    return message


def note_by_bot(
    ticket: Ticket, conversation: Conversation, *, text: str, at: datetime, about: dict[str, Any]
) -> Message:
    """A note of the bot's on the locked ticket; `about` is kept in the envelope as `bot` and drawn from there."""
    text = clean_text(text, needed=True)
    message = _add(ticket, conversation, MessageKind.NOTE, text, at, "", envelope={"bot": about})
    ticket.save(update_fields=["message_sequence", "last_message_at"])
    record(ticket, TicketEvent.NOTE_ADDED, by=BOT, at=at, data={"message": message.pk, "sequence": message.sequence})
    return message


def _add(
    ticket: Ticket, conversation: Conversation, kind: MessageKind, text: str, at: datetime, language: str,
    **fields: Any,
) -> Message:  # fmt: skip
    ticket.message_sequence += 1
    ticket.last_message_at = max(ticket.last_message_at, at)
    message = Message.objects.create(
        ticket=ticket, conversation=conversation, sequence=ticket.message_sequence, kind=kind, text=text, at=at,
        language=language or ticket.language, auto_kind=AutoKind.BOT, thread_layer=ThreadLayer.AUTOMATIC, **fields,
    )  # fmt: skip
    index_message(message)
    return message
