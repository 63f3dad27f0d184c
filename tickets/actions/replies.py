"""Answering: written once, held back for a moment or until a time chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.doorbell import ring
from events.tracing import current_trace
from people.models import Agent
from people.permissions import Permission
from people.written_html import clean_written_html, pictures_of
from tickets.errors import InvalidInput, StaleReply
from tickets.events import TicketEvent
from tickets.inbound import Address
from tickets.kinds import traits_of
from tickets.models import (
    OWN_AUTOMATIC,
    AsideState,
    Conversation,
    Draft,
    DraftKind,
    Message,
    MessageKind,
    OutboxState,
    Status,
    Ticket,
)
from tickets.recipients import Recipients
from tickets.sensitive.written import Hidden, hide_in_reply
from tickets.statuses import category_of
from tickets.tokens import new_token

from .addressing import Wish, admit_recipients, choose_recipients
from .base import audience, lock_ticket, record, refuse_closed
from .compose import add_message, ask_about_masks, clean_text, repeated
from .drafts import mark_seen
from .elsewhere import Elsewhere, go_elsewhere
from .files import attach_files
from .later import Later, check_send_at
from .manner import Manner, manner_envelope
from .reach import counterpart, refuse_unsendable, requester
from .status import change_status, set_snooze


def reply(
    ticket_id: int,
    *,
    by: Agent,
    text: str,
    html: str = "",
    to: Sequence[str] | None = None, cc: Sequence[str] | None = None, bcc: Sequence[str] = (),
    attachments: Sequence[UUID] = (),
    answers: int | None = None,
    reply_all: bool = False,
    expected: int | None = None,
    client_id: UUID | None = None,
    confirmed: Collection[str] = (),
    undo_seconds: int | None = None,
    then_status: str | None = None,
    then_snooze: datetime | None = None,
    send_at: datetime | None = None,
    hold_on_answer: bool = True,
    manner: Manner | None = None,
    ask_masks: bool = False,
    at: datetime | None = None,
) -> Message:  # fmt: skip
    """Queue an answer; it goes out after `undo_seconds` (default: the setting), or at `send_at`, unless withdrawn.

    `expected` is the last message sequence the sender has seen: StaleReply if others came since. NewAddress unless
    every outside address is in the conversation or in `confirmed`. The same `client_id` again gives the same message.
    What is sent later changes the ticket when it leaves; `hold_on_answer` holds it if the customer writes first.
    `manner` is what else the channel can do, or another way to the customer altogether. A card or a document's number
    leaves masked; with `ask_masks` MaskedWords asks first, unless each mask is in `confirmed`.
    """
    at, html = at or timezone.now(), clean_written_html(html)
    wordless = attachments or pictures_of(html) or (manner and manner.template)
    text = clean_text(text, needed=not wordless)
    later = Later(check_send_at(send_at, at=at), hold_on_answer, then_status) if send_at else None
    wish = Wish(to, cc, bcc, answers, reply_all, confirmed)
    files = (*attachments, *pictures_of(html))
    written = Written(by, text, html, at, client_id, undo_seconds, later, files, ask_masks, manner)
    with transaction.atomic():
        return _write(ticket_id, wish, written, attachments, expected=expected, then_status=then_status,
                      then_snooze=then_snooze)  # fmt: skip


def _write(
    ticket_id: int, wish: Wish, written: Written, attachments: Sequence[UUID], *, expected: int | None,
    then_status: str | None, then_snooze: datetime | None,
) -> Message:  # fmt: skip
    by, texts = written.by, (written.text, written.hidden.text)
    ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
    if earlier := repeated(ticket, written.client_id, by=by, kind=MessageKind.OUTBOUND, texts=texts):
        return earlier
    refuse_stale(ticket, expected)
    message = _queue(ticket, wish, written)
    if written.ask_masks:
        ask_about_masks(message.conversation.channel, written.hidden, agreed=wish.confirmed)
    attach_files(message, attachments, by=by)
    return note_queued(ticket, message, written, then_status, then_snooze)


@dataclass(frozen=True)
class Written:
    """A reply before it has a row."""

    by: Agent
    text: str
    html: str
    at: datetime
    client_id: UUID | None
    undo: int | None
    later: Later | None
    files: tuple[UUID, ...]
    ask_masks: bool = False
    manner: Manner | None = None

    @cached_property
    def hidden(self) -> Hidden:
        return hide_in_reply(self.text, self.html)

    @property
    def leaves_at(self) -> datetime:
        wait = settings.UNDO_SECONDS if self.undo is None else min(max(self.undo, 0), 3600)
        return self.later.at if self.later else self.at + timedelta(seconds=wait)


def note_queued(
    ticket: Ticket, message: Message, written: Written, then_status: str | None, then_snooze: datetime | None
) -> Message:
    """A snooze puts the ticket aside with the click, also when the reply itself waits."""
    if written.later:
        _note_scheduled(ticket, message, by=written.by, at=written.at)
    else:
        _note_answered(ticket, message, by=written.by, at=written.at, then_status=then_status)
    if then_snooze and then_snooze > written.at and ticket.status != Status.SOLVED:
        set_snooze(ticket, then_snooze, by=written.by.actor, at=written.at, reply=message.pk)
    return message


def _note_answered(ticket: Ticket, message: Message, *, by: Agent, at: datetime, then_status: str | None) -> None:
    """What an answer changes beside the message itself."""
    data = {"message": message.pk, "sequence": message.sequence, "status_from": ticket.status}
    data |= {"state_from": ticket.custom_status_id} if ticket.custom_status_id else {}
    data |= {"status_to": category_of(then_status)} if then_status else {}
    data |= {"took": True} if take_answered(ticket, by=by, at=at) else {}
    if message.conversation.aside:
        data |= {"aside": True}
        ticket.aside = AsideState.ASKED
    else:
        ticket.waiting_since = None
    ticket.save(update_fields=["message_sequence", "last_message_at", "preview", "waiting_since", "aside"])
    Draft.objects.filter(ticket=ticket, agent=by, kind=DraftKind.REPLY).delete()
    record(ticket, TicketEvent.MESSAGE_QUEUED, by=by.actor, at=at, data=data)
    if then_status:
        change_status(ticket, then_status, by=by.actor, at=at)
    mark_seen(ticket.pk, by=by, sequence=message.sequence)
    if message.not_before is not None and message.not_before <= at:
        ring("outbound")


def _note_scheduled(ticket: Ticket, message: Message, *, by: Agent, at: datetime) -> None:
    """A reply for later: the customer goes on waiting, and the ticket stands where it stood."""
    took = take_answered(ticket, by=by, at=at)
    ticket.save(update_fields=["message_sequence", "last_message_at", "preview"])
    Draft.objects.filter(ticket=ticket, agent=by, kind=DraftKind.REPLY).delete()
    until = message.scheduled_for.isoformat() if message.scheduled_for else ""
    data = {"message": message.pk, "sequence": message.sequence, "until": until} | ({"took": True} if took else {})
    record(ticket, TicketEvent.MESSAGE_SCHEDULED, by=by.actor, at=at, data=data)
    mark_seen(ticket.pk, by=by, sequence=message.sequence)


def take_answered(ticket: Ticket, *, by: Agent, at: datetime) -> bool:
    """Give a ticket of nobody to whoever answers it, as people expect, unless they have switched that off."""
    if ticket.assignee_id is not None or not by.takes_answered:
        return False
    before = audience(ticket)
    ticket.assignee = by
    ticket.save(update_fields=["assignee"])
    data = {"from": None, "to": by.pk}
    record(ticket, TicketEvent.TICKET_ASSIGNED, by=by.actor, at=at, data=data, before=before)
    return True


def refuse_stale(ticket: Ticket, expected: int | None) -> None:
    """Stop an answer to a closed ticket, or one written on an old screen (decision 20). What was withdrawn since, and
    our own automatic acknowledgement, tell the agent nothing new."""
    refuse_closed(ticket)
    if expected is None or ticket.message_sequence <= expected:
        return
    newer = Message.objects.filter(ticket=ticket, sequence__gt=expected)
    newer = newer.exclude(outbox=OutboxState.WITHDRAWN).exclude(auto_kind__in=OWN_AUTOMATIC)
    missed = list(newer.order_by("sequence").values_list("sequence", flat=True))
    if missed:
        raise StaleReply(_("Something came in while you were writing."), missed)


def _queue(ticket: Ticket, wish: Wish, written: Written) -> Message:
    if written.manner is not None and written.manner.elsewhere is not None:
        return _queue_elsewhere(ticket, written.manner.elsewhere, written)
    answered = _answered(ticket, wish.answers)
    conversation = answered.conversation if answered else main_conversation(ticket)
    traits = traits_of(conversation.channel.kind)
    before = _said_before(conversation) if answered is None else None
    if traits.addressed:
        recipients = choose_recipients(answered, wish if answered else _to_whom_begun(conversation, wish))
        admit_recipients(ticket, conversation, recipients, wish.confirmed, by=written.by, at=written.at)
    else:
        recipients = counterpart(conversation, answered)
        refuse_unsendable(conversation, recipients, written.text, written.files, at=written.at)
    manner, text = written.manner, written.text
    extra = manner_envelope(manner, conversation, answered, text, at=written.at) if manner else {}
    envelope = recipients_envelope(recipients) | (written.later.envelope(ticket) if written.later else {})
    follows = answered or before
    if follows is not None and follows.external_id:
        forebears = [*follows.envelope.get("references", ()), follows.external_id]
        envelope |= {"in_reply_to": follows.external_id, "references": list(dict.fromkeys(forebears))[-20:]}
    subject = reply_subject(_subject_answered(answered) or ticket.subject) if follows else ticket.subject
    return add_reply(ticket, conversation, written, envelope | extra, subject)


def _said_before(conversation: Conversation) -> Message | None:
    """Our own last words where nobody has answered yet: what we write next goes on from there."""
    ours = Message.objects.filter(conversation=conversation, kind=MessageKind.OUTBOUND)
    return ours.exclude(outbox=OutboxState.WITHDRAWN).order_by("-sequence").first()


def _to_whom_begun(conversation: Conversation, wish: Wish) -> Wish:
    """Where nobody has answered yet, what is written goes to whom the conversation was begun with."""
    begun_with = requester(conversation) if wish.to is None else None
    return replace(wish, to=[begun_with.address]) if begun_with else wish


def _queue_elsewhere(ticket: Ticket, elsewhere: Elsewhere, written: Written) -> Message:
    """By another way: nothing there is answered, so nothing is quoted, and it goes to the customer alone."""
    conversation, recipients, text, extra = go_elsewhere(ticket, elsewhere, text=written.text, at=written.at)
    if "template" in extra:
        written = replace(written, text=text, html="", files=())
    elif not traits_of(conversation.channel.kind).addressed:
        refuse_unsendable(conversation, recipients, text, written.files, at=written.at, here=False)
    envelope = recipients_envelope(recipients) | (written.later.envelope(ticket) if written.later else {})
    return add_reply(ticket, conversation, written, envelope | extra, reply_subject(ticket.subject))


def add_reply(
    ticket: Ticket, conversation: Conversation, written: Written, envelope: dict[str, Any], subject: str
) -> Message:
    """The message as the outbox takes it, with a token of its own for the answer; `subject` as it is to be."""
    traits, token, channel = traits_of(conversation.channel.kind), new_token(), conversation.channel
    return add_message(
        ticket,
        conversation,
        by=written.by,
        kind=MessageKind.OUTBOUND,
        text=written.text,
        at=written.at,
        client_id=written.client_id,
        html=written.html,
        hidden=written.hidden,
        subject=subject,
        reply_token=token,
        external_id=f"{token}@{channel.address.rpartition('@')[2]}",
        envelope=envelope,
        outbox=OutboxState.QUEUED,
        not_before=written.at if traits.instant and not written.later else written.leaves_at,
        scheduled_for=written.later.at if written.later else None,
    )


def main_conversation(ticket: Ticket) -> Conversation:
    """The conversation with the customer: the last one that was not begun by forwarding."""
    return Conversation.objects.filter(ticket=ticket, aside=False).latest("pk")


def recipients_envelope(recipients: Recipients) -> dict[str, Any]:
    """What the outbox keeps of whom a message goes to, and of the request it came with."""
    envelope: dict[str, Any] = {"to": _entries(recipients.to)}
    envelope |= {"trace": current_trace()} if current_trace() else {}
    envelope |= {"cc": _entries(recipients.cc)} if recipients.cc else {}
    return envelope | ({"bcc": _entries(recipients.bcc)} if recipients.bcc else {})


def _subject_answered(answered: Message | None) -> str:
    """The subject of the message answered; a stranger's not let in yet may be a secret (threat 1) and stays here."""
    return answered.subject if answered and not answered.pending else ""


def _answered(ticket: Ticket, answers: int | None) -> Message | None:
    """The message answered: the one named, else the last a person of the customer's conversation wrote to us."""
    said = Message.objects.select_related("conversation__channel").filter(ticket=ticket)
    if answers is not None:
        named = said.exclude(kind=MessageKind.NOTE).filter(pk=answers).first()
        if named is None:
            raise InvalidInput("answers", _("The message answered is not on this ticket."))
        return named
    inbound = said.filter(kind=MessageKind.INBOUND, pending=False, conversation__aside=False)
    inbound = inbound.order_by("-at", "-sequence")  # by time: what a merge brought has later numbers
    return inbound.filter(auto_kind="").first() or inbound.first()


def reply_subject(subject: str) -> str:
    """The customer's own subject with one Re: in front, since Gmail starts a new thread when it changes."""
    clean = " ".join(subject.split())
    return clean[:500] if clean[:3].lower() == "re:" else f"Re: {clean}"[:500].rstrip()


def _entries(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [{"name": entry.name, "address": entry.address} for entry in addresses]
