"""Whether this web process has been told to end: then it is alive, but no longer ready."""

from __future__ import annotations

import threading

_told = threading.Event()


def start() -> None:
    _told.set()


def started() -> bool:
    return _told.is_set()
