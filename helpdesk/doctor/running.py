"""Lines about what runs: PostgreSQL, Redis, the queue, web, backups, this machine."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.checks import Tags, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from helpdesk import queueing, signals, web
from helpdesk.backup.history import backup_history
from helpdesk.doctor.given import pinned_versions
from helpdesk.doctor.lines import Problem, as_problem, fail, warn
from helpdesk.environment import ROOT
from helpdesk.runtime.faults import disk_is_full
from helpdesk.tasks import HEARTBEAT_STALE, heartbeat_age
from helpdesk.vitals import clock_drift
from tickets.live import hub

POSTGRESQL = ("helpdesk.E011", "helpdesk.E012", "helpdesk.W011", "helpdesk.W012", "helpdesk.W013", "helpdesk.W014")
REDIS = ("helpdesk.E003", "helpdesk.I003", "helpdesk.E021", "helpdesk.W020", "helpdesk.W021", "helpdesk.W022")
QUEUE = {
    "task_acks_late": True, "task_reject_on_worker_lost": True, "task_ignore_result": True, "task_serializer": "json",
    "worker_prefetch_multiplier": 1, "worker_cancel_long_running_tasks_on_connection_loss": True,
    "broker_connection_max_retries": None, "task_publish_retry": False,
}  # fmt: skip
CLOCK_DRIFT = 2.0
DAY = timedelta(hours=26)  # a nightly backup may take its time
MONTH = timedelta(days=31)
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def look_at_postgresql() -> Iterator[Problem]:
    found = run_checks(tags=[Tags.database], databases=["default"])
    yield from (as_problem(message) for message in found if message.id in POSTGRESQL)
    executor = MigrationExecutor(connection)
    if pending := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield fail(f"{len(pending)} migrations are not applied.", "Run `manage.py deploy`.")
    if (drift := clock_drift()) > CLOCK_DRIFT:
        yield warn(f"This machine's clock and PostgreSQL's differ by {drift:.0f} s.", "Run NTP on both.")


def look_at_redis() -> Iterator[Problem]:
    found = [*run_checks(tags=[Tags.database], databases=["default"])]
    found += run_checks(tags=[Tags.security], include_deployment_checks=True)
    yield from (as_problem(message) for message in found if message.id in REDIS)


def look_at_queue() -> Iterator[Problem]:
    for name, wanted in QUEUE.items():
        if getattr(queueing, name) != wanted:
            yield fail(f"The queue's {name} is {getattr(queueing, name)!r}.", f"It must be {wanted!r} or work is lost.")
    transport: dict[str, Any] = queueing.broker_transport_options
    if transport["visibility_timeout"] <= 2 * queueing.task_time_limit:
        yield fail(
            "A job that still runs may be handed out again.", "visibility_timeout must exceed 2 x task_time_limit."
        )
    age = heartbeat_age()
    if age is None or age > HEARTBEAT_STALE:
        said = "No worker ever took a job." if age is None else f"No worker took a job for {age:.0f} s."
        yield fail(said, "Start worker and beat; see their logs.")


def look_at_web() -> Iterator[Problem]:
    given = web.configuration("127.0.0.1", 0)
    if not given.timeout_graceful_shutdown or given.timeout_graceful_shutdown > 30:
        yield fail("A web process that is stopped may wait for ever.", "timeout_graceful_shutdown must be 30 or less.")
    if given.ws_max_size > 65_536 or not given.ws_ping_interval:
        yield fail("Sockets take frames of any size, or live for ever.", "Set ws_max_size and ws_ping_interval back.")
    if hub.OLDEST_SOCKET > 12 * 3600:
        yield warn("Sockets are not closed after twelve hours.", "Set OLDEST_SOCKET back.")


def look_at_backups() -> Iterator[Problem]:
    history = backup_history()
    nightly = "Run `manage.py backup DIR --verify` each night (docs/operations.md)."
    if history.fault:
        yield fail(f"The last backup is no good: {history.fault}", "See to its reason and make another.")
    if history.made_at is None:
        yield fail("There is no backup.", nightly)
    elif (age := timezone.now() - history.made_at) > DAY:
        yield fail(f"The last backup is {age.days} days and {age.seconds // 3600} hours old.", nightly)


def look_at_drills() -> Iterator[Problem]:
    proven = backup_history().verified_at
    if proven is None or timezone.now() - proven > MONTH:
        yield warn("No backup was shown to restore within the last 31 days.", "Run `manage.py restore DIR --verify`.")


def look_at_machine() -> Iterator[Problem]:
    if disk_is_full(settings.DATA_DIR):
        free = shutil.disk_usage(settings.DATA_DIR).free // 2**20
        yield fail(f"The disk of {settings.DATA_DIR} has {free} MiB left: mail is refused.", "Free some space there.")
    if settings.DATA_DIR.stat().st_mode & 0o006 and not settings.PRODUCTION and _holds_secrets():
        yield warn(f"Everybody on this machine may look into {settings.DATA_DIR}.", "chmod o-rw it.")
    if not settings.PRODUCTION:
        return
    if os.geteuid() == 0:
        yield fail("This process runs as root.", "Run it as a user of its own; the image does.")
    if not any(mark.exists() for mark in CONTAINER_MARKS):
        return
    if os.access("/", os.W_OK):
        yield warn("The container's root can be written to.", "Set read_only: true, as docker-compose.yml does.")
    if _capabilities():
        yield warn("The container has capabilities.", "Set cap_drop: [ALL], as docker-compose.yml does.")
    if CGROUP_LIMIT.exists() and CGROUP_LIMIT.read_text().strip() == "max":
        yield warn("The container's memory is not limited.", "Set a limit, as docker-compose.yml does.")


def look_at_dependencies() -> Iterator[Problem]:
    pinned = pinned_versions()
    if not pinned:
        yield fail("No lock of dependencies came with this program.", "Deploy requirements/base.txt with it.")
    wrong = sorted(f"{name} {found}" for name, version in pinned.items() if (found := _installed(name)) != version)
    if wrong:
        yield fail(f"Installed and not as locked: {', '.join(wrong[:5])}.",
                   "pip install --require-hashes -r requirements/base.txt")  # fmt: skip
    if not (ROOT / "SECURITY.md").exists():
        yield warn("Nobody is told where to report a hole.", "Keep SECURITY.md.")


def look_at_alarms() -> Iterator[Problem]:
    if not settings.METRICS_TOKEN:
        yield warn("No other machine may read /metrics.", "Set HELPDESK_METRICS_TOKEN.")
    elif len(settings.METRICS_TOKEN) < 20:
        yield fail(
            "The token of /metrics can be guessed.", "Set HELPDESK_METRICS_TOKEN to 20 random characters or more."
        )
    scraped = cache.get(signals.READ_AT)
    if scraped is None or time.time() - scraped > 600:
        yield warn("Nobody read /metrics within the last ten minutes: no alarm would ring.",
                   "Have Prometheus read it (deploy/prometheus.yml) with the rules of deploy/alerts.yml.")  # fmt: skip


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _holds_secrets() -> bool:
    return any((settings.DATA_DIR / name).exists() for name in ("secrets.json", "services.json"))


def _capabilities() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16) != 0
    return False
