"""What this process has counted since it began, for /metrics: of things that are no rows."""

from __future__ import annotations

from collections import Counter
from threading import Lock

_lock = Lock()
_counts: Counter[str] = Counter()


def count(what: str) -> None:
    """One more of it. `what` is a constant of the code: each is a line of /metrics for good."""
    with _lock:
        _counts[what] += 1


def counted(what: str) -> int:
    with _lock:
        return _counts[what]
