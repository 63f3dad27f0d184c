"""Answering: written once, held back for a moment, taken back or sent, tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.doorbell import ring
from events.models import Event
from events.tracing import current_trace
from people.models import Agent
from people.permissions import Permission
from tickets.deliveries import after_attempt, lost, to_try_again
from tickets.errors import InvalidInput, StaleReply, TooLate
from tickets.events import STATUS_CHANGES, TICKET_STREAM, TicketEvent
from tickets.inbound import Address
from tickets.kinds import traits_of
from tickets.models import (
    AutoKind,
    Conversation,
    Draft,
    Message,
    MessageKind,
    OutboxState,
    SearchEntry,
    Status,
    Ticket,
)
from tickets.preview import preview_of
from tickets.recipients import Recipients
from tickets.tokens import new_token
from tickets.written_html import clean_written_html

from .addressing import Wish, admit_recipients, choose_recipients
from .base import lock_message_ticket, lock_ticket, record, refresh_attention, refuse_closed
from .compose import add_message, clean_text, repeated
from .drafts import mark_seen
from .files import attach_files, release_files
from .reach import counterpart, refuse_unsendable
from .status import change_status


def reply(
    ticket_id: int,
    *,
    by: Agent,
    text: str,
    html: str = "",
    to: Sequence[str] | None = None,
    cc: Sequence[str] | None = None,
    bcc: Sequence[str] = (),
    attachments: Sequence[UUID] = (),
    answers: int | None = None,
    reply_all: bool = False,
    expected: int | None = None,
    client_id: UUID | None = None,
    confirmed: Collection[str] = (),
    undo_seconds: int | None = None,
    then_status: str | None = None,
    at: datetime | None = None,
) -> Message:
    """Queue an answer; it goes out after `undo_seconds` (default: the setting) unless withdrawn.

    `expected` is the last message sequence the sender has seen: StaleReply if others came since. NewAddress unless
    every outside address is in the conversation or in `confirmed`. The same `client_id` again gives the same message.
    """
    at, text, html = at or timezone.now(), clean_text(text, needed=not attachments), clean_written_html(html)
    wish = Wish(to, cc, bcc, answers, reply_all, confirmed)
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        if earlier := repeated(ticket, client_id, by=by, kind=MessageKind.OUTBOUND, text=text):
            return earlier
        refuse_closed(ticket)
        _refuse_stale(ticket, expected)
        message = _queue(
            ticket, wish, by=by, text=text, html=html, at=at, client_id=client_id, undo=undo_seconds,
            attachments=attachments,
        )  # fmt: skip
        attach_files(message, attachments, by=by)
        _note_answered(ticket, message, by=by, at=at, then_status=then_status)
    return message


def _note_answered(ticket: Ticket, message: Message, *, by: Agent, at: datetime, then_status: str | None) -> None:
    """What an answer changes beside the message itself."""
    data = {"message": message.pk, "sequence": message.sequence, "status_from": ticket.status}
    data |= {"status_to": then_status} if then_status else {}
    ticket.waiting_since = None
    ticket.save(update_fields=["message_sequence", "last_message_at", "preview", "waiting_since"])
    Draft.objects.filter(ticket=ticket, agent=by, kind=MessageKind.OUTBOUND).delete()
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=by.actor, at=at, data=data)
    if then_status:
        change_status(ticket, then_status, by=by.actor, at=at)
    mark_seen(ticket.pk, by=by, sequence=message.sequence)
    if message.not_before is not None and message.not_before <= at:
        ring("outbound")


def _refuse_stale(ticket: Ticket, expected: int | None) -> None:
    """Stop an answer written on an old screen (decision 20). What was withdrawn since, and our own automatic
    acknowledgement, tell the agent nothing new."""
    if expected is None or ticket.message_sequence <= expected:
        return
    newer = Message.objects.filter(ticket=ticket, sequence__gt=expected)
    newer = newer.exclude(outbox=OutboxState.WITHDRAWN).exclude(auto_kind=AutoKind.RECEIPT)
    missed = list(newer.order_by("sequence").values_list("sequence", flat=True))
    if missed:
        raise StaleReply(_("Something came in while you were writing."), missed)


def _queue(
    ticket: Ticket,
    wish: Wish,
    *,
    by: Agent,
    text: str,
    html: str,
    at: datetime,
    client_id: UUID | None,
    undo: int | None,
    attachments: Sequence[UUID],
) -> Message:
    answered = _answered(ticket, wish.answers)
    conversation = answered.conversation if answered else Conversation.objects.filter(ticket=ticket).latest("pk")
    if traits_of(conversation.channel.kind).addressed:
        recipients = choose_recipients(conversation, answered, wish)
        admit_recipients(ticket, conversation, recipients, wish.confirmed, by=by, at=at)
    else:
        recipients = counterpart(conversation, answered)
        refuse_unsendable(conversation, recipients, text, attachments, at=at)
    token, channel = new_token(), conversation.channel
    wait = settings.UNDO_SECONDS if undo is None else min(max(undo, 0), 3600)
    return add_message(
        ticket,
        conversation,
        by=by,
        kind=MessageKind.OUTBOUND,
        text=text,
        at=at,
        client_id=client_id,
        html=html,
        subject=reply_subject(_subject_answered(answered) or ticket.subject),
        reply_token=token,
        external_id=f"{token}@{channel.address.rpartition('@')[2]}",
        envelope=_envelope(recipients, answered),
        outbox=OutboxState.QUEUED,
        not_before=at + timedelta(seconds=wait),
    )


def _envelope(recipients: Recipients, answered: Message | None) -> dict[str, Any]:
    """To whom it goes, and what it answers."""
    envelope: dict[str, Any] = {"to": _entries(recipients.to)}
    envelope |= {"trace": current_trace()} if current_trace() else {}
    envelope |= {"cc": _entries(recipients.cc)} if recipients.cc else {}
    envelope |= {"bcc": _entries(recipients.bcc)} if recipients.bcc else {}
    if answered is not None and answered.external_id:
        forebears = [*answered.envelope.get("references", ()), answered.external_id]
        envelope |= {"in_reply_to": answered.external_id, "references": list(dict.fromkeys(forebears))[-20:]}
    return envelope


def _subject_answered(answered: Message | None) -> str:
    """The subject of the message answered; a stranger's not let in yet may be a secret (threat 1) and stays here."""
    return answered.subject if answered and not answered.pending else ""


def _answered(ticket: Ticket, answers: int | None) -> Message | None:
    """The message answered: the one named, else the last a person wrote to us."""
    said = Message.objects.select_related("conversation__channel").filter(ticket=ticket)
    if answers is not None:
        named = said.exclude(kind=MessageKind.NOTE).filter(pk=answers).first()
        if named is None:
            raise InvalidInput("answers", _("The message answered is not on this ticket."))
        return named
    inbound = said.filter(kind=MessageKind.INBOUND, pending=False).order_by("-sequence")
    return inbound.filter(auto_kind="").first() or inbound.first()


def reply_subject(subject: str) -> str:
    """The customer's own subject with one Re: in front, since Gmail starts a new thread when it changes."""
    clean = " ".join(subject.split())
    return clean[:500] if clean[:3].lower() == "re:" else f"Re: {clean}"[:500].rstrip()


def _entries(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [{"name": entry.name, "address": entry.address} for entry in addresses]


def withdraw_reply(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Take back an answer of one's own that has not left; its text and files are a draft again.

    TooLate once it is on its way. Withdrawing twice is the same as once.
    """
    at = at or timezone.now()
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REPLY)
        if message.agent_id != by.pk:
            raise InvalidInput("message", _("Only its author can take a reply back."))
        if message.outbox == OutboxState.WITHDRAWN:
            return message
        if message.outbox != OutboxState.QUEUED or message.attempts:
            raise TooLate(_("Too late: the reply is already on its way."))
        message.outbox = OutboxState.WITHDRAWN
        message.save(update_fields=["outbox"])
        SearchEntry.objects.filter(message=message).delete()
        _back_to_draft(message, by=by)
        release_files(message)
        data = {"message": message.pk, "sequence": message.sequence}
        record(ticket, TicketEvent.MESSAGE_WITHDRAWN, by=by.actor, at=at, data=data)
        _restore(ticket, message, by=by, at=at)
    return message


def _back_to_draft(message: Message, *, by: Agent) -> None:
    recipients = {name: message.envelope.get(name, []) for name in ("to", "cc", "bcc")}
    draft, created = Draft.objects.get_or_create(
        ticket_id=message.ticket_id,
        agent=by,
        kind=MessageKind.OUTBOUND,
        defaults={"text": message.text, "recipients": recipients},
    )
    if not created:  # something new was begun within the seconds: keep both
        draft.text = f"{message.text}\n\n{draft.text}" if draft.text.strip() else message.text
        draft.revision += 1
        draft.save(update_fields=["text", "revision"])


def _restore(ticket: Ticket, withdrawn: Message, *, by: Agent, at: datetime) -> None:
    """Put back what the reply had changed, as far as nothing else has changed it since."""
    said = Message.objects.filter(ticket=ticket).exclude(outbox=OutboxState.WITHDRAWN)
    said = said.exclude(auto_kind=AutoKind.RECEIPT)
    last = said.exclude(kind=MessageKind.NOTE).order_by("-sequence").first()
    answered = said.filter(kind=MessageKind.OUTBOUND).order_by("-sequence").values_list("sequence", flat=True).first()
    open_questions = said.filter(kind=MessageKind.INBOUND, auto_kind="", pending=False, sequence__gt=answered or 0)
    ticket.preview = preview_of(last.text, [tuple(span) for span in last.quoted]) if last else ""
    if before := _status_before(ticket, withdrawn):
        change_status(ticket, before, by=by.actor, at=at)
    if ticket.status != Status.SOLVED:
        ticket.waiting_since = open_questions.order_by("sequence").values_list("at", flat=True).first()
    ticket.save(update_fields=["preview", "waiting_since"])


def _status_before(ticket: Ticket, withdrawn: Message) -> str:
    """The status to go back to: "" unless the reply had set one and nobody has set another since."""
    said = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
    queued = said.filter(kind=TicketEvent.MESSAGE_QUEUED, data__message=withdrawn.pk).first()
    if queued is None or ticket.status != queued.data.get("status_to"):
        return ""
    # The reply's own change is the event right after it.
    since = said.filter(kind__in=STATUS_CHANGES, sequence__gt=queued.sequence + 1)
    return "" if since.exists() else str(queued.data["status_from"])


def retry_delivery(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Send again what failed, or what nobody knows of: a person decides, with the same Message-ID. Who was reached
    gets it no second time."""
    return _resolve(message_id, OutboxState.QUEUED, TicketEvent.DELIVERY_RETRIED, by=by, at=at or timezone.now())


def confirm_delivered(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Say of a reply with unknown outcome that it did arrive."""
    return _resolve(message_id, OutboxState.SENT, TicketEvent.DELIVERY_CONFIRMED, by=by, at=at or timezone.now())


def _resolve(message_id: int, state: OutboxState, kind: TicketEvent, *, by: Agent, at: datetime) -> Message:
    retry = state == OutboxState.QUEUED
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REPLY)
        may = {OutboxState.UNKNOWN, OutboxState.FAILED} if retry else {OutboxState.UNKNOWN}
        partly = retry and message.outbox == OutboxState.SENT and bool(lost(message.deliveries))
        if message.outbox not in may and not partly:
            raise TooLate(_("This reply needs no decision any more."))
        if retry:
            message.deliveries = to_try_again(message.deliveries)
        else:
            message.deliveries = after_attempt(message, at=at, reached=True, refused={}, waiting={})
        message.outbox, message.error = state, ""
        message.not_before = at if retry else message.not_before
        message.sent_at = message.sent_at if retry else at
        message.save(update_fields=["outbox", "error", "not_before", "sent_at", "deliveries"])
        refresh_attention(ticket)
        ticket.save(update_fields=["needs_attention"])
        record(ticket, kind, by=by.actor, at=at, data={"message": message.pk})
        if retry:
            ring("outbound")
    return message
