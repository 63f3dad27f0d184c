"""Telling others of commits less often than one commits: within `gathered`, ten times a second and at the end.

Who works through a backlog commits a hundred times a second, and each commit would ring a bell and tell the screens;
the two took a tenth of a mail's whole cost. What waits here is only told late, never lost more easily than before:
bells and live updates carry nothing that is not in rows (`events.doorbell`, `tickets.realtime`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 0.1


class _Waiting(threading.local):
    """What one thread has to tell, by key; `depth` counts the `gathered` around the work."""

    depth = 0
    told_at = 0.0

    def __init__(self) -> None:
        self.tellings: dict[str, Callable[[], object]] = {}


_waiting = _Waiting()


@contextmanager
def gathered() -> Iterator[None]:
    """Within, `tell` waits up to `SECONDS`; what still waits is told at the end, also when the work fails."""
    _waiting.depth += 1
    try:
        yield
    finally:
        _waiting.depth -= 1
        if not _waiting.depth:
            _tell_all()


def tell(key: str, telling: Callable[[], object]) -> None:
    """Call `telling`: at once outside of `gathered`, and within it soon, once for all that came with the same key."""
    if not _waiting.depth:
        telling()
        return
    _waiting.tellings[key] = telling
    tell_due()


def tell_due() -> None:
    """Tell what has waited long enough. A loop calls it between two pieces of work that may take long."""
    if _waiting.tellings and time.monotonic() - _waiting.told_at >= SECONDS:
        _tell_all()


def _tell_all() -> None:
    tellings, _waiting.tellings = _waiting.tellings, {}
    for telling in tellings.values():
        telling()
    _waiting.told_at = time.monotonic()
