"""The outbox: claiming replies that are due and keeping what became of each. For channels, not for people.

The Message row is the outbox (decision 2). A claim is fenced by its attempt number: whoever comes late with an old
one changes nothing. Between claim and outcome no transaction is open; `begin_handover` commits the moment from which
on the other side may have the message, so that a killed worker leaves either "try again" or "not known", and never
sends twice in silence (threat R13).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from events.actors import SYSTEM, Actor
from events.models import Event
from tickets.deliveries import Deliveries, after_attempt, any_reached, lost, still_to_send
from tickets.events import TicketEvent
from tickets.models import Channel, Cycle, Message, OutboxState, SearchEntry, Status, Ticket
from tickets.outbound import OutboundMessage
from tickets.unprompted import is_unwanted

from .base import lock_ticket_of, record
from .envelope import outbound_messages
from .later import apply_when_it_leaves, hold_reply, is_overtaken

Refused = Mapping[str, str]
LEASE = timedelta(seconds=120)
# A reply that has killed this many workers is given up and shown.
MAX_LOST_CLAIMS = 5
LOST_BEFORE_SENDING = "The worker stopped before sending."

_DUE = """
SELECT ticket_id, id FROM tickets_message WHERE outbox = 'queued' AND not_before <= %s
ORDER BY not_before LIMIT %s
"""


def claim_replies(limit: int, *, at: datetime) -> list[OutboundMessage]:
    """Take up to `limit` due replies: sending, leased, attempt counted, `message.sent` recorded the first time.

    Tickets that somebody is writing to at this moment are left for the next call, so nothing waits for a lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [at, limit])
        due = cursor.fetchall()
    if not due:
        return []
    with transaction.atomic():
        tickets = _lock_tickets({ticket_id for ticket_id, _ in due})
        messages = list(
            Message.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(pk__in=[id for _, id in due], ticket__in=tickets, outbox=OutboxState.QUEUED, not_before__lte=at)
            .select_related("conversation", "agent")
            .order_by("pk")
        )
        messages = [message for message in messages if not _held_back(tickets[message.ticket_id], message, at=at)]
        ids = [message.pk for message in messages]
        Message.objects.filter(pk__in=ids).update(
            outbox=OutboxState.SENDING, attempts=F("attempts") + 1, lease_until=at + LEASE, handed_over_at=None
        )
        for message in messages:
            if not message.attempts:
                _note_sent(tickets[message.ticket_id], message, at=at)
    return outbound_messages(ids)


def _lock_tickets(ids: set[int]) -> dict[int, Ticket]:
    locked = Ticket.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=ids).order_by("pk")
    return {ticket.pk: ticket for ticket in locked}


def _held_back(ticket: Ticket, message: Message, *, at: datetime) -> bool:
    """A reply for later whose customer wrote in between, or to what is spam by now, stays until somebody has decided;
    what its reader has unsubscribed from is taken back."""
    if is_unwanted(message.envelope):
        _take_back(ticket, message, at=at)
        return True
    spam = ticket.status == Status.SPAM and not message.conversation.aside
    if not spam and not is_overtaken(message):
        return False
    hold_reply(ticket, message, at=at, reason="spam" if spam else "")
    return True


def _take_back(ticket: Ticket, message: Message, *, at: datetime) -> None:
    message.outbox = OutboxState.WITHDRAWN
    message.save(update_fields=["outbox"])
    SearchEntry.objects.filter(message=message).delete()
    data = {"message": message.pk, "sequence": message.sequence, "reason": "unsubscribed"}
    record(ticket, TicketEvent.MESSAGE_WITHDRAWN, by=SYSTEM, at=at, data=data)


def _note_sent(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """The reply is on its way: service levels count the click, or the moment chosen, not the wait for undo; and only
    what a person wrote to the customer."""
    meant = message.scheduled_for or message.at
    aside = message.conversation.aside
    # What we write before anybody has asked answers nobody.
    if not message.auto_kind and not aside and ticket.inbound_sequence:
        Cycle.objects.filter(ticket=ticket, solved_at=None, first_reply_at=None).update(
            first_reply_at=meant, first_reply=message
        )
    by = Actor.agent(message.agent_id) if message.agent_id else SYSTEM
    data = {"message": message.pk, "sequence": message.sequence, "clicked_at": meant.isoformat()}
    data |= {"aside": True} if aside else {}
    if message.scheduled_for is not None:
        apply_when_it_leaves(ticket, message, at=at)
    record(ticket, TicketEvent.MESSAGE_SENT, by=by, at=at, data=data)


def begin_handover(message_id: int, attempt: int, *, at: datetime) -> bool:
    """Commit that from now on the other side may have it. False: the claim is lost, send nothing."""
    return bool(_claimed(message_id, attempt).update(handed_over_at=at))


def record_accepted(message_id: int, attempt: int, *, at: datetime, refused: Refused | None = None) -> bool:
    """The other side took it, but for the recipients it `refused` for good."""
    detail = "; ".join(f"{who}: {why}" for who, why in (refused or {}).items())
    changes = {"outbox": OutboxState.SENT, "sent_at": at, "error": detail[:500]}
    kept = _settle(
        message_id, attempt, TicketEvent.DELIVERY_ACCEPTED, changes, at=at, reached=True, refused=refused or {}
    )
    if kept:
        channel = Channel.objects.filter(conversations__messages=message_id)
        stale = Q(last_sent_at=None) | Q(last_sent_at__lt=at - timedelta(seconds=5))
        channel.filter(stale).update(last_sent_at=at)
    return kept


def record_temporary_failure(
    message_id: int,
    attempt: int,
    *,
    error: str,
    next_try_at: datetime,
    at: datetime,
    reached: bool = False,
    refused: Refused | None = None,
    waiting: Refused | None = None,
) -> bool:
    """Not now: it waits and is tried again. `reached` says that the others were: then only those `waiting` are."""
    changes = {"outbox": OutboxState.QUEUED, "not_before": next_try_at, "error": error[:500]}
    return _settle(
        message_id, attempt, TicketEvent.DELIVERY_DELAYED, changes,
        at=at, reached=reached, refused=refused or {}, waiting=waiting or {},
    )  # fmt: skip


def record_held(message_id: int, attempt: int, *, why: str, until: datetime, at: datetime) -> bool:
    """It was not tried, since so much goes to its recipients: it waits, and this counts as no try. Told once for each
    reason."""
    with transaction.atomic():
        ticket = lock_ticket_of(message_id)
        message = _claimed(message_id, attempt).only("error").first() if ticket else None
        if ticket is None or message is None:
            return False
        # Once claimed it never looks unclaimed again: what was told at the first claim is not told anew.
        tried = Greatest(F("attempts") - 1, 1)
        _claimed(message_id, attempt).update(
            outbox=OutboxState.QUEUED, not_before=until, error=why, attempts=tried, lease_until=None
        )
        if message.error != why:
            data = {"message": message_id, "attempt": attempt, "error": why}
            record(ticket, TicketEvent.DELIVERY_DELAYED, by=SYSTEM, at=at, data=data)
    return True


def record_permanent_failure(message_id: int, attempt: int, *, error: str, at: datetime) -> bool:
    """Never, for all this attempt went to: the agent is told why."""
    changes = {"outbox": OutboxState.FAILED, "error": error[:500]}
    return _settle(message_id, attempt, TicketEvent.DELIVERY_FAILED, changes, at=at, attention=True)


def record_unknown(message_id: int, attempt: int, *, error: str, at: datetime) -> bool:
    """Nobody knows whether it arrived: shown, never tried again by itself."""
    changes = {"outbox": OutboxState.UNKNOWN, "error": error[:500]}
    return _settle(message_id, attempt, TicketEvent.DELIVERY_UNKNOWN, changes, at=at, attention=True)


def release_expired(*, at: datetime, limit: int = 200) -> int:
    """Settle claims whose worker is gone: before the handover it is safe to try again, after it nobody knows."""
    expired = Message.objects.filter(outbox=OutboxState.SENDING, lease_until__lte=at).order_by("lease_until")[:limit]
    for message in expired:
        if message.handed_over_at is not None:
            record_unknown(message.pk, message.attempts, error="The worker stopped while sending.", at=at)
        elif _claims_lost(message) + 1 >= MAX_LOST_CLAIMS:
            record_permanent_failure(message.pk, message.attempts, error="The worker stopped at every try.", at=at)
        else:
            record_temporary_failure(message.pk, message.attempts, error=LOST_BEFORE_SENDING, next_try_at=at, at=at)
    return len(expired)


def _claims_lost(message: Message) -> int:
    """How many workers this reply has outlived so far; tries that a server refused do not count."""
    delayed = Event.objects.filter(
        stream_type="ticket", stream_id=message.ticket_id, kind=TicketEvent.DELIVERY_DELAYED,
        data__message=message.pk, data__error=LOST_BEFORE_SENDING,
    )  # fmt: skip
    return delayed.count()


def _claimed(message_id: int, attempt: int) -> QuerySet[Message]:
    return Message.objects.filter(pk=message_id, outbox=OutboxState.SENDING, attempts=attempt)


def _settle(
    message_id: int,
    attempt: int,
    kind: TicketEvent,
    changes: dict[str, Any],
    *,
    at: datetime,
    attention: bool = False,
    reached: bool = False,
    refused: Refused | None = None,
    waiting: Refused | None = None,
) -> bool:
    """Write an outcome if the claim is still this attempt's; True if it was."""
    with transaction.atomic():
        ticket = lock_ticket_of(message_id)
        message = _claimed(message_id, attempt).only("envelope", "deliveries").first() if ticket else None
        if ticket is None or message is None:
            return False
        changes = _with_recipients(message, changes, at, reached, refused or {}, waiting or {})
        attention = attention or (changes["outbox"] == OutboxState.SENT and bool(lost(changes["deliveries"])))
        if not _claimed(message_id, attempt).update(lease_until=None, **changes):
            return False
        if attention and not ticket.needs_attention:
            ticket.needs_attention = True
            ticket.save(update_fields=["needs_attention"])
        data = {"message": message_id, "attempt": attempt}
        data |= {"error": changes["error"][:200]} if changes.get("error") else {}
        record(ticket, kind, by=SYSTEM, at=at, data=data)
    return True


def _with_recipients(
    message: Message, changes: dict[str, Any], at: datetime, reached: bool, refused: Refused, waiting: Refused
) -> dict[str, Any]:
    """The changes with what they mean for each recipient. A failure where others were reached is no failed reply:
    it is sent, and what is lost stands beside the names."""
    if changes["outbox"] == OutboxState.FAILED:
        refused = dict.fromkeys(still_to_send(message.envelope, message.deliveries), changes["error"])
    states = after_attempt(message, at=at, reached=reached, refused=refused, waiting=waiting)
    changes = changes | {"deliveries": states or None}
    if changes["outbox"] == OutboxState.FAILED and any_reached(states):
        changes["outbox"] = OutboxState.SENT
    if changes["outbox"] == OutboxState.SENT and not changes["error"]:
        changes["error"] = _lost_words(states)
    return changes


def _lost_words(states: Deliveries) -> str:
    return "; ".join(f"{who}: {states[who]['detail']}" for who in lost(states))[:500]


def queue_state(*, at: datetime) -> dict[str, int]:
    """Seconds the oldest due reply has waited, and how many have no known outcome: for health and metrics."""
    oldest = Message.objects.filter(outbox=OutboxState.QUEUED, not_before__lte=at).order_by("not_before").first()
    since = (at - oldest.not_before).total_seconds() if oldest and oldest.not_before else 0
    return {
        "oldest_due_seconds": int(since),
        "unknown": Message.objects.filter(outbox=OutboxState.UNKNOWN).count(),
    }
