"""Celery shells: what shops told, and files on their way in."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from commerce.draining import drain_shop_deliveries
from commerce.importing import run_due_imports
from events import doorbell

BEAT_SCHEDULE = {
    "read what shops told": {"task": "commerce.tasks.drain_orders", "schedule": 10.0},
    "bring in files of orders": {
        "task": "commerce.tasks.import_orders",
        "schedule": 10.0,
        "options": {"queue": "bulk"},
    },
}


@shared_task(name="commerce.tasks.drain_orders", queue="default", ignore_result=True)
def drain_orders(**_: Any) -> None:
    """Read every delivery that waits."""
    doorbell.answered("orders")
    while drain_shop_deliveries():
        pass


@shared_task(name="commerce.tasks.import_orders", queue="bulk", ignore_result=True)
def import_orders(**_: Any) -> None:
    """Bring in the files that wait."""
    run_due_imports()
