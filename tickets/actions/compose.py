"""The parts every written message shares: the row, its number, its index entry, the same click once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from events.statements import prepared
from people.finding.text import search_document
from people.models import Agent
from tickets.errors import IdempotencyMismatch, InvalidInput, MaskedWords
from tickets.models import Channel, Conversation, Message, MessageKind, SecretManner, ThreadLayer, Ticket
from tickets.placeholders import refuse_unfilled
from tickets.preview import preview_of
from tickets.search.index import insert_entries
from tickets.sensitive.written import Hidden

from .secrets import keep_written


def clean_text(text: str, *, needed: bool) -> str:
    """What was written, storable. Raises InvalidInput when it is too long, missing though needed, or holds a
    placeholder that was not filled in."""
    clean = text.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode().rstrip()
    if len(clean) > settings.MAX_REPLY_LENGTH:
        raise InvalidInput("text", _("The text is too long."))
    refuse_unfilled(clean)
    if needed and not clean.strip():
        raise InvalidInput("text", _("Write something first."))
    return clean


def repeated(ticket: Ticket, client_id: UUID | None, *, by: Agent, kind: str, texts: Collection[str]) -> Message | None:
    """The message this very click made before, if it did: with one of these texts, as it was written or with masks.
    Raises IdempotencyMismatch if the id made another."""
    if client_id is None:
        return None
    earlier = Message.objects.filter(client_id=client_id).first()
    if earlier is None:
        return None
    same = (earlier.ticket_id, earlier.agent_id, earlier.kind) == (ticket.pk, by.pk, kind)
    if not same or earlier.text not in texts:
        raise IdempotencyMismatch(_already_used())
    return earlier


def _already_used() -> str:
    return _("This was already used for another message.")


def add_message(
    ticket: Ticket,
    conversation: Conversation,
    *,
    by: Agent,
    kind: MessageKind,
    text: str,
    at: datetime,
    client_id: UUID | None,
    html: str = "",
    hidden: Hidden | None = None,
    **fields: Any,
) -> Message:
    """Insert an agent's message under the ticket's lock with the next number, and index it. With what is `hidden`
    instead of the words, unless its channel leaves them as they are.

    Raises IdempotencyMismatch when the id was used for another ticket at the same moment: no lock is shared with that.
    """
    hides = hidden is not None and hidden.secrets and conversation.channel.secrets != SecretManner.OFF
    if hidden and hides:
        text, html = hidden.text, hidden.html
    ticket.message_sequence += 1
    ticket.last_message_at = max(ticket.last_message_at, at)
    message = Message(
        ticket=ticket, conversation=conversation, sequence=ticket.message_sequence, kind=kind, agent=by, at=at,
        text=text, html=html, language=ticket.language, thread_layer=ThreadLayer.AGENT, client_id=client_id, **fields,
    )  # fmt: skip
    _insert(message)
    if hidden and hides:
        keep_written(message, hidden.secrets, gone=conversation.channel.secrets == SecretManner.REDACT)
    if kind == MessageKind.OUTBOUND:
        ticket.preview = preview_of(text)
    return message


def _insert(message: Message) -> None:
    try:
        message.save(force_insert=True)
    except IntegrityError as error:
        if "client_id" in str(error):  # the name of the constraint
            raise IdempotencyMismatch(_already_used()) from None
        raise
    index_message(message)


def ask_about_masks(channel: Channel, hidden: Hidden, *, agreed: Collection[str]) -> None:
    """Raises MaskedWords unless every mask that will stand in the words was agreed to."""
    new = [mask for mask in hidden.masks if mask not in agreed]
    if new and channel.secrets != SecretManner.OFF:
        raise MaskedWords(_("A card or document number stands in this reply. It leaves masked."), new)


def index_message(message: Message, filenames: list[str] | None = None) -> None:
    """Make the message findable."""
    document = search_document(
        subject=message.subject,
        text=message.text,
        addresses=[],
        filenames=filenames or [],
        language=message.language,
    )
    with prepared() as cursor:
        insert_entries(cursor, [(message.pk, message.ticket_id, document)])
