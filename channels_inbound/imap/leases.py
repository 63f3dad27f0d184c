"""Which process has which mailbox, until when, and how its last visit went: leases in rows (decision 28)."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.imap.cursor import Lease, held
from channels_inbound.imap.troubles import Trouble
from channels_inbound.models import Mailbox, MailboxState
from events.actors import SYSTEM
from events.ledger import record_event

FIRST_WAIT = 5.0
LONGEST_WAIT = 300.0
# Servers lock accounts out that come with a wrong password too often.
FIRST_WAIT_REFUSED = 300.0
LONGEST_WAIT_REFUSED = 3600.0


def claim_due(*, at: datetime, limit: int) -> list[tuple[Lease, Mailbox]]:
    """Take mailboxes whose time has come and that nobody has."""
    free = Q(lease_until=None) | Q(lease_until__lt=at)
    claimed = []
    with transaction.atomic():
        due = (
            Mailbox.objects.filter(free, is_active=True, channel__is_active=True, next_look_at__lte=at)
            .select_related("channel")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
        )
        for mailbox in due.order_by("next_look_at")[:limit]:
            mailbox.lease_token, mailbox.lease_until = uuid.uuid4(), at + lease_time()
            mailbox.save(update_fields=["lease_token", "lease_until"])
            claimed.append((Lease(mailbox.pk, mailbox.lease_token), mailbox))
    return claimed


def lease_time() -> timedelta:
    return timedelta(seconds=settings.IMAP_LEASE_SECONDS)


def renew(leases: Mapping[Lease, int], *, at: datetime) -> set[Lease]:
    """More time for all of them; those that are not ours any more, or whose settings changed since that version."""
    tokens = [lease.token for lease in leases]
    with transaction.atomic():
        # A row that a visit is just writing is passed over: its lease has time left until the next round.
        rows = Mailbox.objects.filter(lease_token__in=tokens).select_for_update(skip_locked=True, no_key=True)
        Mailbox.objects.filter(pk__in=[row.pk for row in rows.only("pk")]).update(lease_until=at + lease_time())
    current = set(
        Mailbox.objects.filter(lease_token__in=tokens, is_active=True, channel__is_active=True).values_list(
            "lease_token", "version"
        )
    )
    return {lease for lease, version in leases.items() if (lease.token, version) not in current}


def release(tokens: Collection[uuid.UUID]) -> None:
    """Let go, so that whoever comes next need not wait for the end of the lease."""
    Mailbox.objects.filter(lease_token__in=tokens).update(lease_token=None, lease_until=None)


def note_good(lease: Lease, *, at: datetime, next_look_in: float) -> None:
    """A look at the mailbox came to its end: whatever was wrong is over."""
    with held(lease) as mailbox:
        if mailbox.state == MailboxState.REFUSED:
            _record(mailbox, ChannelEvent.MAILBOX_RECOVERED, at=at)
        mailbox.state, mailbox.trouble, mailbox.trouble_detail = MailboxState.OK, "", ""
        mailbox.failures, mailbox.failing_since = 0, None
        mailbox.last_look_at, mailbox.next_look_at = at, at + timedelta(seconds=_about(next_look_in, 0.1))
        mailbox.save(update_fields=[
            "state", "trouble", "trouble_detail", "failures", "failing_since", "last_look_at", "next_look_at",
        ])  # fmt: skip


def note_trouble(lease: Lease, trouble: Trouble, *, at: datetime) -> None:
    """A visit failed: what is wrong is shown at once, and the next try has its time. Never switches a mailbox off."""
    with held(lease) as mailbox:
        mailbox.failures += 1
        if trouble.needs_a_person and mailbox.state != MailboxState.REFUSED:
            _record(mailbox, ChannelEvent.MAILBOX_REFUSED, at=at, trouble=trouble.kind.value)
        mailbox.state = MailboxState.REFUSED if trouble.needs_a_person else MailboxState.RETRYING
        mailbox.trouble, mailbox.trouble_detail = trouble.kind.value, trouble.detail
        mailbox.failing_since = mailbox.failing_since or at
        wait = wait_after(mailbox.failures, needs_a_person=trouble.needs_a_person)
        mailbox.next_look_at = at + timedelta(seconds=wait)
        mailbox.save(update_fields=[
            "failures", "state", "trouble", "trouble_detail", "failing_since", "next_look_at",
        ])  # fmt: skip


def wait_after(failures: int, *, needs_a_person: bool) -> float:
    """Seconds until the next try after so many failures in a row, doubled each time and never quite the same."""
    first, longest = (FIRST_WAIT_REFUSED, LONGEST_WAIT_REFUSED) if needs_a_person else (FIRST_WAIT, LONGEST_WAIT)
    return _about(min(longest, first * 2 ** min(failures - 1, 12)), 0.3)


def _about(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311 - so that not all come at once


def _record(mailbox: Mailbox, kind: ChannelEvent, *, at: datetime, **data: str) -> None:
    lock_channel(mailbox.channel_id)
    record_event(channel_stream(mailbox.channel_id), kind, by=SYSTEM, at=at, data={"mailbox": mailbox.pk, **data})
