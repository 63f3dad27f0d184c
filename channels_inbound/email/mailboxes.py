"""Which channel an address belongs to. Remembered for a few seconds, so that one look serves a burst of mails."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from time import monotonic

from channels_inbound.email.addresses import normal, split_plus
from tickets.models import Channel, ChannelKind

REMEMBERED_SECONDS = 3.0


class Mailboxes:
    """The active mail channels by address, read again when the memory is old. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: Mapping[str, int] = {}
        self._read_at = -REMEMBERED_SECONDS

    def channel_for(self, address: str) -> int | None:
        """The channel of `address`, in any case and with any `+detail`; None if nobody here has it."""
        known = self._current()
        exact = known.get(normal(address))
        return exact if exact is not None else known.get(split_plus(address)[0])

    def _current(self) -> Mapping[str, int]:
        if monotonic() - self._read_at < REMEMBERED_SECONDS:
            return self._known
        rows = Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).values_list("address", "pk")
        known = {normal(address): pk for address, pk in rows}
        with self._lock:
            self._known, self._read_at = known, monotonic()
        return known
