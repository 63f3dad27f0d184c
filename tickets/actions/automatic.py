"""What the helpdesk itself writes into a ticket: one row in the outbox, one event, nothing that a clock counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from events.actors import SYSTEM
from events.doorbell import ring
from tickets.events import TicketEvent
from tickets.models import Conversation, Message, MessageKind, OutboxState, ThreadLayer, Ticket
from tickets.tokens import new_token

from .base import record
from .compose import index_message


def queue_automatic(
    ticket: Ticket,
    conversation: Conversation,
    *,
    to: Sequence[dict[str, str]],
    subject: str,
    text: str,
    kind: str,
    language: str,
    at: datetime,
    html: str = "",
    answers: str = "",
    mark: dict[str, Any] | None = None,
    choices: Sequence[str] = (),
    expects: Sequence[str] = (),
) -> Message:
    """Queue an automatic message of the locked ticket. `answers` is the Message-ID it stands below; `mark` is what
    `tickets.unprompted` says of mail nobody asked for. `choices` stand below it to be pressed, where its channel has
    as many; `expects` are the words that answer it (`tickets.ingest.expected`)."""
    token, channel = new_token(), conversation.channel
    ticket.message_sequence += 1
    ticket.save(update_fields=["message_sequence"])
    envelope: dict[str, Any] = {"to": list(to)} | (mark or {})
    envelope |= {name: list(words) for name, words in (("choices", choices), ("expects", expects)) if words}
    if answers:
        envelope |= {"in_reply_to": answers, "references": [answers]}
    message = Message.objects.create(
        ticket=ticket, conversation=conversation, sequence=ticket.message_sequence, kind=MessageKind.OUTBOUND,
        auto_kind=kind, at=at, subject=subject, text=text, html=html, language=language,
        thread_layer=ThreadLayer.AUTOMATIC, reply_token=token, envelope=envelope, outbox=OutboxState.QUEUED,
        external_id=f"{token}@{channel.address.rpartition('@')[2]}", not_before=at,
    )  # fmt: skip
    index_message(message)
    data = {"message": message.pk, "sequence": message.sequence, "automatic": True}
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=SYSTEM, at=at, data=data)
    ring("outbound")
    return message
