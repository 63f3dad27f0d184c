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
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import queueing, signals, two_roles, web
from helpdesk.backup.history import backup_history
from helpdesk.doctor.given import pinned_versions
from helpdesk.doctor.lines import Problem, as_problem, fail, warn
from helpdesk.environment import ROOT
from helpdesk.reasons import retold
from helpdesk.runtime.faults import disk_is_full
from helpdesk.tasks import HEARTBEAT_STALE, heartbeat_age
from helpdesk.vitals import clock_drift
from privacy.marks import unmarked
from tickets.inbox.due import span
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
        said = ngettext("%(n)s migration is not applied.", "%(n)s migrations are not applied.", len(pending))
        yield fail(said % {"n": len(pending)}, _("Run `%(command)s`.") % {"command": "manage.py deploy"})
    if two_roles.open_books():
        yield warn(_("The application's role owns the audit: whoever has the application could change it."),
                   _("Let another role own the tables (`docs/operations.md`)."))  # fmt: skip
    if (drift := clock_drift()) > CLOCK_DRIFT:
        yield warn(_("This machine's clock and PostgreSQL's differ by %(seconds)s s.") % {"seconds": f"{drift:.0f}"},
                   _("Run NTP on both."))  # fmt: skip


def look_at_redis() -> Iterator[Problem]:
    found = [*run_checks(tags=[Tags.database], databases=["default"])]
    found += run_checks(tags=[Tags.security], include_deployment_checks=True)
    yield from (as_problem(message) for message in found if message.id in REDIS)


def look_at_queue() -> Iterator[Problem]:
    for name, wanted in QUEUE.items():
        if getattr(queueing, name) != wanted:
            yield fail(_("The queue's `%(name)s` is `%(value)r`.") % {"name": name, "value": getattr(queueing, name)},
                       _("It must be `%(wanted)r` or work is lost.") % {"wanted": wanted})  # fmt: skip
    transport: dict[str, Any] = queueing.broker_transport_options
    if transport["visibility_timeout"] <= 2 * queueing.task_time_limit:
        yield fail(_("A job that still runs may be handed out again."),
                   _("`visibility_timeout` must exceed twice `task_time_limit`."))  # fmt: skip
    age = heartbeat_age()
    if age is None or age > HEARTBEAT_STALE:
        idle = age is not None and _("No worker took a job for %(seconds)s s.") % {"seconds": f"{age:.0f}"}
        yield fail(idle or _("No worker ever took a job."), _("Start `worker` and `beat`; see their logs."))


def look_at_web() -> Iterator[Problem]:
    given = web.configuration("127.0.0.1", 0)
    if not given.timeout_graceful_shutdown or given.timeout_graceful_shutdown > 30:
        yield fail(_("A web process that is stopped may wait for ever."),
                   _("`timeout_graceful_shutdown` must be 30 or less."))  # fmt: skip
    if given.ws_max_size > 65_536 or not given.ws_ping_interval:
        yield fail(_("Sockets take frames of any size, or live for ever."),
                   _("Set `%(name)s` back.") % {"name": "ws_max_size`, `ws_ping_interval"})  # fmt: skip
    if hub.OLDEST_SOCKET > 12 * 3600:
        yield warn(
            _("Sockets are not closed after twelve hours."), _("Set `%(name)s` back.") % {"name": "OLDEST_SOCKET"}
        )


def look_at_backups() -> Iterator[Problem]:
    history = backup_history()
    nightly = _("Run `manage.py backup DIR --verify` each night (`docs/operations.md`).")
    if history.fault:
        yield fail(_("The last backup is no good: %(reason)s") % {"reason": retold(history.fault)},
                   _("See to its reason and make another."))  # fmt: skip
    if history.made_at is None:
        yield fail(_("There is no backup."), nightly)
    elif (age := timezone.now() - history.made_at) > DAY:
        yield fail(_("The last backup is %(age)s old.") % {"age": span(age)}, nightly)
    if lost := len(unmarked()):
        said = ngettext("%(n)s erasure would be forgotten with a restored backup.",
                        "%(n)s erasures would be forgotten with a restored backup.", lost)  # fmt: skip
        yield warn(said % {"n": lost}, _("Run `%(command)s`.") % {"command": "manage.py replay_erasures"})


def look_at_drills() -> Iterator[Problem]:
    proven = backup_history().verified_at
    if proven is None or timezone.now() - proven > MONTH:
        yield warn(_("No backup was shown to restore within the last 31 days."),
                   _("Run `%(command)s`.") % {"command": "manage.py restore DIR --verify"})  # fmt: skip


def look_at_machine() -> Iterator[Problem]:
    if disk_is_full(settings.DATA_DIR):
        left = {"place": settings.DATA_DIR, "size": shutil.disk_usage(settings.DATA_DIR).free // 2**20}
        yield fail(_("The disk of `%(place)s` has %(size)s MiB left: mail is refused.") % left,
                   _("Free some space there."))  # fmt: skip
    if settings.DATA_DIR.stat().st_mode & 0o006 and not settings.PRODUCTION and _holds_secrets():
        place = {"place": settings.DATA_DIR}
        yield warn(_("Everybody on this machine may look into `%(place)s`.") % place,
                   _("Run `%(command)s`.") % {"command": f"chmod o-rw {settings.DATA_DIR}"})  # fmt: skip
    if settings.PRODUCTION:
        yield from _about_its_powers()


def _about_its_powers() -> Iterator[Problem]:
    if os.geteuid() == 0:
        yield fail(_("This process runs as `root`."), _("Run it as a user of its own; the image does."))
    if not any(mark.exists() for mark in CONTAINER_MARKS):
        return
    if os.access("/", os.W_OK):
        yield warn(_("The container's root can be written to."), _as_compose("read_only: true"))
    if _capabilities():
        yield warn(_("The container has capabilities."), _as_compose("cap_drop: [ALL]"))
    if CGROUP_LIMIT.exists() and CGROUP_LIMIT.read_text().strip() == "max":
        yield warn(_("The container's memory is not limited."), _("Set a limit, as `docker-compose.yml` does."))


def _as_compose(setting: str) -> str:
    return _("Set `%(setting)s`, as `docker-compose.yml` does.") % {"setting": setting}


def look_at_dependencies() -> Iterator[Problem]:
    pinned = pinned_versions()
    if not pinned:
        yield fail(_("No lock of dependencies came with this program."), _("Deploy `requirements/base.txt` with it."))
    wrong = sorted(f"{name} {found}" for name, version in pinned.items() if (found := _installed(name)) != version)
    if wrong:
        yield fail(
            _("Installed and not as locked: `%(packages)s`.") % {"packages": ", ".join(wrong[:5])},
            _("Run `%(command)s`.") % {"command": "pip install --require-hashes -r requirements/base.txt"},
        )
    if not (ROOT / "SECURITY.md").exists():
        yield warn(_("Nobody is told where to report a hole."), _("Keep `SECURITY.md`."))


def look_at_alarms() -> Iterator[Problem]:
    if not settings.METRICS_TOKEN:
        yield warn(_("No other machine may read `/metrics`."),
                   _("Set `%(name)s`.") % {"name": "HELPDESK_METRICS_TOKEN"})  # fmt: skip
    elif len(settings.METRICS_TOKEN) < 20:
        yield fail(_("The token of `/metrics` can be guessed."),
                   _("Set `HELPDESK_METRICS_TOKEN` to 20 random characters or more."))  # fmt: skip
    scraped = cache.get(signals.READ_AT)
    if scraped is None or time.time() - scraped > 600:
        yield warn(
            _("Nobody read `/metrics` within the last ten minutes: no alarm would ring."),
            _("Have Prometheus read it (`deploy/prometheus.yml`) with the rules of `deploy/alerts.yml`."),
        )


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
