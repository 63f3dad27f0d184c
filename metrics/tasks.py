"""Celery shells: promises and questions that are due, rules that changed. Rows are the truth; beat only looks."""

from __future__ import annotations

import time
from typing import Any

from celery import shared_task
from django.utils import timezone

from events import doorbell

from .clocks.replan import replan_all, replan_changed_customers
from .clocks.sweep import sweep
from .counting import count_days
from .mailing.sending import plan_due, send_due
from .returning import keep_fresh
from .surveys.asking import ask_due
from .topic_alerts import tell_of_spikes
from .webhooks import send_calls

MAX_BATCHES = 200
COUNTING_SECONDS = 60.0

BEAT_SCHEDULE = {
    "tell of deadlines": {"task": "metrics.tasks.sweep_clocks", "schedule": 1.0, "options": {"queue": "critical"}},
    "plan clocks of old rules anew": {"task": "metrics.tasks.replan_clocks", "schedule": 10.0},
    "count days": {"task": "metrics.tasks.count_reports", "schedule": 10.0, "options": {"queue": "bulk"}},
    "mail reports": {"task": "metrics.tasks.mail_reports", "schedule": 30.0, "options": {"queue": "bulk"}},
    "tell of topics": {"task": "metrics.tasks.tell_of_topics", "schedule": 300.0, "options": {"queue": "bulk"}},
    "answer again": {"task": "metrics.tasks.answer_again", "schedule": 10.0, "options": {"queue": "bulk"}},
    "call other systems": {"task": "metrics.tasks.call_webhooks", "schedule": 2.0},
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
    """Bring open clocks to the rules in force, rung after an edit, and looked for in case that was lost; and to what
    customers are by now."""
    doorbell.answered("replan")
    while replan_all():
        pass
    replan_changed_customers()


@shared_task(name="metrics.tasks.count_reports", queue="bulk", ignore_result=True)
def count_reports(**_: Any) -> None:
    """Count days that are over or have changed; a month a transaction, so that others of the queue get through."""
    until = time.monotonic() + COUNTING_SECONDS
    while count_days(timezone.now()) and time.monotonic() < until:
        pass


@shared_task(name="metrics.tasks.mail_reports", queue="bulk", ignore_result=True)
def mail_reports(**_: Any) -> None:
    """Send the reports that are due, and those still waiting."""
    now = timezone.now()
    plan_due(now)
    send_due(now)


@shared_task(name="metrics.tasks.tell_of_topics", queue="bulk", ignore_result=True)
def tell_of_topics(**_: Any) -> None:
    """Tell those who read reports of what rises beyond chance."""
    tell_of_spikes(timezone.now())


@shared_task(name="metrics.tasks.answer_again", queue="bulk", ignore_result=True)
def answer_again(**_: Any) -> None:
    """Keep fresh what readers of reports ask over all orders."""
    keep_fresh(timezone.now())


@shared_task(name="metrics.tasks.call_webhooks", queue="default", ignore_result=True)
def call_webhooks(**_: Any) -> None:
    """Tell other systems of deadlines; what they did not take is tried again later."""
    while send_calls(at=timezone.now()):
        pass


@shared_task(name="metrics.tasks.ask_customers", queue="default", ignore_result=True)
def ask_customers(**_: Any) -> None:
    """Send every question whose moment has come."""
    ask_due()
