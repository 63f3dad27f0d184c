"""Mail that could not be read: who may look at it, and trying again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.models import RawDelivery, RawState
from events.doorbell import ring
from events.ledger import record_event
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from people.scope import Reach
from tickets.errors import NotFound, TooLate
from tickets.models import Channel


def channels_visible_to(agent: Agent) -> QuerySet[Channel]:
    """The channels of an agent's teams and those of no team, as far as they are limited to channels; all of them for
    who sees everything, none for who sees only what is assigned to them."""
    scope = agent.scope
    if scope.reach < Reach.TEAMS:
        return Channel.objects.none()
    seen = Channel.objects.all()
    if scope.channel_ids is not None:
        seen = seen.filter(pk__in=scope.channel_ids)
    return seen.filter(Q(team__in=scope.team_ids) | Q(team=None)) if scope.reach == Reach.TEAMS else seen


def quarantine_visible_to(agent: Agent) -> QuerySet[RawDelivery]:
    """What waits in quarantine for somebody like this agent; nothing without the permission."""
    if not agent.may(Permission.HANDLE_QUARANTINE):
        return RawDelivery.objects.none()
    return RawDelivery.objects.filter(
        state=RawState.QUARANTINED, channel__in=channels_visible_to(agent)
    ).select_related("channel")


def parse_again(delivery_id: int, *, by: Agent, at: datetime | None = None) -> RawDelivery:
    """Put one delivery back in line, with all its tries. NotFound outside the agent's sight; TooLate when it is no
    longer in quarantine."""
    if not by.may(Permission.HANDLE_QUARANTINE):
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        found = RawDelivery.objects.filter(pk=delivery_id, channel__in=channels_visible_to(by)).select_for_update(
            of=("self",)
        )
        delivery = found.first()
        if delivery is None:
            raise NotFound(_("There is no such mail."))
        if delivery.state != RawState.QUARANTINED:
            raise TooLate(_("This mail is no longer in quarantine."))
        delivery.state, delivery.reason, delivery.attempts = RawState.STORED, "", 0
        delivery.lease_until = delivery.finished_at = None
        delivery.save(update_fields=["state", "reason", "attempts", "lease_until", "finished_at"])
        lock_channel(delivery.channel_id)
        record_event(
            channel_stream(delivery.channel_id), ChannelEvent.MAIL_RETRIED,
            by=by.actor, at=at or timezone.now(), data={"delivery": delivery.pk},
        )  # fmt: skip
        ring("inbound")
    return delivery
