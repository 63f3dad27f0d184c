"""What agents do with calls: log one, note that a callback is done; and who sees which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_inbound.phone.calls import MAX_SECONDS, conclude_call
from channels_inbound.phone.numbers import e164, readable, region_of
from channels_inbound.quarantine import channels_visible_to
from people.identities import family
from people.models import Agent, Identity, IdentityKind
from people.permissions import Permission, PermissionDenied
from tickets.actions.base import record
from tickets.actions.reminders import LONGEST as REMINDER_LONGEST
from tickets.actions.reminders import set_reminder
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
    follow_up_at: datetime | None = None,
    client_id: UUID | None = None,
    at: datetime | None = None,
) -> Call:
    """Keep a call somebody had, and put it on its caller's ticket; at `follow_up_at` they are reminded of it. The same
    `client_id` again is the same call."""
    _check(by)
    now = at or timezone.now()
    _check_said(direction, outcome, seconds)
    answered = outcome == CallOutcome.ANSWERED
    with transaction.atomic():
        channel = channels_visible_to(by).filter(pk=channel_id, kind=KIND).select_for_update(of=("self",)).first()
        if channel is None:
            raise NotFound(_("There is no such channel."))
        plain = e164(number, region=region_of(channel.address))
        if not plain:
            raise InvalidInput("number", _("This is not a telephone number."))
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
            if follow_up_at is not None:
                _remind(call, follow_up_at, by=by, at=now)
    return call


def _check_said(direction: str, outcome: str, seconds: int) -> None:
    if direction not in CallDirection.values or outcome not in CallOutcome.values or outcome == CallOutcome.RINGING:
        raise InvalidInput("outcome", _("Say how the call went."))
    if not 0 <= seconds <= MAX_SECONDS:
        raise InvalidInput("seconds", _("A call lasts less than a day."))


def _remind(call: Call, when: datetime, *, by: Agent, at: datetime) -> None:
    text = call.note.partition("\n")[0][:REMINDER_LONGEST] or _("Follow up on the call")
    try:
        set_reminder(call.ticket_id or 0, by=by, remind_at=when, text=text, at=at)
    except InvalidInput as error:
        raise InvalidInput("follow_up_at", str(error.message)) from None
    except NotFound:
        raise InvalidInput("follow_up_at", _("The caller's ticket is not yours to see.")) from None


@dataclass(frozen=True, slots=True)
class Match:
    """Whose number was typed: the number as it is kept, and the customer with their newest ticket, as far as this agent
    sees any of theirs."""

    number: str
    name: str = ""
    ticket_id: int | None = None
    subject: str = ""


def match_number(number: str, *, by: Agent) -> Match | None:
    """Who that is; None for what is no number. One without a country code is taken for one of the agent's first line's,
    as the form has it before another is chosen."""
    _check(by)
    line = channels_visible_to(by).filter(kind=KIND).first()
    plain = e164(number, region=region_of(line.address) if line else "")
    if not plain:
        return None
    known = Identity.objects.filter(kind=IdentityKind.PHONE, value=plain, suspect=False)
    identity = known.select_related("customer__merged_into").first()
    if identity is None:
        return Match(plain)
    customer = identity.customer.merged_into or identity.customer
    seen = Ticket.objects.visible_to(by).filter(customer__in=family(customer.pk)).newest_first().first()
    return Match(plain, customer.name or readable(plain), seen.pk, seen.subject) if seen else Match(plain)


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
