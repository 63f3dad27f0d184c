"""Merging by the house: a new ticket goes into the one it is plainly about, where somebody said so in the settings.

Only of one customer whose addresses are proven, within a team and a kind of channel, while nobody has answered either,
and where both name the same order or number or their subjects are alike. Never a chat. What was merged says why, is
taken back like any other merge, and is then left alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events.actors import ActorKind
from events.audit import note_setting
from events.ledger import record_event
from events.models import Event
from people.models import Agent, IdentityKind, Trust
from people.permissions import Permission
from tickets.actions.base import require
from tickets.actions.merging import merge_by_house
from tickets.errors import InvalidInput
from tickets.events import TicketEvent
from tickets.kinds import traits_of
from tickets.models import MergePolicy, Message, MessageKind, OutboxState, Relocation, SenderVerdict, Status, Ticket
from tickets.suggestions import Suggestion, Why, suggest_among

HEARD = frozenset({TicketEvent.TICKET_OPENED})
LONGEST = 14 * 24
# Being near in time alone is no reason.
_ENOUGH = frozenset({Why.ORDER, Why.NUMBER, Why.SUBJECT})
_PROVEN = (Trust.SIGNED, Trust.VERIFIED)
# A setting's stream is its name and row.
STREAM = ("merging", 1)
CHANGED = "merging.changed"


def merge_policy() -> MergePolicy:
    """As it was said; off where nothing ever was."""
    return MergePolicy.objects.first() or MergePolicy()


def save_merge_policy(*, by: Agent, is_on: bool, hours: int, at: datetime | None = None) -> MergePolicy:
    """Say whether, and of how many hours. Saying it again changes nothing."""
    require(by, Permission.MANAGE_SHARED)
    if not 1 <= hours <= LONGEST:
        raise InvalidInput("hours", _("Choose a number from 1 to %(most)d.") % {"most": LONGEST})
    with transaction.atomic():
        MergePolicy.objects.bulk_create([MergePolicy(pk=1)], ignore_conflicts=True)
        policy = MergePolicy.objects.select_for_update().get(pk=1)
        if (policy.is_on, policy.hours) != (is_on, hours):
            data = {"is_on": is_on, "hours": hours}
            note_setting("merging 1", {name: getattr(policy, name) for name in data}, data, by=by.actor)
            policy.is_on, policy.hours = is_on, hours
            policy.save(update_fields=["is_on", "hours"])
            record_event(STREAM, CHANGED, by=by.actor, at=at or timezone.now(), data=data)
    return policy


def merge_if_same(event: Event) -> None:
    """The subscriber: merge a ticket that was just opened into the one it is about, if it is. Safe twice."""
    if event.actor_kind != ActorKind.CUSTOMER or event.data.keys() & {"historic", "split", "begun"}:
        return
    policy = MergePolicy.objects.filter(is_on=True).first()
    if policy is None:
        return
    ticket = Ticket.objects.select_related("channel").filter(pk=event.stream_id).first()
    if ticket is None or not may_be_merged(ticket):
        return
    found = _same_as(ticket, timedelta(hours=policy.hours))
    if found is not None:
        why = {"why": [reason.value for reason in found.reasons], "named": found.named}
        merge_by_house(ticket.pk, into=found.ticket.pk, auto=why, still=may_be_merged, cause=event, at=timezone.now())


def may_be_merged(ticket: Ticket) -> bool:
    """Whether nobody has begun with the ticket, and its customer is who they say."""
    if ticket.status != Status.OPEN or ticket.merged_into_id is not None or traits_of(ticket.channel.kind).instant:
        return False
    wrote = Message.objects.filter(ticket=ticket, conversation__aside=False)
    if wrote.filter(kind=MessageKind.OUTBOUND, auto_kind="").exclude(outbox=OutboxState.WITHDRAWN).exists():
        return False
    asked = wrote.filter(kind=MessageKind.INBOUND)
    proven = Q(identity__trust__in=_PROVEN, identity__suspect=False, identity__customer=ticket.customer_id)
    # An address of mail is anybody's to write on an envelope: each mail must be proven itself.
    proven &= ~Q(identity__kind=IdentityKind.EMAIL) | Q(verdict=SenderVerdict.PASS)
    return asked.exists() and not asked.exclude(proven).exists()


def _same_as(ticket: Ticket, within: timedelta) -> Suggestion | None:
    """The likeliest of the customer's tickets of the same team and kind of channel; none that once was one with it."""
    others = Ticket.objects.filter(
        customer=ticket.customer_id, team=ticket.team_id, channel__kind=ticket.channel.kind, merged_into=None,
        status=Status.OPEN, pk__lt=ticket.pk, opened_at__gte=ticket.opened_at - within,
    )  # fmt: skip
    for found in suggest_among(ticket, others.select_related("channel")):
        before = Relocation.objects.filter(source__in=[ticket, found.ticket], target__in=[ticket, found.ticket])
        if _ENOUGH & set(found.reasons) and may_be_merged(found.ticket) and not before.exists():
            return found
    return None
