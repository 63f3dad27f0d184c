"""Jobs for a worker that is asked to end while it has one: `celery worker -I tests.chaos.slow_jobs`."""

from __future__ import annotations

import time
from pathlib import Path

from helpdesk.celery import app


@app.task(name="tests.slow_job")
def slow_job(place: str, seconds: float) -> None:
    """Leaves `begun`, takes its time, and leaves `done`."""
    Path(place, "begun").touch()
    time.sleep(seconds)
    Path(place, "done").touch()
