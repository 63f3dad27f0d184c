"""Keeping somebody out of the chat, and letting them in again. Meanwhile their browsers hear and say nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from livechat.events import ChatEvent
from livechat.models import BlockedAddress, UnseenReplies, Visitor
from livechat.presence import address_of_visitor
from people.models import Agent
from people.permissions import Permission
from tickets.actions.base import lock_ticket, record
from tickets.errors import NotFound
from tickets.models import Conversation, Ticket

ADDRESS_BLOCKED = timedelta(hours=24)


def visitor_of_ticket(ticket: Ticket) -> Visitor | None:
    """Who chats in this ticket."""
    talk = Conversation.objects.filter(ticket=ticket, channel__kind="chat").order_by("-pk").first()
    if talk is None or len(talk.external_id) != 32:
        return None
    return Visitor.objects.filter(channel=talk.channel_id, public_id=talk.external_id).first()


def address_digest(channel_id: int, address: str) -> str:
    """What is kept of an address (of IPv6 its network, as `events.rates` names it): nothing it could be read from."""
    return salted_hmac("livechat.blocking", f"{channel_id} {address}", algorithm="sha256").hexdigest()


def is_address_blocked(channel_id: int, address: str, *, at: datetime) -> bool:
    """Whether nobody unknown may begin a chat from there now."""
    rows = BlockedAddress.objects.filter(channel=channel_id, digest=address_digest(channel_id, address), until__gt=at)
    return bool(address) and rows.exists()


def address_blocked_until(visitor: Visitor, *, at: datetime) -> datetime | None:
    """Until when the address of a blocked visitor is kept out; None when it is not."""
    rows = visitor.blocked_addresses.filter(until__gt=at).order_by("-until")
    return rows.values_list("until", flat=True).first()


def block_visitor(ticket_id: int, *, by: Agent, blocked: bool, at: datetime | None = None) -> Visitor:
    """Refuse everything the visitor of this ticket asks for from now on, or no longer. Repeating it changes nothing.

    From the address of one whom no signature names nobody unknown begins a chat for a day: a new secret is made in a
    moment.
    """
    at = at or timezone.now()
    with transaction.atomic():
        ticket, visitor = _locked(ticket_id, by=by)
        if (visitor.blocked_at is not None) == blocked:
            return visitor
        visitor.blocked_at = at if blocked else None
        visitor.save(update_fields=["blocked_at"])
        data: dict[str, object] = {"visitor": visitor.pk}
        if blocked:
            UnseenReplies.objects.filter(visitor=visitor).delete()
            if until := _block_address(visitor, at=at):
                data["address_until"] = until.isoformat()
        else:
            visitor.blocked_addresses.all().delete()
        record(ticket, ChatEvent.BLOCKED if blocked else ChatEvent.UNBLOCKED, by=by.actor, at=at, data=data)
    return visitor


def free_address(ticket_id: int, *, by: Agent, at: datetime | None = None) -> bool:
    """Let others in again from the address of this ticket's blocked visitor, who stays out. False when they could."""
    at = at or timezone.now()
    with transaction.atomic():
        ticket, visitor = _locked(ticket_id, by=by)
        if not visitor.blocked_addresses.all().delete()[0]:
            return False
        record(ticket, ChatEvent.ADDRESS_FREED, by=by.actor, at=at, data={"visitor": visitor.pk})
    return True


def _locked(ticket_id: int, *, by: Agent) -> tuple[Ticket, Visitor]:
    ticket = lock_ticket(ticket_id, by=by, permission=Permission.EDIT_TICKETS)
    known = visitor_of_ticket(ticket)
    if known is None:
        raise NotFound(_("There is no such ticket."))
    return ticket, Visitor.objects.select_for_update(of=("self",)).get(pk=known.pk)


def _block_address(visitor: Visitor, *, at: datetime) -> datetime | None:
    """Until when; None for whom the shop has signed, and for whose address nobody knows any more."""
    digest = "" if visitor.subject else address_of_visitor(visitor.thread)
    if not digest:
        return None
    until = at + ADDRESS_BLOCKED
    BlockedAddress.objects.update_or_create(
        channel_id=visitor.channel_id, digest=digest, defaults={"visitor": visitor, "until": until}
    )
    return until
