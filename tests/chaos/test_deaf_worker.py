"""Redis falls while every process of a worker is busy: what they did cannot be acknowledged. The worker must not wait
for ever with its hands full."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from celery import Celery

from events.redis_servers import client
from helpdesk.ack_watch import LOOK_EVERY, AckWatch
from helpdesk.celery import app
from helpdesk.runtime import commands
from helpdesk.runtime.processes import end, spawn
from helpdesk.runtime.services import Services, kept_secrets
from helpdesk.runtime.up import heartbeat_age

pytestmark = pytest.mark.kill


class Work:
    """A worker with one process, on servers of its own."""

    def __init__(self, place: Path, *, more: Sequence[str] = ()) -> None:
        self.place, self.more = place, more
        self.services = Services(place / "data", durable=False)

    def start(self) -> None:
        self.services.start()
        environment = {
            "PATH": os.environ["PATH"], **self.services.addresses, "HELPDESK_DATA_DIR": str(self.services.data_dir),
            "HELPDESK_SECRET_KEY": kept_secrets(self.services.data_dir)["secret_key"], "HELPDESK_UNSAFE_DATABASE": "1",
        }  # fmt: skip
        child = commands.worker(processes=1, with_beat=False, queues="critical")
        with (self.place / "worker.log").open("wb") as log:
            self.worker: Popen[bytes] = spawn(
                [sys.executable, *child.command[1:], *self.more],
                log=log,
                env={**environment, **child.environment},
                cwd=commands.ROOT,
            )

    def send(self, *, in_seconds: float | None = None) -> None:
        with Celery(broker=self.services.addresses["REDIS_URL"]) as other:
            other.send_task("helpdesk.tasks.heartbeat", queue="critical", ignore_result=True, countdown=in_seconds)

    def age(self) -> float | None:
        return heartbeat_age(self.services.addresses["REDIS_URL"])

    def busy(self) -> psutil.Process:
        [process] = psutil.Process(self.worker.pid).children()
        return process

    def stop(self) -> None:
        end(self.worker, patience=20)
        self.services.stop()


@pytest.fixture
def work(place: Path) -> Iterator[Work]:
    work = Work(place)
    try:
        work.start()
        yield work
    finally:
        work.stop()


def test_redis_falls_while_all_are_busy_and_the_worker_works_on(work: Work) -> None:
    redis = work.services.redis
    assert redis
    _wait(lambda: work.age() is not None)
    child = work.busy()
    child.suspend()
    work.send()
    _wait(lambda: b"unacked" in _keys(work))  # the worker has it, its process cannot begin

    assert redis.process
    redis.process.kill()
    redis.process.wait()
    child.resume()
    log = work.place / "worker.log"
    _wait(lambda: "Couldn't ack" in log.read_text())
    redis.start()
    before = time.time()

    work.send()
    _wait(lambda: (age := work.age()) is not None and time.time() - age > before)
    assert "connects anew" in log.read_text()


def test_a_job_that_is_put_off_is_no_lost_one(work: Work) -> None:
    """A mail that is tried again in some minutes: the worker holds it, and nobody works on it."""
    _wait(lambda: work.age() is not None)
    before = time.time()
    work.send(in_seconds=2.5 * LOOK_EVERY)
    _wait(lambda: (age := work.age()) is not None and time.time() - age > before)
    assert time.time() - before > 2 * LOOK_EVERY
    assert "connects anew" not in (work.place / "worker.log").read_text()


def _keys(work: Work) -> set[bytes]:
    with client(work.services.addresses["REDIS_URL"]) as asked:
        return set(asked.keys("*"))


def _wait(until: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)


def test_every_worker_watches() -> None:
    assert AckWatch in app.steps["worker"]
