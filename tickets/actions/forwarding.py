"""Passing messages on to somebody outside: with their files, never with notes, in a conversation of its own.

Whoever gets it is not the customer. Their answers come back to the ticket beside the customer's conversation, are
shown as theirs, and an answer to the customer neither quotes them nor goes to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.doorbell import ring
from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent
from people.permissions import Permission
from people.written_html import clean_written_html
from tickets.errors import InvalidInput, NewAddress
from tickets.events import TicketEvent
from tickets.models import (
    Attachment,
    Channel,
    ChannelKind,
    Conversation,
    Draft,
    DraftKind,
    Message,
    MessageKind,
    OutboxState,
    Participant,
    ParticipantRole,
    Ticket,
)
from tickets.recipients import Recipients
from tickets.sensitive.written import Hidden, hide_in_reply
from tickets.tokens import new_token

from .addressing import Wish, typed_recipients
from .base import lock_ticket, record, refuse_closed
from .compose import add_message, ask_about_masks, clean_text, repeated
from .drafts import mark_seen
from .files import attach_files
from .replies import main_conversation, recipients_envelope, take_answered

MOST = 100  # messages in one mail


def forward(
    ticket_id: int,
    *,
    by: Agent,
    to: Sequence[str], cc: Sequence[str] = (), bcc: Sequence[str] = (),
    message: int | None = None,
    messages: Sequence[int] | None = None,
    subject: str = "", text: str = "", html: str = "",
    originals: Collection[UUID] | None = None,
    attachments: Sequence[UUID] = (),
    confirmed: Collection[str] = (),
    client_id: UUID | None = None,
    undo_seconds: int | None = None, ask_masks: bool = False, at: datetime | None = None,
) -> Message:  # fmt: skip
    """Queue a mail that passes one message on, or with `message` None all that was said with the customer, or just
    those `messages`, of which there may be none.

    `originals` are the files of those messages to go along (default: all of them), `attachments` uploads. NewAddress
    unless every address is in `confirmed`: each forward is a new conversation. `ask_masks` as for a reply.
    """
    at, html, text = at or timezone.now(), clean_written_html(html), clean_text(text, needed=False)
    hidden = hide_in_reply(text, html)
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        texts = (text, hidden.text)
        if earlier := repeated(ticket, client_id, by=by, kind=MessageKind.OUTBOUND, texts=texts):
            return earlier
        refuse_closed(ticket)
        passed_on = _passed_on(ticket, message) if messages is None else _chosen(ticket, messages)
        recipients = typed_recipients(Wish(to, cc, bcc))
        _ask_about(recipients, confirmed)
        if ask_masks:
            ask_about_masks(_mail_channel(ticket), hidden, agreed=confirmed)
        sent = _queue(ticket, _open_aside(ticket, recipients), passed_on, recipients, by=by, text=text, html=html,
            hidden=hidden, at=at, client_id=client_id, undo=undo_seconds, subject=subject,
            asked=messages is not None)  # fmt: skip
        attach_files(sent, attachments, by=by)
        _copy_files(sent, passed_on, originals)
        _note_forwarded(ticket, sent, passed_on, by=by, at=at)
    return sent


def forwardable(ticket: Ticket) -> QuerySet[Message]:
    """What may leave: what was said with the customer, oldest first. No notes, nobody who waits to be let in."""
    said = Message.objects.filter(ticket=ticket, kind__in=[MessageKind.INBOUND, MessageKind.OUTBOUND], pending=False)
    gone = [OutboxState.WITHDRAWN, OutboxState.QUEUED, OutboxState.HELD]
    return said.exclude(outbox__in=gone).order_by("sequence")


def _passed_on(ticket: Ticket, message: int | None) -> list[Message]:
    said = forwardable(ticket)
    if message is not None:
        found = list(said.filter(pk=message))
    else:
        found = list(said.filter(conversation__aside=False, auto_kind=""))[-MOST:]
    if not found:
        raise InvalidInput("message", _("There is no such message to forward."))
    return found


def _wait(undo_seconds: int | None) -> int:
    return settings.UNDO_SECONDS if undo_seconds is None else min(max(undo_seconds, 0), 3600)


def _chosen(ticket: Ticket, messages: Sequence[int]) -> list[Message]:
    found = list(forwardable(ticket).filter(pk__in=messages, conversation__aside=False))
    if len(found) != len(set(messages)):
        raise InvalidInput("quoted", _("There is no such message to forward."))
    return found


def _ask_about(recipients: Recipients, confirmed: Collection[str]) -> None:
    agreed = {address.strip().lower() for address in confirmed}
    new = [entry.address for entry in recipients.everyone() if entry.address not in agreed]
    if new:
        raise NewAddress(_("This would reach somebody outside the conversation."), new)


def _open_aside(ticket: Ticket, recipients: Recipients) -> Conversation:
    """A conversation with the people it goes to; blind copies are nobody's business there."""
    joining = {IdentityKey("email", e.address): Newcomer(e.name) for e in (*recipients.to, *recipients.cc)}
    identities = resolve_identities(joining)
    first = identities[IdentityKey("email", recipients.to[0].address)]
    conversation = Conversation.objects.create(
        ticket=ticket, channel=_mail_channel(ticket), customer_id=first.customer_id,
        subject=forward_subject(ticket.subject), aside=True,
    )  # fmt: skip
    Participant.objects.bulk_create(
        Participant(conversation=conversation, identity_id=identity.id, role=ParticipantRole.COPIED)
        for identity in identities.values()
    )
    return conversation


def _mail_channel(ticket: Ticket) -> Channel:
    """The mail channel it leaves by: the customer's own, else one of the ticket's team, else any."""
    own = main_conversation(ticket).channel
    if own.kind == ChannelKind.EMAIL:
        return own
    mail = list(Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).order_by("pk"))
    if not mail:
        raise InvalidInput("to", _("There is no mail channel to forward by."))
    return next((channel for channel in mail if channel.team_id == ticket.team_id), mail[0])


def _queue(
    ticket: Ticket,
    conversation: Conversation,
    passed_on: Sequence[Message],
    recipients: Recipients,
    *,
    by: Agent,
    text: str,
    html: str,
    hidden: Hidden,
    at: datetime,
    client_id: UUID | None,
    undo: int | None,
    subject: str = "",
    asked: bool = False,
) -> Message:
    token = new_token()
    own = " ".join(subject.replace("\x00", "").split())[:500]
    subject = passed_on[0].subject if len(passed_on) == 1 else ""
    return add_message(
        ticket,
        conversation,
        by=by,
        kind=MessageKind.OUTBOUND,
        text=text,
        at=at,
        client_id=client_id,
        html=html,
        hidden=hidden,
        subject=own or forward_subject(subject or ticket.subject),
        reply_token=token,
        external_id=f"{token}@{conversation.channel.address.rpartition('@')[2]}",
        envelope=recipients_envelope(recipients)
        | {"forwards": [one.pk for one in passed_on]}
        | ({"asked": True} if asked else {}),
        outbox=OutboxState.QUEUED,
        not_before=at + timedelta(seconds=_wait(undo)),
    )


def _copy_files(sent: Message, passed_on: Sequence[Message], originals: Collection[UUID] | None) -> None:
    """The originals' files again, by their hash: the bytes lie on storage once. Pictures of their text go along."""
    files = Attachment.objects.filter(message__in=passed_on).order_by("pk")
    chosen = [file for file in files if file.inline or originals is None or file.public_id in originals]
    Attachment.objects.bulk_create(
        Attachment(
            message=sent, ticket_id=sent.ticket_id, filename=file.filename, content_type=file.content_type,
            size=file.size, sha256=file.sha256, content_id=file.content_id if len(passed_on) == 1 else "",
            inline=file.inline and len(passed_on) == 1,
        )
        for file in chosen
    )  # fmt: skip


def _note_forwarded(ticket: Ticket, sent: Message, passed_on: Sequence[Message], *, by: Agent, at: datetime) -> None:
    took = take_answered(ticket, by=by, at=at)
    ticket.save(update_fields=["message_sequence", "last_message_at"])
    Draft.objects.filter(ticket=ticket, agent=by, kind=DraftKind.FORWARD).delete()
    data = {"message": sent.pk, "sequence": sent.sequence, "forwards": [one.pk for one in passed_on]}
    record(ticket, TicketEvent.MESSAGE_FORWARDED, by=by.actor, at=at, data=data | ({"took": True} if took else {}))
    mark_seen(ticket.pk, by=by, sequence=sent.sequence)
    if sent.not_before is not None and sent.not_before <= at:
        ring("outbound")


def forward_subject(subject: str) -> str:
    """The subject with one Fwd: in front."""
    clean = " ".join(subject.split())
    return clean[:500] if clean[:4].lower() in ("fwd:", "fw: ") else f"Fwd: {clean}"[:500].rstrip()
