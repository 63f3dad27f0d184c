"""Celery shells: rows are the truth, a bell or a tick only looks."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from events import doorbell

from .erasing import work_erasures
from .exporting import sweep_exports, work_exports
from .retention import work_retention

BEAT_SCHEDULE = {
    "erase and export customers": {"task": "privacy.tasks.work", "schedule": 10.0},
    "retention": {"task": "privacy.tasks.retain", "schedule": 600.0},
    "sweep exports": {"task": "privacy.tasks.sweep", "schedule": 3600.0},
}


@shared_task(name="privacy.tasks.work", queue="bulk", ignore_result=True)
def work(**_: Any) -> None:
    doorbell.answered("privacy")
    work_erasures()
    work_exports()


@shared_task(name="privacy.tasks.sweep", queue="bulk", ignore_result=True)
def sweep(**_: Any) -> None:
    sweep_exports()


@shared_task(name="privacy.tasks.retain", queue="bulk", ignore_result=True)
def retain(**_: Any) -> None:
    work_retention()
