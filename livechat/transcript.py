"""The conversation by mail, once, for a visitor who asks: to the address the shop signed, or one typed here.

Whoever typed an address has not shown that it is theirs, and what they wrote is not ours to send to strangers
(threat 12): there the mail holds only what agents wrote. Nothing goes before an agent has written at all.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import translation

from livechat.mailed_files import Carried, carried
from livechat.mailing import mail_channel_of, queue_mail, spend_mail
from livechat.models import Visitor
from livechat.rounds import locked_round
from livechat.talk import readable, ticket_of
from livechat.words import words_for
from people.languages import choose_language
from tickets.models import Message, MessageKind, Ticket
from tickets.recipients import is_address

MOST = 300
NO_FILES = Carried((), {})


def mail_transcript(visitor: Visitor, *, at: datetime) -> Message | None:
    """Queue the present chat as a mail; None when there is nothing to send, nowhere to, or it was sent already."""
    ticket_id, channel = ticket_of(visitor), mail_channel_of(visitor.channel)
    if ticket_id is None or channel is None or not is_address(visitor.email):
        return None
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        present = locked_round(ticket)
        text, files = _told(visitor, ticket, at=at)
        if present.transcript_at is not None or not text or spend_mail(visitor):
            return None
        present.transcript_at = at
        present.save(update_fields=["transcript_at"])
        words = words_for(visitor.language)
        return queue_mail(
            visitor, ticket, channel, subject=words["transcript_subject"],
            text="\n\n".join([words["transcript_intro"], text, words["mail_outro"]]), agent=None, at=at,
            files=files.attached,
        )  # fmt: skip


def _told(visitor: Visitor, ticket: Ticket, *, at: datetime) -> tuple[str, Carried]:
    """Who said what, in order, and the files of it; empty while no agent has written."""
    words = words_for(visitor.language)
    said = readable(visitor, at=at).filter(ticket=ticket).select_related("agent").order_by("sequence")[:MOST]
    wanted = [one for one in said if one.kind == MessageKind.OUTBOUND or visitor.email_signed]
    if not any(one.kind == MessageKind.OUTBOUND and one.agent_id is not None for one in wanted):
        return "", NO_FILES
    with translation.override(choose_language([visitor.language])):
        files = carried(wanted)
    lines = []
    for message in wanted:
        ours = message.kind == MessageKind.OUTBOUND
        if text := files.text_of(message):
            name = message.agent.name.split(" ")[0] if ours and message.agent else words["agent"]
            lines.append(f"{name if ours else words['you']}:\n{text}")
    return "\n\n".join(lines), files
