"""Figures about the house itself: late timers, backups, clocks, disk, sockets and what was lost on the way to them."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

from events import replica
from helpdesk import durability
from helpdesk.backup.history import backup_history
from livechat.live.hub import open_lines
from metrics.models import Clock
from tickets.live.hub import open_sockets, resyncs
from tickets.models import Reminder, Ticket

Sample = tuple[str, dict[str, str], float]
PROBE_SECONDS = 2.0


def timers(now: datetime) -> Iterator[Sample]:
    """Moments that are over and of which nobody was told: a tick that is late, whatever stopped it."""
    late = {
        "deadlines": Clock.objects.filter(next_at__lte=now).order_by("next_at").values_list("next_at", flat=True),
        "snoozes": Ticket.objects.filter(snoozed_until__lte=now).order_by("snoozed_until").values_list(
            "snoozed_until", flat=True),
        "reminders": Reminder.objects.filter(fired_at=None, at__lte=now).order_by("at").values_list("at", flat=True),
    }  # fmt: skip
    for what, moments in late.items():
        oldest = moments.first()
        yield "helpdesk_oldest_waiting_seconds", {"what": what}, (now - oldest).total_seconds() if oldest else 0.0


def of_the_database() -> Iterator[Sample]:
    yield "helpdesk_durable", {}, float(not durability.database_faults())
    history, now = backup_history(), timezone.now()
    if history.made_at:
        yield "helpdesk_backup_age_seconds", {}, (now - history.made_at).total_seconds()
    if history.verified_at:
        yield "helpdesk_backup_verified_age_seconds", {}, (now - history.verified_at).total_seconds()
    yield "helpdesk_backup_good", {}, float(not history.fault)
    yield "helpdesk_clock_drift_seconds", {}, clock_drift()


def of_the_replica() -> Iterator[Sample]:
    if replica.configured():
        behind = replica.lag()
        yield "helpdesk_replica_up", {}, float(behind is not None)
        if behind is not None:
            yield "helpdesk_replica_lag_seconds", {}, behind


def clock_drift() -> float:
    """Seconds between this machine's clock and PostgreSQL's."""
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
    # Somewhere between asking and hearing it was said; only what lies outside is drift.
    return max(0.0, before - theirs, theirs - time.time())


def probe_listener() -> str:
    """`ok` when the mail listener greets like a mail server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.SMTP_HOST, settings.SMTP_HOST)  # noqa: S104
    try:
        with socket.create_connection((host, settings.SMTP_PORT), timeout=PROBE_SECONDS) as listener:
            greeting = listener.recv(512)
            listener.sendall(b"QUIT\r\n")
    except OSError:
        return "no answer"
    return "ok" if greeting.startswith(b"220") else "refuses"


def of_this_process() -> Iterator[Sample]:
    usage = shutil.disk_usage(settings.DATA_DIR)
    yield "helpdesk_disk_free_ratio", {}, round(usage.free / usage.total, 4)
    yield "helpdesk_sockets", {"of": "agents"}, open_sockets()
    yield "helpdesk_sockets", {"of": "visitors"}, open_lines()
    for reason, times in sorted({"lost": 0, "flood": 0, "gap": 0, **resyncs}.items()):
        yield "helpdesk_live_resyncs_total", {"reason": reason}, times
