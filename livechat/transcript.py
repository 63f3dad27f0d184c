"""The conversation by mail, once, for a visitor who asks: to the address the shop signed, or one typed here.

Whoever typed an address has not shown that it is theirs, and what they wrote is not ours to send to strangers
(threat 12): there the mail holds only what agents wrote. Nothing goes before an agent has written at all.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from livechat.models import Visitor
from livechat.rounds import locked_round
from livechat.talk import readable, ticket_of
from livechat.unseen import mail_channel_of, queue_mail, too_many
from livechat.words import words_for
from tickets.models import Message, MessageKind, Ticket
from tickets.recipients import is_address

MOST = 300


def mail_transcript(visitor: Visitor, *, at: datetime) -> Message | None:
    """Queue the present chat as a mail; None when there is nothing to send, nowhere to, or it was sent already."""
    ticket_id, channel = ticket_of(visitor), mail_channel_of(visitor)
    if ticket_id is None or channel is None or not is_address(visitor.email):
        return None
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        present = locked_round(ticket)
        text = _told(visitor, ticket, at=at)
        if present.transcript_at is not None or not text or too_many(visitor.email):
            return None
        present.transcript_at = at
        present.save(update_fields=["transcript_at"])
        words = words_for(visitor.language)
        return queue_mail(
            visitor, ticket, channel, subject=words["transcript_subject"],
            text="\n\n".join([words["transcript_intro"], text, words["mail_outro"]]), agent=None, at=at,
        )  # fmt: skip


def _told(visitor: Visitor, ticket: Ticket, *, at: datetime) -> str:
    """Who said what, in order; empty while no agent has written."""
    words = words_for(visitor.language)
    said = readable(visitor, at=at).filter(ticket=ticket).select_related("agent").order_by("sequence")[:MOST]
    lines, answered = [], False
    for message in said:
        ours = message.kind == MessageKind.OUTBOUND
        answered = answered or (ours and message.agent_id is not None)
        if message.text and (ours or visitor.email_signed):
            name = message.agent.name.split(" ")[0] if ours and message.agent else words["agent"]
            lines.append(f"{name if ours else words['you']}:\n{message.text}")
    return "\n\n".join(lines) if answered else ""
