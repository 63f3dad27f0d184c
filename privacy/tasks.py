"""Celery shells: rows are the truth, a bell or a tick only looks."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from events import doorbell

from .erasing import work_erasures

BEAT_SCHEDULE = {"erase customers": {"task": "privacy.tasks.erase_customers", "schedule": 60.0}}


@shared_task(name="privacy.tasks.erase_customers", queue="bulk", ignore_result=True)
def erase_customers(**_: Any) -> None:
    doorbell.answered("privacy")
    work_erasures()
