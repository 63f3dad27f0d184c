"""What became of a reply for each of its recipients. Pure but for `note_report`, which changes a locked row.

`Message.deliveries` holds {address: {"state", "detail", "at"}}. Who has no entry has not been tried, or the try ended
without anybody being reached: those are sent to next. Nobody who was reached is ever sent to again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from tickets.models import Message, OutboxState
from tickets.recipients import addresses_of

Deliveries = dict[str, dict[str, str]]


class RecipientState(StrEnum):
    """`waiting`: not now, we try again. `delayed`: taken, but a report says that it is still under way."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    DELAYED = "delayed"
    REFUSED = "refused"
    BOUNCED = "bounced"


LOST = frozenset({RecipientState.REFUSED, RecipientState.BOUNCED})
REACHED = frozenset({RecipientState.ACCEPTED, RecipientState.DELAYED})


def recipients_of(envelope: Mapping[str, Any]) -> list[str]:
    """Every address the reply goes to, once."""
    entries = [entry for name in ("to", "cc", "bcc") for entry in envelope.get(name, ())]
    return [entry.address for entry in addresses_of(entries)]


def still_to_send(envelope: Mapping[str, Any], deliveries: Deliveries | None) -> list[str]:
    """Whom the next attempt goes to."""
    settled = REACHED | LOST
    return [who for who in recipients_of(envelope) if _state(deliveries, who) not in settled]


def lost(deliveries: Deliveries | None) -> list[str]:
    """Who was not reached and will not be."""
    return [who for who in deliveries or {} if _state(deliveries, who) in LOST]


def all_lost(envelope: Mapping[str, Any], deliveries: Deliveries | None) -> bool:
    return bool(deliveries) and all(_state(deliveries, who) in LOST for who in recipients_of(envelope))


def any_reached(deliveries: Deliveries | None) -> bool:
    return any(_state(deliveries, who) in REACHED for who in deliveries or {})


def after_attempt(
    message: Message, *, at: datetime, reached: bool, refused: Mapping[str, str], waiting: Mapping[str, str]
) -> Deliveries:
    """The states after an attempt: the refused, those to wait, and if anybody was `reached` the rest of the attempt."""
    found = dict(message.deliveries or {})
    for who in still_to_send(message.envelope, found):
        if who in refused:
            found[who] = entry(RecipientState.REFUSED, refused[who], at)
        elif who in waiting:
            found[who] = entry(RecipientState.WAITING, waiting[who], at)
        elif reached:
            found[who] = entry(RecipientState.ACCEPTED, "", at)
    return found


def to_try_again(deliveries: Deliveries | None) -> Deliveries | None:
    """Without those who were not reached, so that the next attempt goes to them and to nobody else."""
    return {who: was for who, was in deliveries.items() if was.get("state") not in LOST} if deliveries else deliveries


def note_report(message_id: int, recipient: str, *, permanent: bool, status: str, at: datetime) -> bool:
    """A delivery report came back: True when it is news that this recipient is not reached. The caller holds the
    ticket's lock. Others keep their state; a delay is no failure."""
    message = Message.objects.filter(pk=message_id).only("envelope", "deliveries", "outbox", "error").first()
    if message is None or _state(message.deliveries, recipient) in LOST:
        return False
    state = RecipientState.BOUNCED if permanent else RecipientState.DELAYED
    deliveries = (message.deliveries or {}) | {recipient: entry(state, status, at)}
    message.deliveries = deliveries
    if permanent:
        message.error = f"{recipient}: {status} (delivery report)"[:500]
        if all_lost(message.envelope, deliveries):
            message.outbox = OutboxState.FAILED
    message.save(update_fields=["deliveries", "outbox", "error"])
    return permanent


def entry(state: RecipientState, detail: str, at: datetime) -> dict[str, str]:
    return {"state": str(state), "detail": detail[:300], "at": at.isoformat()}


def _state(deliveries: Deliveries | None, who: str) -> str:
    return (deliveries or {}).get(who, {}).get("state", "")
