"""Sending what agents wrote: claim, hand over, and say how it ended. No transaction is open while a server is asked.

A worker may be killed anywhere. Before the mail is handed over, the claim runs out and the reply is sent again by
another; after it, the reply shows as "not known" and a person decides. Never is one sent twice silently.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

from django.utils import timezone

from channels_inbound.email.compose import ComposedMail, compose_mail
from channels_inbound.email.headers_out import wire_address
from channels_inbound.email.send import Outcome, SendResult, Unreachable
from channels_inbound.health import note_send_trouble, note_sent
from channels_inbound.hooks.sending import send_by_provider
from channels_inbound.outgoing.dispatch import Dispatch
from events.tracing import tracing
from people.storage import open_blob
from tickets.actions.delivery import (
    claim_replies,
    record_accepted,
    record_held,
    record_permanent_failure,
    record_temporary_failure,
    record_unknown,
)
from tickets.kinds import traits_of
from tickets.outbound import OutboundAttachment, OutboundMessage

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 240.0
# Few at a time: a claim lasts 120 s, and a slow server takes its time for each.
CLAIMED_AT_ONCE = 4
_FIRST_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_LATER_WAIT = timedelta(hours=4)
# 1 h 21 min for the first four waits, then every four hours: two days in all.
MAX_ATTEMPTS = 16


def next_try(attempt: int, *, at: datetime) -> datetime | None:
    """When to try again after attempt number `attempt` (from 1) failed; None when two days of trying are over."""
    if attempt >= MAX_ATTEMPTS:
        return None
    return at + (_FIRST_WAITS[attempt - 1] if attempt <= len(_FIRST_WAITS) else _LATER_WAIT)


class Outgoing(Protocol):
    """Where replies leave by."""

    def deliver(self, m: OutboundMessage, mail: ComposedMail) -> SendResult: ...
    def close(self) -> None: ...


def drain_outbound(*, max_seconds: float = DRAIN_SECONDS, via: Outgoing | None = None) -> Counter[str]:
    """Send what is due until nothing is left or the time is up; how many ended how."""
    done: Counter[str] = Counter()
    deadline = monotonic() + max_seconds
    way = via or Dispatch()
    try:
        while monotonic() < deadline:
            claimed = claim_replies(CLAIMED_AT_ONCE, at=timezone.now())
            if not claimed:
                break
            done.update(_send_all(claimed, way))
    finally:
        way.close()
    return done


def _send_all(claimed: list[OutboundMessage], way: Outgoing) -> list[str]:
    ended = []
    trouble: dict[int, str] = {}
    for m in claimed:
        with tracing(m.trace):  # the click's id, whichever job came to send it
            if not traits_of(m.channel_kind).addressed:
                ended.append(send_by_provider(m).value)
                continue
            if said := trouble.get(m.channel_id):  # no server answered a moment ago: do not wait for one once a mail
                result = SendResult(Outcome.TEMPORARY, said)
            else:
                result, trouble[m.channel_id] = _send_one(m, way)
            _record(m, result)
            logger.info("reply %s", result.outcome.value, extra={"message_row": m.message_id, "attempt": m.attempt})
        ended.append(result.outcome.value)
    return ended


def _send_one(m: OutboundMessage, way: Outgoing) -> tuple[SendResult, str]:
    """The result, and what is wrong with the server if it cannot be used at all."""
    try:
        mail = compose_mail(m, at=timezone.now(), load=_content)
    except FileNotFoundError:
        return SendResult(Outcome.PERMANENT, "an attached file is missing on storage"), ""
    except Exception as error:  # one reply that cannot be put into words must not stop the others
        logger.exception("reply not composed", extra={"message_row": m.message_id})
        return SendResult(Outcome.PERMANENT, f"could not be written as a mail ({type(error).__name__})"), ""
    try:
        return way.deliver(m, mail), ""
    except Unreachable as error:
        note_send_trouble(m.channel_id, detail=str(error))
        return SendResult(Outcome.TEMPORARY, str(error)), str(error)


def _content(attachment: OutboundAttachment) -> bytes:
    with open_blob(attachment.sha256) as file:
        return file.read()


def _record(m: OutboundMessage, result: SendResult) -> None:
    now = timezone.now()
    records: dict[Outcome, Callable[[], object]] = {
        Outcome.ACCEPTED: lambda: _accepted(m, result, now),
        Outcome.TEMPORARY: lambda: _temporary(m, result, now),
        Outcome.PERMANENT: lambda: record_permanent_failure(m.message_id, m.attempt, error=result.detail, at=now),
        Outcome.UNKNOWN: lambda: record_unknown(m.message_id, m.attempt, error=result.detail, at=now),
        Outcome.CLAIM_LOST: lambda: None,
        Outcome.HELD: lambda: _held(m, result, now),
    }
    records[result.outcome]()


def _held(m: OutboundMessage, result: SendResult, now: datetime) -> None:
    record_held(m.message_id, m.attempt, why=result.detail, until=result.again_at or now, at=now)


def _accepted(m: OutboundMessage, result: SendResult, now: datetime) -> None:
    refused, waiting = _by_address(m, result.refused), _by_address(m, result.waiting)
    again = _again(m, result, now) if waiting else None
    if again is None:
        record_accepted(m.message_id, m.attempt, at=now, refused=refused | waiting)
    else:
        error = "; ".join(f"{who}: {why}" for who, why in (refused | waiting).items())
        record_temporary_failure(
            m.message_id, m.attempt, error=error, next_try_at=again, at=now,
            reached=True, refused=refused, waiting=waiting,
        )  # fmt: skip
    note_sent(m.channel_id, at=now)


def _by_address(m: OutboundMessage, said: Mapping[str, str]) -> dict[str, str]:
    """What the server said, by the address as we know it instead of as it travels."""
    everyone = {item.address for item in (*m.to, *m.cc, *m.bcc)}
    return {who: said[wire_address(who)] for who in everyone if wire_address(who) in said}


def _again(m: OutboundMessage, result: SendResult, now: datetime) -> datetime | None:
    """When to try again: not before whoever refused us for now wants to hear of us."""
    again = next_try(m.attempt, at=now)
    return max(again, result.again_at) if again and result.again_at else again


def _temporary(m: OutboundMessage, result: SendResult, now: datetime) -> None:
    again = _again(m, result, now)
    if again is None:
        record_permanent_failure(m.message_id, m.attempt, error=f"given up after two days: {result.detail}", at=now)
        return
    record_temporary_failure(
        m.message_id, m.attempt, error=result.detail, next_try_at=again, at=now,
        refused=_by_address(m, result.refused), waiting=_by_address(m, result.waiting),
    )  # fmt: skip
