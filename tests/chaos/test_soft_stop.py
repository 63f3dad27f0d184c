"""A worker that is asked to end: it waits for its jobs, but no longer than they take, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.worker import state

from helpdesk.celery import app
from helpdesk.runtime.processes import end
from helpdesk.soft_stop import Worker
from tests.chaos.test_deaf_worker import Work, _wait


@pytest.fixture
def work(place: Path) -> Iterator[Work]:
    work = Work(place, more=("-I", "tests.chaos.slow_jobs"))
    try:
        work.start()
        _wait(lambda: work.age() is not None)
        yield work
    finally:
        work.stop()


@pytest.mark.kill
def test_it_ends_as_soon_as_its_job_has(work: Work) -> None:
    with Celery(broker=work.services.addresses["REDIS_URL"]) as other:
        other.send_task("tests.slow_job", (str(work.place), 4.0), queue="critical", ignore_result=True)
    _wait((work.place / "begun").exists)
    time.sleep(1)  # its process has told by now that it began
    asked = time.monotonic()
    end(work.worker, patience=29)  # as a supervisor asks; of its thirty seconds it needs a few
    assert (work.place / "done").exists()
    assert time.monotonic() - asked < 20
    assert work.worker.returncode is not None and work.worker.returncode >= 0, "it was not killed"


def ending(monkeypatch: pytest.MonkeyPatch, *, seconds: float, jobs: set[Any]) -> Any:
    worker = Worker.__new__(Worker)
    worker.app = SimpleNamespace(conf=SimpleNamespace(worker_soft_shutdown_timeout=seconds))
    monkeypatch.setattr(state, "active_requests", jobs)
    return worker


def test_a_job_without_an_end_holds_it_up_for_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = ending(monkeypatch, seconds=0.3, jobs={"one"})
    monkeypatch.setattr(Worker, "somebody_works", lambda self: True)
    began = time.monotonic()
    worker.wait_for_soft_shutdown()
    assert 0.3 <= time.monotonic() - began < 10


def test_an_idle_one_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = ending(monkeypatch, seconds=60, jobs=set())
    began = time.monotonic()
    worker.wait_for_soft_shutdown()
    assert time.monotonic() - began < 10


def test_every_worker_is_one_of_these() -> None:
    assert issubclass(app.Worker, Worker)
