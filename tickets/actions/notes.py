"""Notes: for the team, never for the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from people.models import Agent
from people.permissions import Permission
from people.written_html import clean_written_html, pictures_of
from tickets.events import TicketEvent
from tickets.mentions import mentions_in
from tickets.models import Conversation, Draft, Message, MessageKind
from tickets.sensitive.written import hide_in_note

from .base import lock_ticket, record
from .compose import add_message, clean_text, repeated
from .drafts import mark_seen
from .files import attach_files


def add_note(
    ticket_id: int,
    *,
    by: Agent,
    text: str,
    html: str = "",
    attachments: Sequence[UUID] = (),
    client_id: UUID | None = None,
    at: datetime | None = None,
) -> Message:
    """Write a note. The same `client_id` again gives the same note. What should not be read by the way is masked."""
    at, html = at or timezone.now(), clean_written_html(html)
    text = clean_text(text, needed=not attachments and not pictures_of(html))
    hidden = hide_in_note(text, html)
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.NOTE)
        if earlier := repeated(ticket, client_id, by=by, kind=MessageKind.NOTE, texts=(text, hidden.text)):
            return earlier
        said = Conversation.objects.select_related("channel").filter(ticket=ticket, aside=False)
        message = add_message(
            ticket, said.latest("pk"), by=by, kind=MessageKind.NOTE, text=text, at=at, client_id=client_id, html=html,
            hidden=hidden,
        )  # fmt: skip
        attach_files(message, attachments, by=by)
        ticket.save(update_fields=["message_sequence", "last_message_at"])
        Draft.objects.filter(ticket=ticket, agent=by, kind=MessageKind.NOTE).delete()
        mentioned = mentions_in(ticket, text).data()
        data = {"message": message.pk, "sequence": message.sequence} | ({"mentions": mentioned} if mentioned else {})
        record(ticket, TicketEvent.NOTE_ADDED, by=by.actor, at=at, data=data)
        mark_seen(ticket.pk, by=by, sequence=message.sequence)
    return message
