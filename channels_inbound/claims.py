"""Who works on which raw delivery: leases in rows, counted and committed before the work.

A mailbox is worked on by one worker at a time, oldest mail first, so that an answer is never read before what it
answers. A worker that died holds its mailbox only until its lease ends; whoever comes back late finds its claim
taken and writes nothing, because every claim has its own number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from channels_inbound.models import RawState
from events.statements import PreparedCursor, prepared

BATCH = 50
BATCH_BYTES = 16 << 20
# After this many unfinished tries a mail may be what ends its worker: it is then tried alone, and at last set aside.
ALONE_AFTER = 2
MAX_ATTEMPTS = 5
RETRY_SECONDS = 5
GIVEN_UP = f"{MAX_ATTEMPTS} tries to read this mail did not come to an end"


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery this worker may work on until its lease ends; `attempt` is the number of the claim."""

    id: int
    channel_id: int
    attempt: int
    size: int
    trace_id: str
    transport: str
    envelope: dict[str, Any]
    received_at: datetime


_ALONE = """
SELECT pg_advisory_xact_lock(hashtext('channels_inbound.claim')), set_config('synchronous_commit', 'off', true)
"""
_CHOOSE = """
SELECT id, channel_id, attempts, size, trace_id, transport, envelope, received_at
FROM channels_inbound_rawdelivery
WHERE state = 'stored' AND (lease_until IS NULL OR lease_until < %(now)s) AND (transport = 'hook') = %(hooks)s
  AND channel_id NOT IN (
    SELECT channel_id FROM channels_inbound_rawdelivery WHERE state = 'stored' AND lease_until >= %(now)s)
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_CLAIM = """
UPDATE channels_inbound_rawdelivery SET attempts = attempts + 1, lease_until = %s WHERE id = ANY(%s)
"""
# A mail to two mailboxes is two deliveries of the same bytes, and either may be read first. None before what came
# earlier to the other mailbox: it may be the answer to that. The lower of its two ids decides, so no two mails wait
# for each other.
_TOO_EARLY = """
SELECT min(d.id) FROM channels_inbound_rawdelivery d
JOIN channels_inbound_rawdelivery twin ON twin.transport_key = d.transport_key AND twin.channel_id <> d.channel_id
JOIN channels_inbound_rawdelivery earlier ON earlier.channel_id = twin.channel_id
  AND earlier.id < LEAST(d.id, twin.id) AND NOT earlier.id = ANY(%(chosen)s)
WHERE d.id = ANY(%(shared)s) AND twin.state = 'stored' AND earlier.state = 'stored'
"""
_HOLD = """
SELECT id, attempts FROM channels_inbound_rawdelivery WHERE id = ANY(%s) AND state = 'stored' ORDER BY id FOR UPDATE
"""
_RENEW = """
UPDATE channels_inbound_rawdelivery d SET lease_until = %s
FROM unnest(%s::bigint[], %s::int[]) AS c(id, attempt)
WHERE c.id = d.id AND c.attempt = d.attempts AND d.state = 'stored'
"""


def claim_waiting(*, at: datetime, limit: int = BATCH, hooks: bool = False) -> list[Claim]:
    """Take the oldest waiting deliveries of mailboxes nobody works on, or (`hooks`) those of providers. Deliveries
    that used up their tries come back from `spent` and are not claimed."""
    with transaction.atomic(), prepared() as cursor:
        # Two workers choosing at once would both see a mailbox as free; choosing takes a millisecond. A claim that
        # a crash of the server forgets is made again, so its commit need not wait for the disk.
        cursor.execute(_ALONE)
        cursor.execute(_CHOOSE, {"now": at, "limit": limit, "hooks": hooks})
        chosen = _in_order(cursor, _together([_claim(*row) for row in cursor.fetchall()]))
        if chosen:
            cursor.execute(_CLAIM, [_lease_end(at), [claim.id for claim in chosen]])
    return chosen


def _claim(id: int, channel_id: int, attempts: int, *facts: Any) -> Claim:
    size, trace_id, transport, envelope, received_at = facts
    return Claim(id, channel_id, attempts + 1, size, trace_id, transport, json.loads(envelope), received_at)


def _together(waiting: Sequence[Claim]) -> list[Claim]:
    """The first ones that may share a transaction and the memory of one worker."""
    chosen: list[Claim] = []
    size = 0
    for claim in waiting:
        if chosen and (claim.attempt > ALONE_AFTER or size + claim.size > BATCH_BYTES):
            break
        chosen.append(claim)
        size += claim.size
        if claim.attempt > ALONE_AFTER:
            break
    return chosen


def _in_order(cursor: PreparedCursor, chosen: list[Claim]) -> list[Claim]:
    """Those before the first mail that must wait for another mailbox."""
    shared = [claim.id for claim in chosen if len(claim.envelope.get("rcpt_tos", ())) > 1]
    if not shared:
        return chosen
    cursor.execute(_TOO_EARLY, {"chosen": [claim.id for claim in chosen], "shared": shared})
    row = cursor.fetchone()
    first = row[0] if row else None
    return [claim for claim in chosen if first is None or claim.id < first]


def spent(claim: Claim) -> bool:
    """Whether earlier tries ended without an outcome too often: then nobody tries again unasked."""
    return claim.attempt > MAX_ATTEMPTS


def hold_claims(claims: Sequence[Claim]) -> set[int]:
    """Lock those of the claims that are still ours, for the rest of the transaction."""
    with prepared() as cursor:
        cursor.execute(_HOLD, [[claim.id for claim in claims]])
        found = cursor.fetchall()
    attempts = {claim.id: claim.attempt for claim in claims}
    return {id for id, attempt in found if attempts[id] == attempt}


def renew_claims(claims: Sequence[Claim], *, at: datetime) -> None:
    """More time for what is still ours."""
    with prepared() as cursor:
        cursor.execute(_RENEW, [_lease_end(at), [claim.id for claim in claims], [claim.attempt for claim in claims]])


def postpone_claims(claims: Sequence[Claim], *, at: datetime) -> None:
    """Let go after a passing fault (a lock, the disk): tried again soon, and the mailbox keeps its order."""
    until = at + timedelta(seconds=RETRY_SECONDS)
    with prepared() as cursor:
        cursor.execute(_RENEW, [until, [claim.id for claim in claims], [claim.attempt for claim in claims]])


def anything_waits(*, at: datetime, hooks: bool = False) -> bool:
    """Whether a drain would find something."""
    with prepared() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM channels_inbound_rawdelivery WHERE state = %s "
            "AND (lease_until IS NULL OR lease_until < %s) AND (transport = 'hook') = %s)",
            [RawState.STORED, at, hooks],
        )
        return cursor.fetchone() == (True,)


def _lease_end(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.INBOUND_LEASE_SECONDS)
