"""Spam: put aside with its sender remembered, and the way back. Nothing is deleted and nobody is answered."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.identities import block_identities
from people.models import Agent, Identity
from people.permissions import Permission
from tickets.errors import NotFound
from tickets.events import TicketEvent
from tickets.models import Message, MessageKind, Status, Ticket

from .base import lock_ticket, record, refresh_attention, refuse_closed
from .relocation import waiting_since

_CHANGED = ("status", "solved_at", "waiting_since", "snoozed_until", "needs_attention")


def mark_spam(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Put the ticket aside and block the addresses that wrote it: what they open next lands there too, unannounced."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if ticket.status == Status.SPAM:
            return ticket
        refuse_closed(ticket)
        blocked = block_identities(_writers(ticket), at=at)
        data = {"from": ticket.status, "blocked": blocked}
        ticket.status, ticket.solved_at = Status.SPAM, None
        ticket.waiting_since = ticket.snoozed_until = None
        ticket.needs_attention = False
        ticket.save(update_fields=_CHANGED)
        record(ticket, TicketEvent.TICKET_MARKED_SPAM, by=by.actor, at=at, data=data)
    return ticket


def unmark_spam(ticket_id: int, *, by: Agent, at: datetime | None = None) -> Ticket:
    """Bring the ticket back among the open ones, and let its addresses write again."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
        if ticket.status != Status.SPAM:
            return ticket
        allowed = block_identities(_writers(ticket), at=None)
        ticket.status = Status.OPEN
        ticket.waiting_since = waiting_since(ticket)
        refresh_attention(ticket)
        ticket.save(update_fields=_CHANGED)
        waiting = ticket.waiting_since.isoformat() if ticket.waiting_since else None
        data = {"to": ticket.status, "allowed": allowed, "waiting": waiting}
        record(ticket, TicketEvent.TICKET_UNMARKED_SPAM, by=by.actor, at=at, data=data)
    return ticket


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
