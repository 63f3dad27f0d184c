"""Sending reports that are due: each period to each reader at most once, whatever dies in between.

A letter's row is made in the transaction that moves the mailing to its next moment, so two workers make one. It is
claimed by a lease; what is worked out before the hand-over is worked out again after a crash, what was cut off during
the hand-over is *unknown* and shown to the owner, never sent again in silence. Whatever fails before the server is
reached, or is refused by it in words, is tried again.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q

from events.actors import SYSTEM
from events.ledger import record_event
from metrics.events import MAILING_STREAM, ReportEvent
from metrics.mailing.letter import NotCounted, compose
from metrics.mailing.rhythm import next_moment, period_of
from metrics.models import LetterState, ReportLetter, ReportMailing, ReportReader
from people.permissions import Permission

LEASE = timedelta(minutes=10)
WAITS = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 180))
# Reasons: before the name of the error that kept a report from being made, and of a line that broke.
NOT_MADE, CUT_OFF = "not_made: ", "cut_off"
# Of figures over so many orders that they are counted beforehand; asking has begun it.
COUNTING = "counting"
log = logging.getLogger(__name__)
Compose = Callable[[ReportLetter], EmailMessage]


def plan_due(now: datetime, *, most: int = 50) -> int:
    """Make the letters of the mailings that are due; how many mailings those were. Of periods that passed while nothing
    ran only the last is told."""
    planned = 0
    for _one in range(most):
        with transaction.atomic():
            due = ReportMailing.objects.select_for_update(skip_locked=True).filter(next_at__lte=now)
            row = due.order_by("next_at", "pk").first()
            if row is None:
                return planned
            _plan(row, now)
            planned += 1
    return planned


def _plan(row: ReportMailing, now: datetime) -> None:
    moment = row.next_at
    while (after := next_moment(row.rhythm, row.hour, row.time_zone, moment)) <= now:
        moment = after
    first, last = period_of(row.rhythm, moment, row.time_zone)
    readers = sorted(ReportReader.objects.filter(mailing=row).values_list("agent_id", flat=True))
    letters = [ReportLetter(mailing=row, agent_id=id, first=first, last=last) for id in readers]
    ReportLetter.objects.bulk_create(letters, ignore_conflicts=True)
    row.next_at = after
    row.save(update_fields=["next_at"])
    data = {"first": first.isoformat(), "last": last.isoformat(), "readers": readers}
    _record(row.pk, ReportEvent.MAILING_DUE, data, now)


def send_due(now: datetime, *, most: int = 100, composing: Compose = compose) -> int:
    """Send what waits; how many were handed over. What a server refuses is tried again, five times."""
    # Leases count from the moment each is taken: a hundred letters may take longer than one lease.
    began = time.monotonic()
    _give_up_lost(now)
    sent = 0
    for _one in range(most):
        moment = now + timedelta(seconds=time.monotonic() - began)
        letter = _claim(moment)
        if letter is None:
            return sent
        sent += _send(letter, moment, composing)
    return sent


def _claim(now: datetime) -> ReportLetter | None:
    """One letter for this process, for as long as the lease lasts; None when nothing waits."""
    free = Q(state=LetterState.WAITING) | Q(state=LetterState.SENDING, handed_at=None, claimed_at__lt=now - LEASE)
    with transaction.atomic():
        rows = ReportLetter.objects.select_for_update(of=("self",), skip_locked=True).filter(free)
        rows = rows.filter(Q(not_before=None) | Q(not_before__lte=now))
        letter = rows.select_related("mailing__owner", "agent").order_by("pk").first()
        if letter is None:
            return None
        letter.state, letter.claimed_at, letter.attempt = LetterState.SENDING, now, letter.attempt + 1
        letter.save(update_fields=["state", "claimed_at", "attempt"])
        return letter


def _send(letter: ReportLetter, now: datetime, composing: Compose) -> int:
    if reason := refused(letter):
        _end(letter, LetterState.REFUSED, now, reason)
        return 0
    try:
        mail = composing(letter)
        mail.message()
    except NotCounted:
        _put_off(letter, now, COUNTING)
        return 0
    except Exception as error:  # a fault of ours in one letter must not stop the others, nor be tried for ever
        log.exception("report not made", extra={"letter": letter.pk})
        _put_off(letter, now, f"{NOT_MADE}{type(error).__name__}")
        return 0
    server = mail.connection = get_connection()
    try:
        server.open()
        return _hand_over(letter, mail, now)
    except OSError as error:  # smtplib's errors are such
        _put_off(letter, now, type(error).__name__)
        return 0
    finally:
        server.close()


def _hand_over(letter: ReportLetter, mail: EmailMessage, now: datetime) -> int:
    """1 when the server has it. OSError where it certainly does not."""
    # From here on it may have left: whoever finds the row so leaves it alone.
    if not _mine(letter).update(handed_at=now):
        return 0
    try:
        mail.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError):
        raise
    except OSError:
        # The line broke: whether before the server had it or after, nobody knows.
        _end(letter, LetterState.UNKNOWN, now, CUT_OFF)
        return 0
    _end(letter, LetterState.SENT, now, "")
    return 1


def refused(letter: ReportLetter) -> str:
    """Why this reader is not to be sent it now; nothing where they are. Asked at sending, not at wanting."""
    if not _reads(letter.agent):
        return "reader_may_not"
    if not _reads(letter.mailing.owner):
        return "owner_may_not"
    return "" if ReportReader.objects.filter(mailing=letter.mailing_id, agent=letter.agent_id).exists() else "left"


def _reads(agent: Any) -> bool:
    return bool(agent.is_active and agent.may(Permission.READ_REPORTS))


def _mine(letter: ReportLetter) -> Any:
    return ReportLetter.objects.filter(pk=letter.pk, state=LetterState.SENDING, attempt=letter.attempt)


def _put_off(letter: ReportLetter, now: datetime, reason: str) -> None:
    if letter.attempt > len(WAITS):
        _end(letter, LetterState.FAILED, now, reason)
        return
    waiting = {"state": LetterState.WAITING, "handed_at": None, "not_before": now + WAITS[letter.attempt - 1]}
    _mine(letter).update(**waiting, reason=reason)


def _end(letter: ReportLetter, state: LetterState, now: datetime, reason: str) -> None:
    with transaction.atomic():
        # The mailing's lock orders the events of its stream.
        ReportMailing.objects.select_for_update(no_key=True).filter(pk=letter.mailing_id).first()
        if not _mine(letter).update(state=state, ended_at=now, reason=reason):
            return
        kind = ReportEvent.LETTER_SENT if state == LetterState.SENT else ReportEvent.LETTER_NOT_SENT
        data = {"letter": letter.pk, "to": letter.agent_id, "first": letter.first.isoformat()}
        _record(letter.mailing_id, kind, data | ({"state": str(state), "reason": reason} if reason else {}), now)


def _give_up_lost(now: datetime) -> None:
    lost = ReportLetter.objects.filter(state=LetterState.SENDING, handed_at__isnull=False, claimed_at__lt=now - LEASE)
    for letter in lost.order_by("pk")[:100]:
        _end(letter, LetterState.UNKNOWN, now, CUT_OFF)


def _record(mailing_id: int, kind: ReportEvent, data: dict[str, Any], now: datetime) -> None:
    record_event((MAILING_STREAM, mailing_id), kind, by=SYSTEM, at=now, data=data)
