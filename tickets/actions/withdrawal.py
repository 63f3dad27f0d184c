"""Taking back what has not left: the text is a draft again, and the ticket stands where it stood.

A conversation that we began goes with its first message, as long as nothing else happened on it: a ticket with nothing
in it would be left. It stays as a closed one, since numbers are never given twice, and the words go on in the form they
were written in.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from events.actors import ActorKind
from events.models import Event
from people.models import Agent
from people.permissions import Permission
from people.written_html import html_of_text
from tickets.errors import FieldsMissing, InvalidInput, TooLate
from tickets.events import STATUS_CHANGES, TICKET_STREAM, TicketEvent
from tickets.kinds import traits_of
from tickets.models import (
    OWN_AUTOMATIC,
    AutoKind,
    Draft,
    DraftKind,
    Message,
    MessageKind,
    OutboxState,
    SearchEntry,
    Status,
    Ticket,
)
from tickets.preview import preview_of
from tickets.statuses import word_before

from .asides import note_aside
from .base import audience, lock_message_ticket, record, refresh_attention
from .files import release_files
from .status import change_status, set_snooze

_NOT_YET = (OutboxState.QUEUED, OutboxState.HELD)


def withdraw_reply(message_id: int, *, by: Agent, at: datetime | None = None) -> Message:
    """Take back an answer that has not left; its text and files are the draft of whoever takes it back.

    One's own, or any that waits for a moment to come. TooLate once it is on its way. Twice is the same as once.
    """
    at = at or timezone.now()
    with transaction.atomic():
        ticket, message = lock_message_ticket(message_id, by=by, permission=Permission.REPLY)
        if message.agent_id != by.pk and message.scheduled_for is None:
            raise InvalidInput("message", _("Only its author can take a reply back."))
        if message.outbox == OutboxState.WITHDRAWN:
            return message
        read_along = traits_of(message.conversation.channel.kind).instant and message.scheduled_for is None
        if message.outbox not in (OutboxState.QUEUED, OutboxState.HELD) or message.attempts or read_along:
            raise TooLate(_("Too late: the reply is already on its way."))
        message.outbox = OutboxState.WITHDRAWN
        message.save(update_fields=["outbox"])
        SearchEntry.objects.filter(message=message).delete()
        data = {"message": message.pk, "sequence": message.sequence}
        if _is_all_there_is(ticket, message, by):
            record(ticket, TicketEvent.MESSAGE_WITHDRAWN, by=by.actor, at=at, data=data)
            _let_go(ticket, message, by=by, at=at)
            return message
        _back_to_draft(message, by=by)
        release_files(message, to=by)
        record(ticket, TicketEvent.MESSAGE_WITHDRAWN, by=by.actor, at=at, data=data)
        _restore(ticket, message, by=by, at=at)
        if message.conversation.aside:
            note_aside(ticket)
    return message


def beginning_taken_back(message_id: int, *, by: Agent) -> Message | None:
    """The first message of a conversation of `by`'s that went when it was taken back: its words go on in the form."""
    gone = Message.objects.filter(pk=message_id, agent=by, sequence=1, outbox=OutboxState.WITHDRAWN)
    gone = gone.filter(ticket__in=Ticket.objects.visible_to(by).filter(status=Status.CLOSED, message_sequence=1))
    return gone.select_related("ticket", "conversation").first()


# What beginning a conversation tells, and what may come with it by itself.
_OF_BEGINNING = (
    TicketEvent.TICKET_OPENED, TicketEvent.TICKET_ASSIGNED, TicketEvent.MESSAGE_QUEUED,
    TicketEvent.TICKET_STATUS_CHANGED, TicketEvent.TICKET_STATUS_NAMED, TicketEvent.TICKET_SOLVED,
)  # fmt: skip


def _is_all_there_is(ticket: Ticket, message: Message, by: Agent) -> bool:
    """Whether `by` began the ticket with this message, and no person has done, said or half written anything since."""
    if message.sequence != 1 or ticket.message_sequence != 1 or message.kind != MessageKind.OUTBOUND:
        return False
    told = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
    if not told.filter(kind=TicketEvent.TICKET_OPENED, data__begun=True).exists():
        return False
    queued = told.filter(kind=TicketEvent.MESSAGE_QUEUED, data__message=message.pk).values_list("sequence", flat=True)
    since = told.filter(actor_kind=ActorKind.AGENT, sequence__gt=(queued.first() or 0) + 1)
    others = told.filter(actor_kind=ActorKind.AGENT).exclude(actor_id=by.pk, kind__in=_OF_BEGINNING)
    return not (since.exists() or others.exists() or Draft.objects.filter(ticket=ticket).exclude(text="").exists())


def _let_go(ticket: Ticket, message: Message, *, by: Agent, at: datetime) -> None:
    data = {"from": ticket.status, "withdrawn": message.pk}
    ticket.status, ticket.custom_status, ticket.closed_at = Status.CLOSED, None, at
    ticket.preview, ticket.waiting_since, ticket.snoozed_until = "", None, None
    refresh_attention(ticket)
    changed = ["status", "custom_status", "closed_at", "preview", "waiting_since", "snoozed_until", "needs_attention"]
    ticket.save(update_fields=changed)
    record(ticket, TicketEvent.TICKET_CLOSED, by=by.actor, at=at, data=data)


def _draft_kind(message: Message) -> DraftKind:
    """What was asked aside becomes a note: as a reply its words could reach the customer, or the customer's it."""
    if message.envelope.get("asked"):
        return DraftKind.NOTE
    return DraftKind.FORWARD if message.envelope.get("forwards") else DraftKind.REPLY


def _back_to_draft(message: Message, *, by: Agent) -> None:
    names = () if message.envelope.get("asked") else ("to", "cc", "bcc")
    recipients = {name: message.envelope.get(name, []) for name in names}
    forwards = message.envelope.get("forwards")
    kept: dict[str, Any] = {"text": message.text, "html": message.html, "recipients": recipients}
    kept["about"] = Message.objects.filter(pk=forwards[0]).first() if forwards else _answered_aside(message)
    draft, created = Draft.objects.get_or_create(
        ticket_id=message.ticket_id,
        agent=by,
        kind=_draft_kind(message),
        defaults=kept,
    )
    if not created:  # something new was begun within the seconds: keep both
        both = draft.text.strip()
        if draft.html or message.html:
            draft.html = _as_html(message) + (draft.html or html_of_text(draft.text))
        draft.text = f"{message.text}\n\n{draft.text}" if both else message.text
        draft.revision += 1
        draft.save(update_fields=["text", "html", "revision"])


def _as_html(message: Message) -> str:
    return message.html or html_of_text(message.text)


def _answered_aside(message: Message) -> Message | None:
    """What a reply to somebody else than the customer answered; the customer's last message is found anyway."""
    answered = message.envelope.get("in_reply_to") if message.conversation.aside else None
    return Message.objects.filter(ticket=message.ticket_id, external_id=answered).first() if answered else None


def _restore(ticket: Ticket, withdrawn: Message, *, by: Agent, at: datetime) -> None:
    """Put back what the reply had changed, as far as nothing else has changed it since."""
    said = Message.objects.filter(ticket=ticket).exclude(outbox=OutboxState.WITHDRAWN)
    said = said.exclude(auto_kind__in=(*OWN_AUTOMATIC, AutoKind.BOT))
    last = said.exclude(kind=MessageKind.NOTE).order_by("-sequence").first()
    to_customer = said.filter(conversation__aside=False)
    answers = to_customer.filter(kind=MessageKind.OUTBOUND).exclude(outbox__in=_NOT_YET, scheduled_for__isnull=False)
    answered = answers.order_by("-sequence").values_list("sequence", flat=True).first()
    asked = to_customer.filter(kind=MessageKind.INBOUND, auto_kind="", pending=False, sequence__gt=answered or 0)
    ticket.preview = preview_of(last.text, [tuple(span) for span in last.quoted]) if last else ""
    if before := _status_before(ticket, withdrawn):
        with suppress(FieldsMissing):  # it was solved before somebody asked for more
            change_status(ticket, before, by=by.actor, at=at)
    if ticket.status != Status.SOLVED:
        ticket.waiting_since = asked.order_by("sequence").values_list("at", flat=True).first()
    if snoozed := _snoozed_with(ticket, withdrawn):
        asleep = parse_datetime(snoozed.data.get("from") or "")
        set_snooze(ticket, asleep if asleep and asleep > at else None, by=by.actor, at=at, undoes=snoozed.pk)
    if _took(ticket, withdrawn, by):
        seen_by, ticket.assignee = audience(ticket), None
        data = {"from": by.pk, "to": None}
        record(ticket, TicketEvent.TICKET_ASSIGNED, by=by.actor, at=at, data=data, before=seen_by)
    refresh_attention(ticket)
    ticket.save(update_fields=["preview", "waiting_since", "assignee", "needs_attention"])


def _took(ticket: Ticket, withdrawn: Message, by: Agent) -> bool:
    """Whether the ticket became its writer's by this reply, and nobody has been given it since."""
    said = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
    kinds = [TicketEvent.MESSAGE_QUEUED, TicketEvent.MESSAGE_SCHEDULED, TicketEvent.MESSAGE_FORWARDED]
    own = said.filter(kind__in=kinds, data__message=withdrawn.pk, data__took=True).first()
    if own is None or ticket.assignee_id != by.pk:
        return False
    return not said.filter(kind=TicketEvent.TICKET_ASSIGNED, sequence__gt=own.sequence).exists()


def _snoozed_with(ticket: Ticket, withdrawn: Message) -> Event | None:
    """The snooze that came with the reply, if the ticket still sleeps by it."""
    said = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk, kind=TicketEvent.TICKET_SNOOZED)
    last = said.order_by("-sequence").first()
    until = parse_datetime(last.data.get("until") or "") if last and last.data.get("reply") == withdrawn.pk else None
    return last if until and ticket.snoozed_until == until else None


def _status_before(ticket: Ticket, withdrawn: Message) -> str:
    """The status to go back to: "" unless the reply had set one and nobody has set another since."""
    said = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
    queued = said.filter(kind=TicketEvent.MESSAGE_QUEUED, data__message=withdrawn.pk).first()
    if queued is None or ticket.status != queued.data.get("status_to"):
        return ""
    # The reply's own change is the event right after it.
    since = said.filter(kind__in=STATUS_CHANGES, sequence__gt=queued.sequence + 1)
    return "" if since.exists() else word_before(queued.data, queued.data["status_from"])
