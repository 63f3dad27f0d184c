"""What an agent has half written and how far they have read: theirs alone, so no events."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from people.written_html import LONGEST, clean_written_html, text_of_html
from tickets.errors import InvalidInput, NotFound
from tickets.models import Draft, DraftKind, Message, Seen, Ticket

from .base import require

_SAVE = """
INSERT INTO tickets_draft (ticket_id, agent_id, kind, text, html, about_id, recipients, revision)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ticket_id, agent_id, kind) DO UPDATE
SET text = excluded.text, html = excluded.html, about_id = excluded.about_id, recipients = excluded.recipients,
    revision = excluded.revision, updated_at = now()
WHERE tickets_draft.revision < excluded.revision
"""

_SEEN = """
INSERT INTO tickets_seen (agent_id, ticket_id, sequence) VALUES (%s, %s, %s)
ON CONFLICT (agent_id, ticket_id) DO UPDATE SET sequence = excluded.sequence
WHERE tickets_seen.sequence < excluded.sequence
"""


def save_draft(
    ticket_id: int,
    *,
    by: Agent,
    kind: str,
    text: str,
    recipients: dict[str, Any],
    revision: int,
    html: str = "",
    about: int | None = None,
) -> bool:
    """Keep what is being written. False when a newer revision is already kept: a late request overwrites nothing.

    With `html` the text is made from it. `about` is the message answered or forwarded, if the draft names one.
    """
    require(by, Permission.NOTE if kind == DraftKind.NOTE else Permission.REPLY)
    if kind not in DraftKind.values:
        raise InvalidInput("kind", _("A draft is a reply or a note."))
    html = clean_written_html(html)
    text = text_of_html(html) if html else text.replace("\x00", "")
    if len(text) > settings.MAX_REPLY_LENGTH or len(html) > LONGEST:
        raise InvalidInput("text", _("The text is too long."))
    ticket = _require_visible(ticket_id, by)
    if about is not None and not Message.objects.filter(pk=about, ticket=ticket).exists():
        about = None
    with connection.cursor() as cursor:
        values = (ticket_id, by.pk, str(kind), text, html, about, json.dumps(recipients), revision)
        cursor.execute(_SAVE, values)
        return cursor.rowcount > 0


def discard_draft(ticket_id: int, *, by: Agent, kind: str) -> None:
    """Throw away what was being written; nothing there is not an error."""
    Draft.objects.filter(ticket_id=ticket_id, agent=by, kind=kind).delete()


def mark_seen(ticket_id: int, *, by: Agent, sequence: int) -> None:
    """Note how far the agent has read; never backwards, never past what is there."""
    with transaction.atomic():
        ticket = _require_visible(ticket_id, by)
        with connection.cursor() as cursor:
            cursor.execute(_SEEN, [by.pk, ticket_id, min(sequence, ticket.message_sequence)])


def mark_unread(ticket_id: int, *, by: Agent) -> int | None:
    """Make the customer's last message unread for this agent, and say how far they had read; None where that changed
    nothing, since a ticket never opened is unread already."""
    with transaction.atomic():
        ticket = _require_visible(ticket_id, by)
        seen = Seen.objects.select_for_update().filter(agent=by, ticket=ticket, sequence__gte=ticket.inbound_sequence)
        before: int | None = seen.values_list("sequence", flat=True).first()
        if before is not None:
            Seen.objects.filter(agent=by, ticket=ticket).update(sequence=max(0, ticket.inbound_sequence - 1))
    return before


def _require_visible(ticket_id: int, by: Agent) -> Ticket:
    ticket = Ticket.objects.visible_to(by).only("message_sequence", "inbound_sequence").filter(pk=ticket_id).first()
    if ticket is None:
        raise NotFound(_("There is no such ticket."))
    return ticket
