"""How many requests this process answered and how long they took, for /metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from threading import Lock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_lock = Lock()
_answered: Counter[tuple[str, int]] = Counter()
_durations = [0] * (len(BUCKETS) + 1)
_seconds = 0.0


def note_request(method: str, status: int, seconds: float) -> None:
    """Count one answered request. Only known methods get a line of their own: anyone can invent more."""
    global _seconds
    with _lock:
        _answered[method if method in METHODS else "other", status] += 1
        _durations[bisect_left(BUCKETS, seconds)] += 1
        _seconds += seconds


def traffic() -> tuple[dict[tuple[str, int], int], list[int], float]:
    """(answers by method and status, cumulative counts by bucket with +Inf last, seconds in all)."""
    with _lock:
        counts, seconds, answered = list(_durations), _seconds, dict(_answered)
    for index in range(1, len(counts)):
        counts[index] += counts[index - 1]
    return answered, counts, seconds
