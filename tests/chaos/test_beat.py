"""Two beats are started: one ticks. Killed, or cut off from PostgreSQL, the other goes on where it stopped; never both.

What was sent, by whom and when is read from the queue itself, since no worker takes anything from it here.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg
import pytest

from events.redis_servers import client
from helpdesk.beat_leader import LOCK, SENT_AT
from helpdesk.runtime import commands
from helpdesk.runtime.processes import end, spawn
from helpdesk.runtime.services import Services, kept_secrets
from tests.support import pgbouncer

pytestmark = pytest.mark.kill
QUEUES = ("critical", "default", "bulk")
HOLDER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s"


class Beats:
    """Beat processes as production starts them, and what they sent."""

    def __init__(self, place: Path, *, pooled: bool) -> None:
        self.place = place
        self.services = Services(place / "data", durable=False)
        self.pooled = pooled
        self.pool: pgbouncer.PgBouncer | None = None
        self.processes: dict[str, Popen[bytes]] = {}

    def start(self) -> None:
        self.services.start()
        assert self.services.postgres
        self.environment = {
            "PATH": os.environ["PATH"], **self.services.addresses, "HELPDESK_DATA_DIR": str(self.services.data_dir),
            "HELPDESK_SECRET_KEY": kept_secrets(self.services.data_dir)["secret_key"], "HELPDESK_UNSAFE_DATABASE": "1",
        }  # fmt: skip
        if self.pooled:
            self.pool = pgbouncer.PgBouncer(self.place / "pgbouncer", self.services.postgres)
            self.pool.start()
            self.environment |= {"DATABASE_URL": self.pool.url, "HELPDESK_PGBOUNCER": "1"}
        self.redis = client(self.services.addresses["REDIS_URL"], decode_responses=True)

    def add(self, name: str) -> None:
        with (self.place / f"{name}.log").open("wb") as log:
            self.processes[name] = spawn(
                [sys.executable, *commands.beat().command[1:]], log=log, env=self.environment, cwd=commands.ROOT
            )

    def sent(self) -> list[tuple[str, str, float]]:
        """(who, which entry, when) of everything sent, in its order."""
        names = {str(process.pid): name for name, process in self.processes.items()}
        found = []
        for queue in QUEUES:
            for raw in self.redis.lrange(queue, 0, -1):
                headers: dict[str, Any] = json.loads(raw)["headers"]
                who = names[headers["origin"].removeprefix("gen").partition("@")[0]]
                of = json.loads(raw)["headers"].get("kwargsrepr", "")
                late = datetime.fromisoformat(headers["expires"]).timestamp()
                found.append((who, f"{headers['task']} {of}", late))
        return sorted(found, key=lambda one: one[2])

    def by(self, name: str) -> int:
        return sum(who == name for who, _, _ in self.sent())

    def holder(self) -> int:
        """The process of PostgreSQL that holds the lock, 0 for none."""
        assert self.services.postgres
        with psycopg.connect(self.services.postgres.url_for("helpdesk", "postgres")) as database:
            found = database.execute(HOLDER, [LOCK]).fetchone()
        return found[0] if found else 0

    def cut_off_the_leader(self) -> None:
        assert self.services.postgres
        with psycopg.connect(self.services.postgres.url_for("helpdesk", "postgres"), autocommit=True) as database:
            assert database.execute("SELECT pg_terminate_backend(%s)", [self.holder()]).fetchone() == (True,)

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                end(process)
        if self.pool:
            self.pool.stop()
        self.services.stop()


@pytest.fixture(params=["direct", "pooled"])
def beats(place: Path, request: pytest.FixtureRequest) -> Iterator[Beats]:
    if request.param == "pooled" and not pgbouncer.PROGRAM:
        pytest.skip("PgBouncer is not installed: beats behind it were not tried (apt-get install pgbouncer)")
    beats = Beats(place, pooled=request.param == "pooled")
    try:
        beats.start()
        yield beats
    finally:
        beats.stop()


def test_of_two_beats_one_ticks_and_the_other_takes_over(beats: Beats) -> None:
    beats.add("first")
    _wait(lambda: beats.by("first") > 10)
    beats.add("second")
    reached = beats.by("first")
    _wait(lambda: beats.by("first") > reached + 30)
    assert beats.by("second") == 0

    beats.processes["first"].kill()
    _wait(lambda: beats.by("second") > 10)

    beats.add("third")
    reached = beats.by("second")
    _wait(lambda: beats.by("second") > reached + 30)
    assert beats.by("third") == 0
    before = beats.holder()
    beats.cut_off_the_leader()
    _wait(lambda: beats.holder() not in (0, before))
    reached = len(beats.sent())
    _wait(lambda: len(beats.sent()) > reached + 20)

    _only_one_at_a_time(beats)


def test_a_leader_that_ends_hands_over_and_a_new_one_goes_on_where_it_stopped(beats: Beats) -> None:
    """A deploy every few minutes must not keep back what is due once an hour."""
    hourly = "tickets: sweep unused uploads"
    beats.redis.hset(SENT_AT, hourly, str(time.time() - 3590))
    beats.add("first")
    _wait(lambda: beats.by("first") > 10)
    end(beats.processes["first"])
    assert beats.holder() == 0
    beats.add("second")
    _wait(lambda: any(task.startswith("tickets.tasks.sweep_orphans") for _, task, _ in beats.sent()))
    _only_one_at_a_time(beats)


def _only_one_at_a_time(beats: Beats) -> None:
    """Each entry was sent at its own pace, whoever sent it: twice within an interval would be two beats at once."""
    moments: dict[str, list[float]] = {}
    for _, entry, at in beats.sent():
        moments.setdefault(entry, []).append(at)
    paces = _paces()
    close = {
        entry: round(min(later - earlier for earlier, later in itertools.pairwise(found)), 2)
        for entry, found in moments.items()
        if len(found) > 1
    }
    assert close
    assert {entry: gap for entry, gap in close.items() if gap < 0.8 * paces[entry.split()[0]]} == {}


def _paces() -> dict[str, float]:
    """Seconds between two jobs of a task; the shortest, where one has several entries."""
    from helpdesk.celery import app

    app.finalize()
    found: dict[str, float] = {}
    for entry in app.conf.beat_schedule.values():
        found[entry["task"]] = min(entry["schedule"], found.get(entry["task"], float("inf")))
    return found


def _wait(until: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.3)


def test_it_is_the_scheduler_that_the_processes_use() -> None:
    from helpdesk.beat_leader import LeadingScheduler
    from helpdesk.celery import app

    assert app.conf.beat_scheduler == f"{LeadingScheduler.__module__}:{LeadingScheduler.__qualname__}"
