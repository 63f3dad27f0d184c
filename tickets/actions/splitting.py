"""One ticket that is two: chosen messages become a ticket of their own, and can come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Agent
from people.permissions import Permission
from tickets.errors import InvalidInput, TooLate
from tickets.events import TicketEvent
from tickets.models import (
    Conversation,
    Cycle,
    LinkReason,
    Message,
    MessageKind,
    OutboxState,
    Participant,
    Relocation,
    RelocationKind,
    Status,
    Ticket,
    TicketLink,
)

from .base import lock_ticket, record, refresh_attention, refuse_closed, refuse_merged, require
from .drafts import mark_seen
from .merging import lock_relocation
from .relocation import RETOLD, lock_pair, move_drafts, move_messages, numbered_after, refuse_instant, retell

MOST = 200


def split_ticket(
    ticket_id: int, *, by: Agent, messages: Sequence[int], subject: str = "", at: datetime | None = None
) -> Relocation:
    """Make a new ticket of these messages, in the same team and with the same person; the rest stays.

    InvalidInput unless they are the ticket's own, nothing of them is on its way out, and something is left.
    """
    at, wanted = at or timezone.now(), set(messages)
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        refuse_closed(ticket)
        chosen = list(
            Message.objects.select_for_update(of=("self",)).filter(ticket=ticket, pk__in=wanted).order_by("sequence")
        )
        _refuse_unfit(ticket, wanted, chosen)
        begins = _begins(chosen)
        home = Conversation.objects.select_related("channel").get(pk=begins.conversation_id)
        named = " ".join(subject.split())[:500] or begins.subject or ticket.subject
        made = _open_beside(ticket, home, named, opened_at=chosen[0].at, at=at)
        before = [[m.pk, m.sequence, m.conversation_id] for m in chosen]
        threads = _threads_for(made, chosen, home)
        move_messages(made, numbered_after(made, [(m.pk, threads[m.conversation_id].pk) for m in chosen]))
        done = Relocation.objects.create(
            kind=RelocationKind.SPLIT, source=ticket, target=made, by=by, at=at,
            moved={
                "conversations": [thread.pk for thread in threads.values()], "messages": before, "source": {},
                "aside": threads[home.pk].pk if home.aside else None,
            },
        )  # fmt: skip
        for one in (made, ticket):
            retell(one)
            one.save(update_fields=RETOLD)
        TicketLink.objects.get_or_create(ticket=made, other=ticket, reason=LinkReason.SPLIT)
        _note_split(done, ticket, made, [m.pk for m in chosen], by=by, at=at)
    return done


def undo_split(relocation_id: int, *, by: Agent, at: datetime | None = None) -> Relocation:
    """Put back what was split off, with all that was said there since; doing it twice changes nothing."""
    at = at or timezone.now()
    require(by, Permission.EDIT_TICKETS)
    with transaction.atomic():
        done = lock_relocation(relocation_id, RelocationKind.SPLIT)
        ticket, made = lock_pair(done.source_id, done.target_id, by=by)
        done.refresh_from_db()
        if done.undone_at is None:
            refuse_merged(ticket)
            refuse_closed(ticket)
            if made.merged_into_id is not None:
                raise TooLate(_("What was split off has been merged since: take that back first."))
            _put_back(done, ticket, made, by=by, at=at)
    return done


def _refuse_unfit(ticket: Ticket, wanted: set[int], chosen: Sequence[Message]) -> None:
    if not chosen or len(chosen) != len(wanted):
        raise InvalidInput("messages", _("Choose messages of this ticket."))
    if len(chosen) > MOST:
        raise InvalidInput("messages", _("At most %(count)d messages at once.") % {"count": MOST})
    if any(m.outbox in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.WITHDRAWN) for m in chosen):
        raise InvalidInput("messages", _("A reply that is on its way stays until it has left."))
    if all(m.kind == MessageKind.NOTE for m in chosen):
        raise InvalidInput("messages", _("Notes alone make no ticket."))
    rest = Message.objects.filter(ticket=ticket).exclude(pk__in=wanted).exclude(kind=MessageKind.NOTE)
    if not rest.exists():
        raise InvalidInput("messages", _("Something has to stay in this ticket."))
    refuse_instant(Conversation.objects.filter(pk__in={m.conversation_id for m in chosen}), field="messages")


def _open_beside(ticket: Ticket, home: Conversation, subject: str, *, opened_at: datetime, at: datetime) -> Ticket:
    made = Ticket.objects.create(
        subject=subject, status=Status.OPEN, priority=ticket.priority, channel=home.channel,
        customer_id=home.customer_id, team_id=ticket.team_id, assignee_id=ticket.assignee_id,
        language=ticket.language, opened_at=opened_at, last_message_at=at,
    )  # fmt: skip
    Cycle.objects.create(ticket=made, number=1, opened_at=made.opened_at)
    return made


def _begins(chosen: Sequence[Message]) -> Message:
    """Whose message makes the new ticket theirs: the customer's before that of anybody who was asked aside."""
    aside = set(
        Conversation.objects.filter(pk__in={m.conversation_id for m in chosen}, aside=True).values_list("pk", flat=True)
    )
    ours = [m for m in chosen if m.conversation_id not in aside] or chosen
    return next((m for m in ours if m.kind == MessageKind.INBOUND), ours[0])


def _threads_for(made: Ticket, chosen: Sequence[Message], home: Conversation) -> dict[int, Conversation]:
    """For each conversation they come from one with the same people in the new ticket; `home` becomes that with its
    customer, also where it was aside of somebody else's."""
    threads: dict[int, Conversation] = {}
    for old in Conversation.objects.filter(pk__in={m.conversation_id for m in chosen}).order_by("pk"):
        threads[old.pk] = Conversation.objects.create(
            ticket=made, channel_id=old.channel_id, customer_id=old.customer_id, subject=old.subject,
            aside=old.aside and old.pk != home.pk,
        )  # fmt: skip
        Participant.objects.bulk_create(
            Participant(conversation=threads[old.pk], identity_id=identity, role=role, state=state)
            for identity, role, state in old.participants.values_list("identity_id", "role", "state")
        )
    return threads


def _note_split(
    done: Relocation, ticket: Ticket, made: Ticket, messages: list[int], *, by: Agent, at: datetime
) -> None:
    opened = {"channel": made.channel_id, "status": made.status, "split": ticket.pk}
    record(made, TicketEvent.TICKET_OPENED, by=by.actor, at=made.opened_at, data=opened)
    asked: dict[str, Any] = {}
    if made.waiting_since is not None:
        question = Message.objects.filter(ticket=made, kind=MessageKind.INBOUND, at=made.waiting_since).first()
        asked = {"asked_at": made.waiting_since.isoformat(), "asked": question.pk if question else None}
    data = {"from": ticket.pk, "split": done.pk, "first": 1, "last": made.message_sequence, **asked}
    record(made, TicketEvent.TICKET_SPLIT_OFF, by=by.actor, at=at, data=data)
    waiting = ticket.waiting_since.isoformat() if ticket.waiting_since else None
    data = {"into": made.pk, "split": done.pk, "messages": messages, "waiting": waiting}
    record(ticket, TicketEvent.TICKET_SPLIT, by=by.actor, at=at, data=data)
    mark_seen(made.pk, by=by, sequence=made.message_sequence)


def _put_back(done: Relocation, ticket: Ticket, made: Ticket, *, by: Agent, at: datetime) -> None:
    before = {message: (number, where) for message, number, where in done.moved["messages"]}
    rows = list(Message.objects.filter(ticket=made).order_by("sequence").values_list("pk", "conversation_id"))
    home = [(pk, *before[pk]) for pk, _where in rows if pk in before]
    since = [(pk, where) for pk, where in rows if pk not in before]
    first = ticket.message_sequence + 1
    move_messages(ticket, [*home, *numbered_after(ticket, since)])
    Conversation.objects.filter(ticket=made).update(ticket=ticket)
    Conversation.objects.filter(pk=done.moved.get("aside") or 0).update(aside=True)
    move_drafts(made, ticket)
    waited = made.waiting_since
    retell(ticket)
    ticket.save(update_fields=RETOLD)
    made.status, made.closed_at, made.merged_into = Status.CLOSED, at, ticket
    made.waiting_since = made.snoozed_until = None
    refresh_attention(made)
    made.save(update_fields=["status", "closed_at", "merged_into", "waiting_since", "snoozed_until", "needs_attention"])
    done.undone_at, done.undone_by = at, by
    done.save(update_fields=["undone_at", "undone_by"])
    data: dict[str, Any] = {"into": ticket.pk, "split": done.pk, "back": True}
    record(made, TicketEvent.TICKET_MERGED, by=by.actor, at=at, data=data)
    asked = {"asked_at": waited.isoformat(), "asked": None} if waited else {}
    data = {"other": made.pk, "split": done.pk, "first": first, "last": ticket.message_sequence}
    data |= {"messages": len(rows), "back": [pk for pk, _n, _c in home], **asked}
    record(ticket, TicketEvent.TICKET_ABSORBED, by=by.actor, at=at, data=data)
