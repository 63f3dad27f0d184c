"""Inviting a customer to a channel where only they can begin, by a link that says who they are.

The link proves only that somebody holds it: it is made by an agent for one ticket's customer, lasts three days, counts
once, and the newest is the only one. Who comes by it is joined to the customer if nobody knew them before; whoever is
known stays who they are. Joining is the agent's decision who made the link, told on the ticket, and undone like every
other one.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.hooks.accounts import sending_account
from channels_inbound.hooks.apply import FURTHER
from channels_inbound.hooks.facts import Started
from channels_inbound.hooks.provider import SendError
from channels_inbound.hooks.registry import provider
from channels_inbound.models import Connection, Invitation
from people.identities import IdentityKey, Newcomer, resolve_identities
from people.models import Agent, Identity, Trust
from people.permissions import Permission
from tickets.actions.base import lock_ticket, require
from tickets.actions.same_person import join_who_came
from tickets.errors import InvalidInput
from tickets.kinds import registered_kinds
from tickets.models import Channel, Ticket

LASTS = timedelta(days=3)
KEPT = timedelta(days=90)


def inviting_channels(ticket: Ticket) -> list[Channel]:
    """The channels a ticket's customer can be invited to: of its team, or of none."""
    kinds = [traits.kind for traits in registered_kinds() if traits.invites]
    ours = Q(channel__team=None) | Q(channel__team=ticket.team_id)
    found = Connection.objects.filter(ours, channel__kind__in=kinds, channel__is_active=True)
    named = [one for one in found.select_related("channel").order_by("channel__name") if one.settings.get("username")]
    return [one.channel for one in named]


def invite(ticket_id: int, channel_id: int, *, by: Agent, at: datetime | None = None) -> tuple[str, Invitation]:
    """A link for the ticket's customer; it is told this once. Those made before for the same end."""
    at, token = at or timezone.now(), secrets.token_urlsafe(32)
    with transaction.atomic():
        require(by, Permission.EDIT_TICKETS)
        ticket = lock_ticket(ticket_id, by=by, permission=Permission.REPLY)
        if channel_id not in [one.pk for one in inviting_channels(ticket)]:
            raise InvalidInput("channel", _("Nobody can be invited to this channel."))
        Invitation.objects.filter(ticket=ticket, channel=channel_id, used_at=None).delete()
        made = Invitation.objects.create(
            ticket=ticket, channel_id=channel_id, digest=_digest(token), made_by=by, made_at=at, expires_at=at + LASTS
        )
        return _link(channel_id, token), made


def _link(channel_id: int, token: str) -> str:
    try:
        connection, account = sending_account(channel_id)
    except SendError as error:
        raise InvalidInput("channel", error.detail) from None
    handler = provider(connection.provider)
    assert handler is not None
    return handler.invitation(token, account)


def started(channel_id: int, fact: Started, *, at: datetime) -> str:
    """Somebody came by a link. Whatever is wrong with it, they are nobody to us then, as without one."""
    found = Invitation.objects.select_for_update(of=("self",)).select_related("made_by", "ticket")
    link = found.filter(digest=_digest(fact.token), channel=channel_id, used_at=None, expires_at__gt=fact.at).first()
    if link is None or link.made_by is None or not link.made_by.is_active:
        return "ignored"
    key = IdentityKey(fact.identity_kind, fact.address)
    if Identity.objects.filter(kind=key.kind, value=key.value, suspect=False).exists():
        return "ignored"  # whoever is known already stays who they are; the link waits for whom it was made for
    known = resolve_identities({key: Newcomer(fact.name, Trust.VERIFIED)})[key]
    link.used_at, link.used_by_id = fact.at, known.id
    link.save(update_fields=["used_at", "used_by"])
    join_who_came(link.ticket_id, known.customer_id, by=link.made_by, evidence=[_evidence(fact)], at=fact.at)
    return "applied"


def _evidence(fact: Started) -> dict[str, object]:
    return {"kind": fact.identity_kind, "value": fact.address, "proven": False, "invited": True}


def forget_invitations(*, at: datetime) -> int:
    """Drop those that ended long ago."""
    return Invitation.objects.filter(expires_at__lt=at - KEPT).delete()[0]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


FURTHER[Started] = started
