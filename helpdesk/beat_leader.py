"""Of several beats one gives the ticks: whoever holds a lock in PostgreSQL, and for as long as its connection lives.

The lock belongs to a transaction that stays open, not to a session. PgBouncer in transaction mode keeps one server's
connection for an open transaction, so this needs no way around it; and an idle transaction that has written nothing
holds up no vacuum (READ COMMITTED keeps no snapshot between statements).

Before every single tick the leader asks on that connection whether it still lives. When it died, PostgreSQL has given
the lock to another. What a leader sent when is remembered in Redis, so that who takes over (or comes back after a
deploy) goes on where the other stopped; without it, it begins as if just started.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from redis import Redis, RedisError

from events.redis_servers import client

LOCK = 0x6265_6174  # "beat"
LOOK_EVERY = 1.0
SENT_AT = "helpdesk:beat-sent-at"
# Both ends notice within some ten seconds that a machine went away without a word.
_NOTICE = {"keepalives_idle": 3, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 8000}
_STAY = """
SELECT set_config(name, value, true) FROM (VALUES ('idle_in_transaction_session_timeout', '0'),
    ('transaction_timeout', '0'), ('tcp_keepalives_idle', '3'), ('tcp_keepalives_interval', '2'),
    ('tcp_keepalives_count', '3')) AS wanted (name, value)
WHERE name IN (SELECT name FROM pg_settings)
"""
log = logging.getLogger(__name__)


class Lead:
    """The lock, on a connection of its own that nobody else uses or closes."""

    def __init__(self) -> None:
        self._line: BaseDatabaseWrapper | None = None
        self._held = False

    def holds(self) -> bool:
        """Whether we are the one, as PostgreSQL said just now; takes the lock when nobody has it."""
        try:
            self._held = self._still_has_it() if self._held else self._take()
        except Error as error:
            if self._held:
                log.warning("beat lost its lock", extra={"error": type(error).__name__})
            self.let_go()
        return self._held

    def _still_has_it(self) -> bool:
        assert self._line
        with self._line.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True

    def _take(self) -> bool:
        self._line = self._line or _line()
        with self._line.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if cursor.fetchone()[0]:
                cursor.execute(_STAY)
                return True
        self._line.rollback()
        return False

    def let_go(self) -> None:
        if self._line is not None:
            with suppress(Error):
                self._line.close()
        self._line, self._held = None, False


def _line() -> BaseDatabaseWrapper:
    """A connection whose transactions are ended by nobody but us."""
    line = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {**line.settings_dict["OPTIONS"], **_NOTICE, "application_name": "beat"}
    line.settings_dict = {**line.settings_dict, "OPTIONS": options, "CONN_HEALTH_CHECKS": False}
    line.set_autocommit(False)
    return line


class LeadingScheduler(Scheduler):
    """Celery's scheduler in memory, which ticks while it leads."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.lead = Lead()
        self.leads = False
        super().__init__(*arguments, **named)

    def tick(self, *arguments: Any, **named: Any) -> float:
        """Send at most one job that is due; the seconds until the next look."""
        led, self.leads = self.leads, self.lead.holds()
        if led != self.leads:
            log.info("beat leads" if self.leads else "beat leads no more")
        if not self.leads:
            return LOOK_EVERY
        if not led:
            self._take_up()
        return min(float(super().tick(*arguments, **named)), LOOK_EVERY)

    def _take_up(self) -> None:
        """Go on where the last leader stopped, whoever it was."""
        now, known = self.app.now(), _sent_at()
        for name, entry in self.schedule.items():
            entry.last_run_at = min(known.get(name, now), now)
        self._heap = None

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **named: Any) -> Any:
        # Noted first: killed in between it comes an interval later, and not twice within one.
        with suppress(RedisError, OSError):
            _memory().hset(SENT_AT, entry.name, str(time.time()))
        return super().apply_async(entry, producer=producer, advance=advance, **named)

    def close(self) -> None:
        self.lead.let_go()
        super().close()


def _sent_at() -> dict[str, datetime]:
    """When each entry was last sent by anybody; empty while Redis is away or knows nothing."""
    found: dict[Any, Any] = {}
    with suppress(RedisError, OSError):
        found = _memory().hgetall(SENT_AT)
    return {name.decode(): datetime.fromtimestamp(float(moment), UTC) for name, moment in found.items()}


@cache
def _memory() -> Redis:
    return client(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)
