"""Bringing the database up to date beside a helpdesk that works."""

from __future__ import annotations

import time

from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

TRIES = 10
PAUSE_SECONDS = 2.0


def migrate_patiently(*, verbosity: int = 0) -> None:
    """Migrate; where others hold a lock for longer than `lock_timeout`, let go and try again.

    Waiting for a lock without end would stop everybody who queues behind us. Each migration is a transaction, so a
    second run goes on where the first gave up. Building an index may take its time.
    """
    for attempt in range(1, TRIES + 1):
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        try:
            call_command("migrate", interactive=False, verbosity=verbosity)
        except OperationalError as error:
            if attempt == TRIES or not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
        finally:
            connection.close()
