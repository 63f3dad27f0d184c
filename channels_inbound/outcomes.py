"""What became of a raw delivery, written for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from channels_inbound.claims import Claim
from channels_inbound.events import ChannelEvent, channel_stream, lock_channel
from channels_inbound.models import RawState
from events.actors import SYSTEM
from events.ledger import record_event
from events.statements import prepared
from tickets.inbound import IngestResult

_STATES = {"new": RawState.INGESTED, "threaded": RawState.INGESTED, "bounce": RawState.INGESTED,
           "duplicate": RawState.DUPLICATE, "own": RawState.IGNORED}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawOutcome:
    """The end of one claim: the new state, why, and the message it became."""

    claim: Claim
    state: RawState
    reason: str = ""
    message_id: int | None = None
    ticket_id: int | None = None
    word: str = "quarantined"

    @classmethod
    def of(cls, claim: Claim, result: IngestResult) -> Self:
        return cls(claim, _STATES[result.outcome], result.reason, result.message_id, result.ticket_id, result.outcome)


_WRITE = """
UPDATE channels_inbound_rawdelivery d
SET state = v.state, reason = v.reason, message_id = v.message_id, finished_at = %s, lease_until = NULL
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) AS v(id, state, reason, message_id)
WHERE d.id = v.id
"""


def write_outcomes(outcomes: Sequence[RawOutcome], *, at: datetime) -> None:
    """Mark the deliveries, inside the caller's transaction, which holds their claims."""
    with prepared() as cursor:
        cursor.execute(
            _WRITE,
            [
                at,
                [outcome.claim.id for outcome in outcomes],
                [outcome.state.value for outcome in outcomes],
                [outcome.reason.replace("\x00", "")[:500] for outcome in outcomes],
                [outcome.message_id for outcome in outcomes],
            ],
        )


def tell_quarantined(outcomes: Sequence[RawOutcome], *, at: datetime) -> None:
    """Record what was set aside, so that a person hears of it."""
    for outcome in outcomes:
        if outcome.state == RawState.QUARANTINED:
            lock_channel(outcome.claim.channel_id)
            record_event(
                channel_stream(outcome.claim.channel_id), ChannelEvent.MAIL_QUARANTINED,
                by=SYSTEM, at=at, data={"delivery": outcome.claim.id},
            )  # fmt: skip
