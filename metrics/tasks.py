"""Celery shells: promises and questions that are due, rules that changed. Rows are the truth; beat only looks."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from events import doorbell

from .clocks.replan import replan_all
from .clocks.sweep import sweep
from .surveys.asking import ask_due

MAX_BATCHES = 200

BEAT_SCHEDULE = {
    "tell of deadlines": {"task": "metrics.tasks.sweep_clocks", "schedule": 1.0, "options": {"queue": "critical"}},
    "plan clocks of old rules anew": {"task": "metrics.tasks.replan_clocks", "schedule": 10.0},
    "ask customers": {"task": "metrics.tasks.ask_customers", "schedule": 5.0},
}


@shared_task(name="metrics.tasks.sweep_clocks", queue="critical", ignore_result=True)
def sweep_clocks(**_: Any) -> None:
    """Tell of every deadline and warning whose moment has come."""
    for _batch in range(MAX_BATCHES):
        if not sweep():
            return


@shared_task(name="metrics.tasks.replan_clocks", queue="bulk", ignore_result=True)
def replan_clocks(**_: Any) -> None:
    """Bring open clocks to the rules in force; rung after an edit, and looked for in case that was lost."""
    doorbell.answered("replan")
    while replan_all():
        pass


@shared_task(name="metrics.tasks.ask_customers", queue="default", ignore_result=True)
def ask_customers(**_: Any) -> None:
    """Send every question whose moment has come."""
    ask_due()
