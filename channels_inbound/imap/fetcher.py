"""Keeps every mailbox visited: lends them out, starts a thread for each visit, renews leases, stops within seconds.

A mailbox that waits costs a thread that sleeps; a slow one holds up nobody else. Threads share a few database
connections, for a visit needs one only for moments. Any number of processes may do this at once.
"""

from __future__ import annotations

import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from channels_inbound.imap import leases
from channels_inbound.imap.cursor import Lease
from channels_inbound.imap.visit import Visit
from channels_inbound.models import Mailbox

logger = logging.getLogger(__name__)

TICK_SECONDS = 2.0
DATABASE_THREADS = 2
# A visit that does not end its batch in this time is cut.
GRACE_SECONDS = 2.0
MAX_VISITS = 500


class Fetcher:
    """`start`, and `stop`, which ends every visit and gives the leases back."""

    def __init__(self, *, tick_seconds: float = TICK_SECONDS) -> None:
        self.tick_seconds = tick_seconds
        self.visits: dict[Lease, tuple[Visit, threading.Thread]] = {}
        self._ended: set[uuid.UUID] = set()
        self._stopping = threading.Event()
        self._database = ThreadPoolExecutor(DATABASE_THREADS, "imap-db")
        self._thread = threading.Thread(target=self._run, name="imap", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Within `patience` seconds, whatever the servers do. A visit in the middle of a batch may finish it first."""
        self._stopping.set()
        self._thread.join(patience)
        deadline = monotonic() + patience
        for visit, _ in self.visits.values():
            visit.stop()
        self._join(monotonic() + GRACE_SECONDS)
        for visit, thread in self.visits.values():
            if thread.is_alive():
                visit.cut()
        self._join(deadline)
        # Also of a visit that still hangs in its connection: without its lease it can write nothing any more.
        self._ended.update(lease.token for lease in self.visits)
        try:
            self._reap()
        except DatabaseError as error:
            logger.warning("leases not given back", exc_info=error)
        self.visits.clear()
        self._database.shutdown(wait=False, cancel_futures=True)

    def _join(self, deadline: float) -> None:
        for _, thread in list(self.visits.values()):
            thread.join(max(0.0, deadline - monotonic()))

    def _run(self) -> None:
        renew_at = 0.0
        while not self._stopping.wait(self.tick_seconds if renew_at else 0):
            try:
                self._reap()
                if monotonic() >= renew_at:
                    self._renew()
                    renew_at = monotonic() + settings.IMAP_LEASE_SECONDS / 5
                self._begin()
            except DatabaseError as error:
                logger.warning("mailboxes not looked after", exc_info=error)
                renew_at = renew_at or monotonic()

    def _reap(self) -> None:
        """Give back the leases of visits that ended; again next time if the database does not answer."""
        for lease, (_, thread) in list(self.visits.items()):
            if not thread.is_alive():
                del self.visits[lease]
                self._ended.add(lease.token)
        if self._ended:
            self.in_database(leases.release, set(self._ended))
            self._ended.clear()

    def _renew(self) -> None:
        if not self.visits:
            return
        versions = {lease: visit.mailbox.version for lease, (visit, _) in self.visits.items()}
        for lease in self.in_database(leases.renew, versions, at=timezone.now()):
            self.visits[lease][0].stop()

    def _begin(self) -> None:
        limit = MAX_VISITS - len(self.visits)
        if limit <= 0:
            return
        claimed: list[tuple[Lease, Mailbox]] = self.in_database(leases.claim_due, at=timezone.now(), limit=limit)
        for lease, mailbox in claimed:
            visit = Visit(lease, mailbox, self.in_database)
            thread = threading.Thread(target=visit.run, name=f"imap-{mailbox.pk}", daemon=True)
            self.visits[lease] = (visit, thread)
            thread.start()

    def in_database(self, work: Any, *arguments: Any, **named: Any) -> Any:
        """Run `work` on one of the few threads that have a database connection."""
        return self._database.submit(_with_connection, work, arguments, named).result()


def _with_connection(work: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    close_old_connections()
    try:
        return work(*arguments, **named)
    finally:
        close_old_connections()
