"""Spam: put aside with its sender remembered, and the way back. Nothing is deleted and nobody is answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from events.actors import Actor
from events.models import Event
from people.identities import block_identities
from people.models import Agent, Identity
from people.permissions import Permission
from tickets.errors import NotFound
from tickets.events import TICKET_STREAM, TicketEvent
from tickets.models import Message, MessageKind, Status, Ticket

from .base import lock_ticket, record, refresh_attention, refuse_closed
from .relocation import waiting_since

# What marking as spam ends, and its event keeps.
_ENDED = ("solved_at", "waiting_since", "snoozed_until")
_CHANGED = ("status", *_ENDED, "needs_attention")


def mark_spam(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Put the ticket aside and block the addresses that wrote it: what they open next lands there too, unannounced."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if ticket.status == Status.SPAM:
            return ticket
        refuse_closed(ticket)
        put_aside(ticket, _writers(ticket), by=by.actor, at=at)
    return ticket


def unmark_spam(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Bring the ticket back as it stood before, and let its addresses write again. It is open where its customer has
    written since, and where it never was anything but spam."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if ticket.status != Status.SPAM:
            return ticket
        told = Event.objects.filter(stream_type=TICKET_STREAM, stream_id=ticket.pk)
        marked = told.filter(kind=TicketEvent.TICKET_MARKED_SPAM).order_by("-sequence").first()
        if marked is not None:
            since = told.filter(kind=TicketEvent.MESSAGE_RECEIVED, sequence__gt=marked.sequence)
            marked = None if since.exists() else marked
        bring_back(ticket, marked, _writers(ticket), by=by.actor, at=at)
    return ticket


def put_aside(
    ticket: Ticket, identities: Collection[int], *, by: Actor, at: datetime, undoes: int | None = None
) -> None:
    """`mark_spam` for a ticket that the caller has locked, blocking these addresses."""
    data: dict[str, Any] = {"from": ticket.status, "blocked": block_identities(identities, at=at)}
    ended = {name: getattr(ticket, name) for name in _ENDED}
    data |= {name: moment.isoformat() if moment else None for name, moment in ended.items()}
    data |= {"undoes": undoes} if undoes else {}
    ticket.status, ticket.solved_at = Status.SPAM, None
    ticket.waiting_since = ticket.snoozed_until = None
    ticket.needs_attention = False
    ticket.save(update_fields=_CHANGED)
    record(ticket, TicketEvent.TICKET_MARKED_SPAM, by=by, at=at, data=data)


def bring_back(
    ticket: Ticket,
    marked: Event | None,
    identities: Collection[int],
    *,
    by: Actor,
    at: datetime,
    undoes: int | None = None,
) -> None:
    """`unmark_spam` for a ticket that the caller has locked: as before it was `marked`, letting these write."""
    allowed = block_identities(identities, at=None)
    ticket.status, ticket.waiting_since = Status.OPEN, waiting_since(ticket)
    if marked is not None and set(_ENDED) <= set(marked.data):  # events of old know less
        ticket.status = Status(marked.data["from"])
        for name in _ENDED:  # a snooze that would be over by now ends as any other, in a moment
            setattr(ticket, name, parse_datetime(marked.data[name] or ""))
    refresh_attention(ticket)
    ticket.save(update_fields=_CHANGED)
    waiting = ticket.waiting_since.isoformat() if ticket.waiting_since else None
    data: dict[str, Any] = {"to": ticket.status, "allowed": allowed, "waiting": waiting}
    data |= {"undoes": undoes} if undoes else {}
    record(ticket, TicketEvent.TICKET_UNMARKED_SPAM, by=by, at=at, data=data)


def unblock_address(ticket_id: int, identity_id: int, *, by: Agent, at: datetime | None = None) -> Identity:
    """Let one address of the ticket's customer open tickets as any other again; the ticket stays where it is."""
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        identity = Identity.objects.filter(pk=identity_id, customer=ticket.customer_id).first()
        if identity is None:
            raise NotFound(_("There is no such address."))
        if block_identities([identity.pk], at=None):
            data = {"identity": identity.pk}
            record(ticket, TicketEvent.ADDRESS_UNBLOCKED, by=by.actor, at=at or timezone.now(), data=data)
    return identity


def _writers(ticket: Ticket) -> list[int]:
    """The addresses of the customer that wrote this; nobody else on it is to blame."""
    wrote = Message.objects.filter(ticket=ticket, kind=MessageKind.INBOUND, conversation__aside=False)
    wrote = wrote.filter(identity__customer=ticket.customer_id)
    return sorted(set(wrote.values_list("identity_id", flat=True)) - {None})
