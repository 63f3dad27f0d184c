"""Bringing mails of files in: stored in small lots, read before the next lot comes, so that live mail goes first.

What was stored is known by its bytes. A run that was cut off anywhere is begun again from the front: what is there
already is passed over without being stored or read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep

from channels_inbound.importing.sources import FoundMail
from channels_inbound.inbound import drain_inbound
from channels_inbound.models import RawDelivery, RawState
from channels_inbound.raw import content_key, store_raw
from events.tracing import new_trace
from tickets.models import Channel

LOT = 50
LOT_BYTES = 16 << 20
PATIENCE_SECONDS = 90.0


@dataclass(slots=True)
class Report:
    """What became of each mail: (label, line, whether it was read), and how many of each kind."""

    label: str
    line: str
    good: bool
    known: bool = False


@dataclass(slots=True)
class Tally:
    """The sums of a run."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def mails(self) -> int:
        return sum(self.counts.values())

    def sentence(self) -> str:
        return ", ".join(f"{number:,} {what}" for what, number in self.counts.items() if number) or "no mails"


def import_mails(
    channel: Channel, mails: Iterable[FoundMail], *, historic: bool, tally: Tally, moved: Callable[[int], None]
) -> Iterator[Report]:
    """Bring them in and tell of each; `moved` hears how many bytes lie behind."""
    for lot in _lots(iter(mails)):
        yield from _bring_in(channel, lot, historic=historic, tally=tally)
        moved(lot[-1].read)


def _lots(mails: Iterator[FoundMail]) -> Iterator[list[FoundMail]]:
    lot: list[FoundMail] = []
    size = 0
    for mail in mails:
        if lot and (len(lot) == LOT or size + len(mail.content) > LOT_BYTES):
            yield lot
            lot, size = [], 0
        lot.append(mail)
        size += len(mail.content)
    if lot:
        yield lot


def _bring_in(channel: Channel, lot: Sequence[FoundMail], *, historic: bool, tally: Tally) -> Iterator[Report]:
    keys = {mail.label: content_key(mail.content) for mail in lot if not mail.problem}
    known = dict(
        RawDelivery.objects.filter(channel=channel, transport_key__in=keys.values()).values_list("transport_key", "pk")
    )
    stored: dict[str, int] = {}
    for mail in lot:
        if mail.problem:
            continue
        key = keys[mail.label]
        if key not in known and key not in stored:
            envelope = {"file": mail.label[-255:], "historic": historic}
            stored[key] = store_raw(
                [channel.pk], transport="file", content=mail.content, envelope=envelope, trace_id=new_trace()
            )[0]
    wait_until_read([*stored.values(), *_unread(known.values())])
    told = _deliveries([*stored.values(), *known.values()])
    for mail in lot:
        yield _report(mail, keys.get(mail.label, ""), known, told, tally)


def _report(mail: FoundMail, key: str, known: dict[str, int], told: dict[int, RawDelivery], tally: Tally) -> Report:
    if mail.problem:
        tally.counts["not read"] += 1
        return Report(mail.label, mail.problem, good=False)
    delivery = next(found for found in told.values() if found.transport_key == key)
    state = RawState(delivery.state)
    tally.counts["here before" if key in known else state.label.lower()] += 1
    return Report(mail.label, outcome(delivery), good=state != RawState.QUARANTINED, known=key in known)


def _unread(ids: Iterable[int]) -> list[int]:
    return list(RawDelivery.objects.filter(pk__in=list(ids), state=RawState.STORED).values_list("pk", flat=True))


def _deliveries(ids: Sequence[int]) -> dict[int, RawDelivery]:
    return RawDelivery.objects.select_related("message").in_bulk(list(ids))


def wait_until_read(delivery_ids: Sequence[int]) -> None:
    """Read the deliveries, or wait for the worker of the running helpdesk that has them."""
    if not delivery_ids:
        return
    waiting = RawDelivery.objects.filter(pk__in=delivery_ids, state=RawState.STORED)
    deadline = monotonic() + PATIENCE_SECONDS
    drain_inbound()
    while waiting.exists() and monotonic() < deadline:
        sleep(0.2)
        drain_inbound()


def outcome(delivery: RawDelivery) -> str:
    """What became of a delivery, in words."""
    ticket = f" #{delivery.message.ticket_id}" if delivery.message else ""
    words = {
        RawState.STORED: "stored; a worker of the running helpdesk is on it",
        RawState.INGESTED: f"ingested, ticket{ticket}",
        RawState.DUPLICATE: f"seen before, ticket{ticket}",
        RawState.IGNORED: f"ignored ({delivery.reason})",
        RawState.QUARANTINED: f"in quarantine ({delivery.reason})",
    }
    return words[RawState(delivery.state)]
