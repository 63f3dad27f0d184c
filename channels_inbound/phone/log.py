"""What agents do with calls: log one, note that a callback is done; and who sees which."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.phone.calls import MAX_SECONDS, conclude_call
from channels_inbound.phone.numbers import e164
from channels_inbound.quarantine import channels_visible_to
from people.models import Agent
from people.permissions import Permission, PermissionDenied
from tickets.actions.base import record
from tickets.errors import InvalidInput, NotFound
from tickets.events import TicketEvent
from tickets.models import Call, CallDirection, CallOutcome, Ticket

KIND = "phone"


def calls_visible_to(agent: Agent) -> QuerySet[Call]:
    """Calls of the agent's lines, and those on tickets they see, each with its `caller`: the customer's name as far as
    the agent sees the ticket."""
    seen = Q(channel__in=channels_visible_to(agent)) | Q(ticket__in=Ticket.objects.visible_to(agent))
    names = Ticket.objects.visible_to(agent).filter(pk=OuterRef("ticket")).values("customer__name")[:1]
    return Call.objects.filter(seen).select_related("channel", "ticket").annotate(caller=Subquery(names))


def callbacks_due(agent: Agent) -> QuerySet[Call]:
    """Whom to call back, the one promised first on top."""
    return calls_visible_to(agent).filter(callback_at__isnull=False, callback_done_at=None).order_by("callback_at")


def log_call(
    channel_id: int,
    *,
    by: Agent,
    direction: str,
    number: str,
    outcome: str,
    seconds: int = 0,
    note: str = "",
    callback_at: datetime | None = None,
    client_id: UUID | None = None,
    at: datetime | None = None,
) -> Call:
    """Keep a call somebody had, and put it on its caller's ticket. The same `client_id` again is the same call."""
    _check(by)
    now = at or timezone.now()
    plain = e164(number)
    if not plain:
        raise InvalidInput("number", _("This is not a telephone number."))
    if direction not in CallDirection.values or outcome not in CallOutcome.values or outcome == CallOutcome.RINGING:
        raise InvalidInput("outcome", _("Say how the call went."))
    if not 0 <= seconds <= MAX_SECONDS:
        raise InvalidInput("seconds", _("A call lasts less than a day."))
    answered = outcome == CallOutcome.ANSWERED
    with transaction.atomic():
        channel = channels_visible_to(by).filter(pk=channel_id, kind=KIND).select_for_update(of=("self",)).first()
        if channel is None:
            raise NotFound(_("There is no such channel."))
        call, created = Call.objects.get_or_create(
            channel=channel, external_id=f"logged:{client_id or uuid4()}",
            defaults={
                "direction": direction, "outcome": outcome, "number": plain, "line": channel.address[:40], "agent": by,
                "agent_name": by.name, "started_at": now - timedelta(seconds=seconds), "note": note.strip()[:5000],
                "talk_seconds": seconds if answered else None, "wait_seconds": None if answered else seconds,
            },
        )  # fmt: skip
        if created:
            conclude_call(call, name="", at=now, callback_at=callback_at)
    return call


def callback_done(call_id: int, *, by: Agent, at: datetime | None = None) -> Call:
    """Nobody needs to call back any more. Saying it twice is the same as once."""
    _check(by)
    now = at or timezone.now()
    with transaction.atomic():
        call = calls_visible_to(by).select_for_update(of=("self",)).filter(pk=call_id).first()
        if call is None:
            raise NotFound(_("There is no such call."))
        if call.callback_at is None or call.callback_done_at is not None:
            return call
        call.callback_done_at = now
        call.save(update_fields=["callback_done_at"])
        ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=call.ticket_id or 0).first()
        if ticket is not None:
            data = {"call": call.pk, "message": call.message_id}
            record(ticket, TicketEvent.CALLBACK_DONE, by=by.actor, at=now, data=data)
    return call


def _check(by: Agent) -> None:
    if not (by.is_active and by.may(Permission.REPLY)):
        raise PermissionDenied(_("Your role does not allow this."))
